"""The kill matrix: a part of it on each deployment, the rest with `make chaos`; and that it covers every place."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

import pytest

from chaos.bench import Bench
from chaos.cells import Cell, table
from chaos.matrix import run_on, shuffled
from chaos.stacks import KINDS, Kind
from chaos.trials import STEP_QUEUES, Trial, trials
from pipelines.failpoints import AFTER, BEFORE, Action, Commit, Place, spots

#: One or two places of each component: where most was lost in other systems, and where two of them share the blame.
_PART = {
    ("api", f"{Commit.SUBMIT}{AFTER}", Action.KILL),
    ("dispatcher", f"{Commit.PUBLISH}{AFTER}", Action.KILL),
    ("cpu child", f"{Commit.CLAIM}{AFTER}", Action.KILL),
    ("cpu child", f"{Commit.COMPLETE}{AFTER}", Action.KILL),
    ("cpu child", Place.OUTPUT_STORED, Action.FREEZE),
    ("io child", f"{Commit.COMPLETE}{BEFORE}", Action.KILL),
    ("io child", Place.CONTINUED, Action.KILL),
    ("io parent", Place.OVERSTAY, Action.KILL),
    ("webhook child", Place.WEBHOOK_SENT, Action.KILL),
}


def part(kind: Kind) -> Iterator[Trial]:
    return (trial for trial in trials(kind) if (trial.component, trial.spot, trial.action) in _PART)


@pytest.mark.chaos
@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.services
@pytest.mark.xdist_group("stack")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS)
def test_who_dies_or_freezes_at_a_place_loses_nothing(kind: Kind) -> None:
    chosen = list(part(kind))
    assert len(chosen) == len(_PART)
    cells = run_on(kind, chosen)
    wrong = [cell for cell in cells if not cell.good]
    assert not wrong, "\n".join([table(cells), *map(str, wrong)])


def _gives_up(_bench: Bench, _arm: Callable[[], None]) -> None:
    raise LookupError("nothing leads there")


@pytest.mark.chaos
@pytest.mark.slow
@pytest.mark.stack
@pytest.mark.services
@pytest.mark.xdist_group("stack")
@pytest.mark.timeout(600)
def test_a_trial_that_hits_another_or_nobody_is_wrong_and_costs_no_other() -> None:
    spot = f"{Commit.CLAIM}{AFTER}"
    child = next(trial for trial in trials("sqlite") if (trial.component, trial.spot) == ("cpu child", spot))
    another = replace(child, component="cpu parent")
    nobody = replace(child, lead=_gives_up)
    first, second, third = run_on("sqlite", [another, nobody, child])
    assert first.tried == 0
    assert "which is no cpu parent" in first.wrong[0]
    assert second.tried == 0
    assert second.wrong == ("LookupError: nothing leads there",)
    assert third.good, third


@pytest.mark.parametrize("kind", KINDS)
def test_every_place_is_tried_on_every_deployment(kind: Kind) -> None:
    assert {trial.spot for trial in trials(kind)} == spots().keys()


@pytest.mark.parametrize("kind", KINDS)
def test_no_trial_is_listed_twice(kind: Kind) -> None:
    listed = [(trial.component, trial.spot, trial.action) for trial in trials(kind)]
    assert len(set(listed)) == len(listed)


def test_both_queues_have_the_same_trials() -> None:
    for kind, role in product(KINDS, ("child", "parent")):
        first, second = (
            {(trial.spot, trial.action) for trial in trials(kind) if trial.component == f"{queue} {role}"}
            for queue in STEP_QUEUES
        )
        assert first == second


def test_the_table_says_each_cell_and_what_went_wrong() -> None:
    good = Cell("api", "submit.before_commit", "kill", "sqlite", 1, recovery=(0.4, 2.04))
    bad = Cell("io child", "chunk", "freeze", "sqlite", 1, lost=1, wrong=("job_1: lost",))
    assert good.good
    assert not bad.good
    assert not Cell("api", "x", "kill", "sqlite", 1, wrong=("something",)).good
    lines = table([good, bad]).splitlines()
    assert " ".join(lines[2].split()) == "| api | submit.before_commit | kill | sqlite | 1 | 0 | 0 | 0 | 0 | 2.0 |"
    assert " ".join(lines[3].split()) == "| io child | chunk | freeze | sqlite | 1 | 1 | 0 | 0 | 1 | – |"


def test_a_seed_repeats_the_order_of_the_places() -> None:
    first, again, other = (
        [(trial.component, trial.spot, trial.action) for trial in shuffled("sqlite", seed)] for seed in (3, 3, 4)
    )
    assert first == again
    assert first != other
    assert set(first) == {(trial.component, trial.spot, trial.action) for trial in trials("sqlite")}
