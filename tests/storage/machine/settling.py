"""A fair scheduler: everybody does what they should, until nothing is left to do."""

from __future__ import annotations

from storage.claims import Claim
from tests.storage.machine.world import DISPATCHERS, SLOTS, Message, World

#: More than the budgets of all causes together take.
_ROUNDS = 60
#: Longer than any back-off of a step or of a webhook, in seconds.
_LATER = 100_000.0


def settle(world: World, open_jobs: int = 1) -> None:
    """Drives every job to its end; AssertionError if one does not get there."""
    world.lose_lead()
    assert world.take_lead(DISPATCHERS[0])
    world.messages.clear()
    for slot in SLOTS:
        world.replace_child(slot)
    for _ in range(_ROUNDS * open_jobs):
        world.step_clock(_LATER)
        world.expire()
        for held in world.stale():
            world.lose(held)
        published = _published(world)
        world.publish(DISPATCHERS[0], world.pick())
        if published:
            world.publish(DISPATCHERS[0], published, again=True)
        if not world.messages and not world.stale():
            break
        while world.messages:
            _work(world, world.messages.pop(0))
    while world.number_events(DISPATCHERS[0]):
        pass
    _tell(world)


def _published(world: World) -> list[str]:
    """Their messages are lost, so they are due again (rule 4)."""
    from storage import dispatch

    with world.database.read() as connection:
        return [step.job_id for step in dispatch.unclaimed(connection)]


def _work(world: World, message: Message) -> None:
    claim = world.deliver(message, SLOTS[0])
    if isinstance(claim, Claim):
        world.complete(claim)


def _tell(world: World) -> None:
    """Every message is sent, by senders that are never away."""
    for _ in range(_ROUNDS):
        if not world.pending_deliveries():
            return
        world.step_clock(_LATER)
        for delivery in world.claim_deliveries():
            world.record(delivery, 204)
    assert not world.pending_deliveries(), "messages are left"
