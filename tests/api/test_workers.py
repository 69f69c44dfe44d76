"""Workers and weights over HTTP: what the slots said, and orders that they take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from storage.commands import CommandStore, Pull
from storage.slots import SlotFacts, SlotState, SlotStore
from tests.api.site import Site, serving

FACTS = SlotFacts("cpu-1", ["cpu"], "host-a", 11, "cpu", 2)


def model(site: Site, name: str = "silero-vad") -> dict[str, Any]:
    return dict(site.http.get(f"/v1/models/{name}").json())


def test_workers_are_listed_with_their_steps(site: Site) -> None:
    SlotStore(site.database).beat(FACTS, SlotState(("tone",), (), "AMD EPYC", 120, 16_000, 4000))
    claim = site.claim(site.submit()["id"])
    listed = site.http.get("/v1/workers").json()
    assert (listed["object"], listed["next"]) == ("list", None)
    workers = {worker["id"]: worker for worker in listed["data"]}
    assert list(workers) == sorted(workers) == ["cpu-1", "io-1", "webhook-1"]
    first = workers["cpu-1"]
    assert first["memory"] == {"used_mb": 120, "total_mb": 16_000, "budget_mb": 4000}
    assert (first["loaded_models"], first["device_name"], first["alive"]) == (["tone"], "AMD EPYC", True)
    assert (first["step"]["job_id"], first["step"]["model"]) == (claim.work.job_id, "tone")
    assert workers["io-1"]["step"] is None


def test_a_model_says_where_its_weights_are_and_who_has_it_loaded(site: Site) -> None:
    assert model(site)["weights"] == {"needed": True, "bytes": 2327524, "present": False, "hosts": [], "pull": None}
    slots = SlotStore(site.database)
    slots.beat(FACTS, SlotState(("silero-vad",), ("silero-vad",)))
    slots.beat(SlotFacts("cpu-2", ["cpu"], "host-b", 12, "cpu", 2), SlotState((), ("silero-vad", "campplus")))
    slots.beat(SlotFacts("gpu-1", ["gpu-nvidia"], "host-c", 13, "gpu-nvidia", 2), SlotState((), ("silero-vad",)))
    shown = model(site)
    assert (shown["weights"]["present"], shown["weights"]["hosts"]) == (True, ["host-a", "host-b"])
    assert shown["loaded_on"] == ["cpu-1"]
    listed = {item["id"]: item for item in site.http.get("/v1/models").json()["data"]}
    assert listed["silero-vad"] == shown
    assert listed["campplus"]["weights"]["hosts"] == ["host-b"]
    assert listed["tone"]["weights"] == {"needed": False, "bytes": 0, "present": True, "hosts": [], "pull": None}

    slots.leave("cpu-1")
    assert (model(site)["weights"]["hosts"], model(site)["loaded_on"]) == (["host-b"], [])


def test_a_pull_is_ordered_once_and_told(site: Site) -> None:
    answer = site.http.post("/v1/models/silero-vad/pull")
    assert answer.status_code == 202
    assert answer.headers["location"].endswith("/v1/models/silero-vad")
    order = answer.json()["weights"]["pull"]
    asked_at = order.pop("asked_at")
    assert order == {
        "status": "queued",
        "worker": None,
        "bytes": 0,
        "total_bytes": 2327524,
        "progress": 0.0,
        "error": None,
        "finished_at": None,
    }
    commands = CommandStore(site.database)
    pull = commands.take("silero-vad", "cpu-1")
    assert pull == Pull("silero-vad", 1)
    assert commands.advance(pull, 1_163_762, 2327524)
    again = site.http.post("/v1/models/silero-vad/pull").json()["weights"]["pull"]
    assert (again["status"], again["progress"], again["asked_at"]) == ("running", 0.5, asked_at)
    assert again["worker"] == "cpu-1"

    problem = {"type": "x", "title": "away", "status": 500, "detail": "no", "code": "weights_unavailable"}
    commands.end(pull, problem)
    ended = model(site)["weights"]["pull"]
    assert (ended["status"], ended["error"]) == ("failed", problem)
    assert ended["finished_at"] >= asked_at


def test_a_model_without_weights_needs_no_pull(site: Site) -> None:
    answer = site.http.post("/v1/models/tone/pull")
    assert (answer.status_code, answer.json()["weights"]["pull"]) == (202, None)


@pytest.mark.parametrize("name", ["none", "a%2Fb"])
def test_a_pull_of_an_unknown_model_is_refused(shared: Site, name: str) -> None:
    answer = shared.http.post(f"/v1/models/{name}/pull")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_pull_that_nobody_can_take_is_refused(database_url: str, tmp_path: Path) -> None:
    with serving(database_url, tmp_path) as site:
        site.beat("io", "webhook")
        SlotStore(site.database).beat(FACTS)
        SlotStore(site.database).leave("cpu-1")
        answer = site.http.post("/v1/models/silero-vad/pull")
        assert (answer.status_code, answer.json()["code"]) == (503, "no_worker")
        assert "queue cpu" in answer.json()["detail"]
        assert answer.headers["retry-after"] == "30"
        assert model(site)["weights"]["pull"] is None
