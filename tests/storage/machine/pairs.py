"""Every state that a job can be in, and everything that anybody may do to it there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import get_args

from pipelines.errors import Cause
from storage.claims import Claim
from tests.storage.machine.checked import CheckedWorld
from tests.storage.machine.world import DISPATCHERS, SLOTS, Message, Wish

LEADER = DISPATCHERS[0]
#: Beyond every deadline and lease.
_LATE = 600.0

State = Callable[[CheckedWorld], str]
Operation = Callable[[CheckedWorld, str], object]


def _waiting(world: CheckedWorld) -> str:
    return world.submit(Wish(("cpu", "io"), deadline=True))


def _published(world: CheckedWorld) -> str:
    job_id = _waiting(world)
    world.publish(LEADER, [job_id])
    return job_id


def _claimed(world: CheckedWorld) -> str:
    """By a second claim, so that there is a former holder."""
    job_id = _published(world)
    world.lose(_claim(world, job_id).held)
    world.publish(LEADER, [job_id])
    _claim(world, job_id)
    return job_id


def _claim(world: CheckedWorld, job_id: str) -> Claim:
    model = world.models[job_id]
    claim = world.deliver(Message(job_id, model.index, model.publication), SLOTS[0])
    assert isinstance(claim, Claim)
    return claim


def _to_be_tried_again(world: CheckedWorld) -> str:
    job_id = _claimed(world)
    world.fail(world.claims[-1], "transient")
    return job_id


def _between_two_steps(world: CheckedWorld) -> str:
    job_id = _claimed(world)
    world.complete(world.claims[-1])
    return job_id


def _at_its_last_step(world: CheckedWorld) -> str:
    job_id = _between_two_steps(world)
    _claim(world, job_id)
    return job_id


def _succeeded(world: CheckedWorld) -> str:
    job_id = _at_its_last_step(world)
    world.complete(world.claims[-1])
    return job_id


def _failed(world: CheckedWorld) -> str:
    job_id = _claimed(world)
    world.fail(world.claims[-1], "permanent")
    return job_id


def _cancelling(world: CheckedWorld) -> str:
    job_id = _claimed(world)
    world.cancel(job_id)
    return job_id


def _expiring(world: CheckedWorld) -> str:
    job_id = _overdue(_claimed, world)
    world.expire()
    return job_id


def _cancelled(world: CheckedWorld) -> str:
    job_id = _cancelling(world)
    world.stop(world.claims[-1])
    return job_id


def _expired(world: CheckedWorld) -> str:
    job_id = _expiring(world)
    world.stop(world.claims[-1])
    return job_id


def _overdue(state: State, world: CheckedWorld) -> str:
    job_id = state(world)
    world.step_clock(_LATE)
    return job_id


_IN_TIME: dict[str, State] = {
    "waiting": _waiting,
    "published": _published,
    "claimed": _claimed,
    "to be tried again": _to_be_tried_again,
    "between two steps": _between_two_steps,
    "at its last step": _at_its_last_step,
    "cancelling": _cancelling,
}
STATES: dict[str, State] = {
    **_IN_TIME,
    **{f"{name}, overdue": partial(_overdue, state) for name, state in _IN_TIME.items()},
    "expiring": _expiring,
    "succeeded": _succeeded,
    "failed": _failed,
    "cancelled": _cancelled,
    "expired": _expired,
}


def _messages(world: CheckedWorld, job_id: str) -> list[Message]:
    """All that could ever have been sent for the job, and some that could not."""
    publications = range(world.models[job_id].publication + 2)
    return [Message(job_id, index, publication) for publication in publications for index in range(3)]


def _every_message(world: CheckedWorld, job_id: str, *, slot: str, another_child: bool = False) -> None:
    if another_child:
        world.replace_child(slot)
    for message in _messages(world, job_id):
        world.deliver(message, slot)


def _by_all_holders(world: CheckedWorld, _: str, *, do: Callable[[CheckedWorld, Claim], object]) -> None:
    """First whoever came late, then whoever holds it now, then both again."""
    for claim in [*world.claims, *world.claims]:
        do(world, claim)


def _sweep(world: CheckedWorld, _: str) -> None:
    world.step_clock(20.0)
    for held in world.stale():
        world.lose(held)


def _watch(world: CheckedWorld, _: str) -> None:
    for slot in SLOTS:
        for held in world.overstays(slot):
            world.lose(held, "timeout")


def _restart(world: CheckedWorld, _: str) -> None:
    for slot in SLOTS:
        for held in world.held(slot):
            world.lose(held)


_HOLDERS: dict[str, Callable[[CheckedWorld, Claim], object]] = {
    "complete": CheckedWorld.complete,
    "stop": CheckedWorld.stop,
    "beat": lambda world, claim: world.heartbeat(claim, 0.5),
    "show": CheckedWorld.show,
    "hand back": lambda world, claim: world.hand_back(claim.held),
    "time out": lambda world, claim: world.lose(claim.held, "timeout"),
    "lose": lambda world, claim: world.lose(claim.held),
    **{f"fail, {cause}": partial(CheckedWorld.fail, cause=cause) for cause in get_args(Cause)},
}
OPERATIONS: dict[str, Operation] = {
    "cancel": CheckedWorld.cancel,
    "retry": CheckedWorld.retry,
    "delete": CheckedWorld.delete,
    "expire": lambda world, _: world.expire(),
    "publish": lambda world, job_id: world.publish(LEADER, [job_id]),
    "publish again": lambda world, job_id: world.publish(LEADER, [job_id], again=True),
    "take back": lambda world, _: [world.unpublish(LEADER, chain) for chain in world.chains],
    "messages, same child": partial(_every_message, slot=SLOTS[0]),
    "messages, next child": partial(_every_message, slot=SLOTS[0], another_child=True),
    "messages, another slot": partial(_every_message, slot=SLOTS[1]),
    "sweep": _sweep,
    "watch": _watch,
    "restart": _restart,
    **{name: partial(_by_all_holders, do=do) for name, do in _HOLDERS.items()},
}
