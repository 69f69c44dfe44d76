"""Recovery is counted from the later of the blow and the return of what the step needs, and from nothing else."""

from types import SimpleNamespace
from typing import Any

import pytest

from chaos.evidence import Evidence
from chaos.nemesis import Blow
from chaos.recovery import recoveries
from chaos.schedule import SORTS, STORM, Planned

STEP = ("job_1", 0)
SORT = {sort.name: sort for sort in (*SORTS, STORM)}


def blow(name: str, at: float, ready_at: float, *, hold: float = 0.0, hit: bool = False, spared: str = "") -> Blow:
    return Blow(Planned(at, SORT[name], "any", hold), at, ready_at, [STEP] if hit else [], spared)


def evidence(
    *blows: Blow, again: float, ends: tuple[tuple[str, float], ...] = (), action: str = "synthesize"
) -> Evidence:
    """A step that began at second 1 and then at `again`; `ends` of attempts of another, which does `action`."""
    started: list[Any] = [SimpleNamespace(type="step.started", at=at, data={"step": 0}) for at in (1.0, again)]
    nobody: Any = None
    step: Any = SimpleNamespace(action=action)
    rows: list[Any] = [
        SimpleNamespace(job_id="job_2", step_index=0, outcome=outcome, finished_at=at) for outcome, at in ends
    ]
    return Evidence(
        jobs={},
        steps={"job_2": [step]},
        attempts={"job_2": rows},
        artifacts={},
        events={"job_1": started},
        deliveries={},
        stored={},
        asked=[],
        told={},
        gaps=[],
        position=0,
        receiver=nobody,
        blows=blows,
    )


def seconds(seen: Evidence) -> list[float]:
    return [round(recovery.seconds, 6) for recovery in recoveries(seen)]


KILLED = blow("model slot / kill", 10.0, 10.0, hit=True)


def test_it_is_counted_from_the_blow_if_nothing_else_was_away() -> None:
    assert seconds(evidence(KILLED, again=13.0)) == [3.0]


@pytest.mark.parametrize("name", ["broker / freeze", "database / kill", "S3 store / kill", "artifact disk / fill"])
def test_it_is_counted_from_the_return_of_what_every_step_needs(name: str) -> None:
    assert seconds(evidence(KILLED, blow(name, 11.0, 30.0), again=32.0)) == [2.0]


@pytest.mark.parametrize(
    ("name", "at", "ready_at", "spared"),
    [
        ("API / kill", 11.0, 30.0, ""),
        ("dispatcher, leading / kill", 11.0, 30.0, ""),
        ("S3 store / kill", 11.0, 30.0, "it was not running"),
        # It was back before the blow, or is away still.
        ("S3 store / kill", 1.0, 9.0, ""),
        ("S3 store / kill", 11.0, 40.0, ""),
        # It went when the step should have been running for long.
        ("S3 store / kill", 25.5, 30.0, ""),
        ("broker / kill", 25.5, 30.0, ""),
    ],
)
def test_nothing_else_makes_it_look_shorter(name: str, at: float, ready_at: float, spared: str) -> None:
    assert seconds(evidence(KILLED, blow(name, at, ready_at, spared=spared), again=32.0)) == [22.0]


def test_a_slot_may_reach_the_store_before_the_harness_does() -> None:
    away = blow("S3 store / kill", 11.0, 32.5, hold=1.5)
    assert seconds(evidence(KILLED, away, again=32.0, ends=(("succeeded", 31.9),))) == [0.1]


@pytest.mark.parametrize(
    ("end", "action"),
    [
        (("succeeded", 10.5), "synthesize"),
        (("succeeded", 11.1), "synthesize"),
        (("succeeded", 13.0), "synthesize"),
        (("failed", 31.9), "synthesize"),
        (("succeeded", 31.9), "stage"),
    ],
)
def test_what_ended_without_the_store_says_nothing_of_its_return(end: tuple[str, float], action: str) -> None:
    """Its bytes were stored just before the kill, or it has none: the server was only started again at 12.5."""
    away = blow("S3 store / kill", 11.0, 32.5, hold=1.5)
    assert seconds(evidence(KILLED, away, again=32.0, ends=(end,), action=action)) == [22.0]


def test_the_first_of_several_ends_tells_the_return() -> None:
    away = blow("S3 store / kill", 11.0, 32.5, hold=1.5)
    ends = (("succeeded", 31.9), ("succeeded", 20.0), ("succeeded", 31.0))
    assert seconds(evidence(KILLED, away, again=32.0, ends=ends)) == [12.0]


def test_until_a_storm_is_over_nothing_is_counted() -> None:
    assert seconds(evidence(KILLED, blow("everything / kill", 11.0, 40.0), again=32.0)) == []
