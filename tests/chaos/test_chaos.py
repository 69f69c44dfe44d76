"""Both deployments under load and blows for three quarters of a minute each; `make chaos` does it for longer.

The evidence of such a run, falsified in one place at a time, also shows that the checker would notice.
"""

from __future__ import annotations

import copy
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from chaos import report
from chaos.checker import check
from chaos.evidence import Evidence
from chaos.schedule import SORTS, STORM, schedule
from chaos.stacks import KINDS, Kind, scratch
from chaos.trial import Outcome, run

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.stack, pytest.mark.xdist_group("stack")]

_SEED, _SECONDS, _RATE = 4, 45.0, 4.0


@pytest.fixture(scope="module")
def lines() -> list[str]:
    return []


@pytest.fixture(scope="module")
def outcome(lines: list[str]) -> Iterator[Callable[[Kind], Outcome]]:
    """`outcome(kind)` is the run on that deployment, made at first use."""
    made: dict[Kind, Outcome] = {}

    def of(kind: Kind) -> Outcome:
        if kind not in made:
            with scratch() as folder:
                made[kind] = run(kind, folder, _SEED, _SECONDS, rate=_RATE, tell=lines.append)
        return made[kind]

    yield of
    made.clear()


@pytest.mark.services
@pytest.mark.timeout(420)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_lost(kind: Kind, outcome: Callable[[Kind], Outcome], lines: list[str]) -> None:
    came = outcome(kind)
    made = report.Run([came])
    found = report.figures(made, _SEED, {})
    said = report.broken(made)
    if said:
        report.show(made, found, Console(width=160))
    assert not said, "\n".join([*said, *lines])
    # A run that touched nothing would prove nothing.
    assert found["accepted"] > _SECONDS
    assert found["kills"] + found["freezes"] > 5
    assert found["repeated"] > 0
    assert found["webhooks_expected"] >= found["accepted"]


# ------------------------------------------------------------------------------------- the checker notices


def changed(row: Any, **values: Any) -> Any:
    """A row that says something else."""
    return SimpleNamespace(**{**row._mapping, **values})


def succeeded(seen: Evidence) -> str:
    """A job of several steps whose result can be said beforehand."""
    asks = seen.ask_of()
    return next(
        job_id
        for job_id, job in seen.jobs.items()
        if job.status == "succeeded" and job.steps > 1 and asks[job_id].expected and not asks[job_id].cancel_answers
    )


def set_job(**values: Any) -> Callable[[Evidence], None]:
    def falsify(seen: Evidence) -> None:
        job_id = succeeded(seen)
        seen.jobs[job_id] = changed(seen.jobs[job_id], **values)

    return falsify


def forget_job(seen: Evidence) -> None:
    del seen.jobs[succeeded(seen)]


def two_ids_for_a_key(seen: Evidence) -> None:
    seen.ask_of()[succeeded(seen)].ids.append("job_another")


def never_answered(seen: Evidence) -> None:
    seen.ask_of()[succeeded(seen)].ids.clear()


def lose_an_event(seen: Evidence) -> None:
    del seen.events[succeeded(seen)][1]


def end_twice(seen: Evidence) -> None:
    events = seen.events[succeeded(seen)]
    events.append(changed(events[-1], seq=len(events) + 1, position=10**9))


def give_a_position_twice(seen: Evidence) -> None:
    events = seen.events[succeeded(seen)]
    events[0] = changed(events[0], position=events[1].position)


def win_a_step_twice(seen: Evidence) -> None:
    attempts = seen.attempts[succeeded(seen)]
    attempts.append(changed(attempts[-1], fence=attempts[-1].fence + 1))


def leave_a_claim_without_end(seen: Evidence) -> None:
    seen.attempts[succeeded(seen)].pop()


def end_a_claim_twice(seen: Evidence) -> None:
    """As a late attempt would that nothing stops: the claim that was taken from it never ends."""
    attempts = seen.attempts[succeeded(seen)]
    attempts[-1] = changed(attempts[-1], fence=attempts[0].fence)


def show_two_results(seen: Evidence) -> None:
    kept = seen.artifacts[succeeded(seen)]
    kept.append(changed(kept[-1], id="art_another"))


def overwrite_bytes(seen: Evidence) -> None:
    seen.stored[seen.artifacts[succeeded(seen)][-1].key] = "0" * 64


def lose_bytes(seen: Evidence) -> None:
    seen.stored[seen.artifacts[succeeded(seen)][-1].key] = "artifact_missing"


def show_another_jobs_sound(seen: Evidence) -> None:
    """Whole and with the right checksum, but not what this job asked for."""
    job_id = succeeded(seen)
    wrong = "1" * 64
    for at, row in enumerate(kept := seen.artifacts[job_id]):
        kept[at] = changed(row, sha256=wrong)
        seen.stored[row.key] = wrong


def show_a_late_attempts_result(seen: Evidence) -> None:
    kept = seen.artifacts[succeeded(seen)]
    first = next(at for at, row in enumerate(kept) if row.step_index == 0)
    key = kept[first].key.replace("/steps/0/", "/steps/0/9")
    seen.stored[key] = kept[first].sha256
    kept[first] = changed(kept[first], key=key)


def succeed_though_cancelled(seen: Evidence) -> None:
    seen.ask_of()[succeeded(seen)].cancel_answers.append(202)


def know_nothing_of_it_when_cancelled(seen: Evidence) -> None:
    seen.ask_of()[succeeded(seen)].cancel_answers.append(404)


def poll_another_end(seen: Evidence) -> None:
    seen.ask_of()[succeeded(seen)].polled[:] = ["failed"]


def tell_the_end_twice(seen: Evidence) -> None:
    seen.told[succeeded(seen)] *= 2


