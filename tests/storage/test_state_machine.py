"""Everything that may happen to a job, in every order (invariants 1 to 6; rules 1, 2, 5, 7, 10).

HYPOTHESIS_PROFILE=long draws other and many more examples, otherwise they are the same on every run; `quick` draws few
and shows the first that fails as it is.
"""

from __future__ import annotations

import logging
import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from storage.database import Database
from tests.storage.machine.checked import CheckedWorld
from tests.storage.machine.crowd import Crowd
from tests.storage.machine.invariants import broken
from tests.storage.machine.pairs import LEADER, OPERATIONS, STATES
from tests.storage.machine.rows import read
from tests.storage.machine.rules import Machine
from tests.storage.machine.settling import settle
from tests.storage.machine.watching import ALLOWED, Watch
from tests.storage.machine.world import World

log = logging.getLogger(__name__)

#: Examples, steps of each, whether they are the same on every run and whether a failing one is made small.
_PROFILES = {"quick": (30, 40, True, False), "": (60, 40, True, True), "long": (3000, 80, False, True)}
_PROFILE = _PROFILES[os.environ.get("HYPOTHESIS_PROFILE", "")]
_SETTINGS = settings(
    max_examples=_PROFILE[0],
    stateful_step_count=_PROFILE[1],
    derandomize=_PROFILE[2],
    print_blob=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate, *((Phase.shrink,) if _PROFILE[3] else ())),
)
#: Seconds; shrinking a failure takes minutes.
_PATIENCE = 900 if _PROFILE[2] else 7200


@pytest.mark.slow
@pytest.mark.timeout(_PATIENCE)
def test_whatever_happens_in_whatever_order(database: Database) -> None:
    watched = Watch(database)

    class OnThisDatabase(Machine):
        pass

    OnThisDatabase.database, OnThisDatabase.watch = database, watched
    OnThisDatabase.met, OnThisDatabase.deaths = Counter(), Counter()
    run_state_machine_as_test(OnThisDatabase, settings=_SETTINGS)
    operations, died = sum(OnThisDatabase.met.values()), OnThisDatabase.deaths["died"]
    log.info("%d operations, %d of whom died in them; moves: %s", operations, died, watched.seen)


#: Allowed, but nothing makes them.
_UNUSED = {"jobs": {("queued", "failed")}, "steps": set[tuple[str, str]]()}


@pytest.mark.slow
@pytest.mark.timeout(_PATIENCE)
def test_everything_in_every_state_makes_every_allowed_move_and_no_other(database: Database) -> None:
    watch = Watch(database)
    for state, reach in STATES.items():
        for name, operate in OPERATIONS.items():
            world = CheckedWorld(database, watch=watch, looking=False)
            world.forget_everything()
            assert world.take_lead(LEADER)
            try:
                job_id = reach(world)
                world.check()
                world.looking = True
                operate(world, job_id)
                world.looking = False
                settle(world)
                world.check()
            except AssertionError as error:
                raise AssertionError(f"{name} while {state}: {error}") from error
            assert world.models[job_id].phase == "ended", f"{name} while {state}: it never ended"
    # What moved otherwise was found by each check.
    for table, moves in ALLOWED.items():
        assert set(watch.seen[table]) == moves - _UNUSED[table]


@pytest.mark.parametrize("seed", [int(os.environ.get("SEED", "1"))])
def test_everybody_at_once(database: Database, seed: int) -> None:
    """The same in threads; what was answered must fit what is written at the end."""
    watch = Watch(database)
    world = World(database)
    crowd = Crowd(world, seed)
    assert world.take_lead(LEADER)
    crowd.run(turns=40)
    settle(world, open_jobs=len(world.ids))
    rows = read(database, world.ids)
    wrong = [*watch.look(), *(sentence for job_id in world.ids for sentence in broken(rows[job_id]))]
    assert not wrong, "\n".join([f"SEED={seed}", *wrong])
    assert not world.miscounted()
    assert [job_id for job_id in world.ids if rows[job_id].job.phase != "ended"] == []
    # Each claim was ended once, and by the one who was told so.
    counted = Counter((job_id, fence) for job_id, fence, _, ended in crowd.ends if ended != "late")
    assert [claim for claim, times in counted.items() if times > 1] == []
    succeeded = {(job_id, fence) for job_id, fence, _, ended in crowd.ends if ended == "succeeded"}
    written = {(job_id, one.fence) for job_id in rows for one in rows[job_id].attempts if one.outcome == "succeeded"}
    assert succeeded <= written
    assert len({(claim.work.job_id, claim.fence) for claim in world.claims}) == len(world.claims)
    # A key gave one job, which is there.
    given = set(crowd.keys)
    assert len({key for key, _ in given}) == len(given)
    assert {job_id for _, job_id in given} <= set(world.ids)
    positions = [event.position for job_id in rows for event in rows[job_id].events]
    assert None not in positions
    assert len(set(positions)) == len(positions)
    messages = [delivery.id for job_id in rows for delivery in rows[job_id].deliveries]
    assert len(set(messages)) == len(messages)
