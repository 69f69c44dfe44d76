"""What a message gets, what a failure leads to, how far a job is: the pure decisions."""

import itertools
import random
from typing import get_args

import pytest

from pipelines.errors import Cause
from pipelines.jobs import JobStatus, Phase
from pipelines.progress import BUDGETS, GiveUp, Retry, Standing, Verdict, after_failure, job_progress, judge

MINE, OTHERS = ("cpu-1", "cpu-1:7:1.0"), ("cpu-2", "cpu-2:9:1.0")
MY_DEAD_CHILD = ("cpu-1", "cpu-1:6:1.0")
PUBLICATION = 4
STEP = 1


def expected(status: JobStatus, phase: Phase, index: int, publication: int, holder: tuple[str, str]) -> Verdict:
    """Rule 1, said again: the publication first, then what is done, then the claim, then nothing."""
    if publication != PUBLICATION:
        return Verdict.IGNORE
    if index < STEP or status == "succeeded":
        return Verdict.DONE
    active = index == STEP and status in {"queued", "running"}
    if active and phase == "published":
        return Verdict.CLAIM
    if active and phase == "claimed" and holder == MY_DEAD_CHILD:
        return Verdict.TAKE_OVER
    return Verdict.IGNORE


@pytest.mark.parametrize("status", JobStatus)
@pytest.mark.parametrize("phase", Phase)
def test_the_whole_table_of_claims(status: JobStatus, phase: Phase) -> None:
    for index, publication, holder in itertools.product(
        range(3), range(PUBLICATION - 1, PUBLICATION + 2), (MINE, OTHERS, MY_DEAD_CHILD)
    ):
        standing = Standing(status, phase, STEP, PUBLICATION, *holder)
        verdict = judge(standing, index=index, publication=publication, slot=MINE[0], owner=MINE[1])
        assert verdict is expected(status, phase, index, publication, holder), (index, publication, holder)


def test_an_old_message_for_a_done_step_stops_its_chain() -> None:
    standing = Standing(JobStatus.RUNNING, Phase.PUBLISHED, STEP, PUBLICATION, None, None)
    assert judge(standing, index=0, publication=PUBLICATION - 1, slot="a", owner="b") is Verdict.IGNORE
    assert judge(standing, index=0, publication=PUBLICATION, slot="a", owner="b") is Verdict.DONE


@pytest.mark.parametrize(
    ("cause", "times"), [("lost", 3), ("transient", 8), ("resource", 8), ("timeout", 2), ("permanent", 1)]
)
def test_each_cause_has_its_budget(cause: Cause, times: int) -> None:
    charged: dict[str, int] = {}
    for attempt in range(1, times + 1):
        decision = after_failure(cause, charged)
        charged = dict(decision.charged)
        assert charged == {cause: attempt}
        assert isinstance(decision, GiveUp if attempt == times else Retry)


def test_causes_are_charged_apart() -> None:
    decision = after_failure("lost", {"transient": 7, "timeout": 1})
    assert isinstance(decision, Retry)
    assert decision.charged == {"transient": 7, "timeout": 1, "lost": 1}


@pytest.mark.parametrize(
    ("cause", "ceilings"),
    [("transient", [1, 2, 4, 8, 16, 32, 64]), ("resource", [5, 10, 20, 40, 80, 160, 300]), ("lost", [0, 0])],
)
def test_delays_grow_and_are_spread(cause: Cause, ceilings: list[float]) -> None:
    random.seed(1)
    for count, ceiling in enumerate(ceilings):
        decisions = [after_failure(cause, {cause: count}) for _ in range(300)]
        delays = [decision.delay for decision in decisions if isinstance(decision, Retry)]
        assert len(delays) == 300
        assert ceiling * 0.95 <= max(delays) <= ceiling
        assert min(delays) <= ceiling * 0.05


def test_every_cause_has_a_budget() -> None:
    assert set(BUDGETS) == set(get_args(Cause))


@pytest.mark.parametrize(
    ("index", "steps", "fraction", "done"),
    [(0, 1, 0.0, 0.0), (0, 4, 0.5, 0.125), (3, 4, 1.0, 1.0), (1, 2, 7.0, 1.0), (1, 2, -1.0, 0.5)],
)
def test_steps_count_the_same(index: int, steps: int, fraction: float, done: float) -> None:
    assert job_progress(index, steps, fraction) == done