def jump_in_the_stream(seen: Evidence) -> None:
    seen.gaps = ["4 -> 6"]


def never_deliver(seen: Evidence) -> None:
    del seen.receiver.heard[succeeded(seen), "job.succeeded"]


def deliver_under_two_ids(seen: Evidence) -> None:
    seen.receiver.heard[succeeded(seen), "job.succeeded"].ids["msg_another"] += 1


def sign_wrongly(seen: Evidence) -> None:
    seen.receiver.invalid.append("/own msg_1: WebhookVerificationError")


_FALSIFICATIONS: dict[str, tuple[str, Callable[[Evidence], None]]] = {
    "an accepted job that is gone": ("lost", forget_job),
    "a job that runs for ever": ("stuck", set_job(status="running", phase="claimed")),
    "a job that waits for ever": ("stuck", set_job(status="queued", phase="waiting")),
    "an orphan lease": ("stuck", set_job(lease_owner="cpu-1:1:1.0")),
    "a lost worker's job": ("lost", set_job(status="failed", error={"code": "worker_lost"})),
    "a cancellation out of nothing": ("lost", set_job(status="cancelled")),
    "a row that counts too many events": ("history", set_job(seq=99)),
    "two jobs of one key": ("duplicated", two_ids_for_a_key),
    "a client without an answer": ("client", never_answered),
    "a gap in a history": ("history", lose_an_event),
    "two ends": ("duplicated", end_twice),
    "a position given twice": ("history", give_a_position_twice),
    "a step won twice": ("duplicated", win_a_step_twice),
    "a claim that never ended": ("history", leave_a_claim_without_end),
    "a claim that ended twice": ("duplicated", end_a_claim_twice),
    "two visible results": ("duplicated", show_two_results),
    "overwritten bytes": ("lost", overwrite_bytes),
    "lost bytes": ("lost", lose_bytes),
    "another job's sound": ("lost", show_another_jobs_sound),
    "a late attempt's result": ("duplicated", show_a_late_attempts_result),
    "success after cancelling": ("history", succeed_though_cancelled),
    "an accepted job that cannot be cancelled": ("client", know_nothing_of_it_when_cancelled),
    "an end that polling did not see": ("client", poll_another_end),
    "an end told twice": ("client", tell_the_end_twice),
    "a jump in the stream": ("client", jump_in_the_stream),
    "a webhook that never came": ("webhook", never_deliver),
    "a webhook under two ids": ("webhook", deliver_under_two_ids),
    "a wrong signature": ("webhook", sign_wrongly),
}


@pytest.mark.timeout(420)
@pytest.mark.parametrize("name", _FALSIFICATIONS)
def test_the_checker_notices(name: str, outcome: Callable[[Kind], Outcome]) -> None:
    sort, falsify = _FALSIFICATIONS[name]
    true = outcome("sqlite").seen
    before = len(check(true))
    seen = _copied(true)
    falsify(seen)
    violations = check(seen)
    assert len(violations) > before
    assert sort in {violation.sort for violation in violations}
    assert len(check(true)) == before, "the falsification must not reach the true evidence"


def _copied(seen: Evidence) -> Evidence:
    """Deep enough to be falsified: rows stay as they are until one is replaced."""
    made = copy.copy(seen)
    for name in ("steps", "attempts", "artifacts", "events", "deliveries", "told"):
        setattr(made, name, {key: list(rows) for key, rows in getattr(seen, name).items()})
    made.jobs, made.stored = dict(seen.jobs), dict(seen.stored)
    made.asked = [copy.deepcopy(ask) for ask in seen.asked]
    made.receiver = copy.copy(seen.receiver)
    made.receiver.heard, made.receiver.invalid = copy.deepcopy(seen.receiver.heard), list(seen.receiver.invalid)
    return made


# ------------------------------------------------------------------------------------------- the schedule


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_repeats_its_schedule(kind: Kind) -> None:
    first, again = (schedule(11, 120, kind, disk=True) for _ in range(2))
    assert first == again
    assert schedule(12, 120, kind, disk=True) != first


@pytest.mark.parametrize("kind", KINDS)
def test_every_cell_is_tried_and_the_rarest_not_rarely(kind: Kind) -> None:
    dealt = Counter(planned.sort.name for planned in schedule(3, 300, kind, disk=True))
    for sort in (*[sort for sort in SORTS if sort.only(kind, True)], STORM):
        assert dealt[sort.name] >= 1, sort.name


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_storm_takes_both_slots_of_a_queue(kind: Kind) -> None:
    planned = [blow for blow in schedule(5, 600, kind, disk=True) if blow.sort is not STORM]
    for at, blow in enumerate(planned):
        for other in planned[at + 1 :]:
            if other.at < blow.until and blow.target.startswith(("cpu", "io")):
                assert not other.target.startswith(blow.target.split("-")[0]), f"{blow} and {other}"


def test_a_full_disk_is_only_planned_where_there_is_one() -> None:
    assert not [blow for blow in schedule(5, 600, "sqlite", disk=False) if blow.target == "disk"]


def test_a_small_disk_is_full_and_free_again(tmp_path: Path) -> None:
    from chaos.disk import SmallDisk

    with SmallDisk(tmp_path / "small", 1) as disk:
        if disk.why_not is not None:
            pytest.skip(f"mounting is not allowed here: {disk.why_not}")
        disk.fill()
        assert shutil.disk_usage(disk.folder).free == 0
        with pytest.raises(OSError, match="No space"):
            (disk.folder / "more").write_bytes(b"x" * 100)
        disk.free()
        assert shutil.disk_usage(disk.folder).free > 0
    assert not (tmp_path / "small").is_mount()
