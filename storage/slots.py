"""Which slots live: each writes a beat every 3 s from its parent process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select, true, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.claims import Held
from storage.database import Database, ReadConnection, db_now
from storage.tables import is_claimed, jobs, slots

BEAT_SECONDS = 3.0

#: A slot is live when its beat is younger than this.
LIVE_SECONDS = 10.0

#: A job whose queue had no live slot for this long is refused.
ABSENT_SECONDS = 600.0


@dataclass(frozen=True)
class SlotFacts:
    """What a slot says of itself."""

    name: str
    queues: Sequence[str]
    host: str
    pid: int
    device: str
    threads: int


class SlotStore:
    """Beats, and what a slot's parent must know of its own claims."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def beat(self, facts: SlotFacts) -> None:
        """The slot lives. A slot that was restarted under its name replaces its row."""
        row = {
            "name": facts.name,
            "queues": list(facts.queues),
            "host": facts.host,
            "pid": facts.pid,
            "device": facts.device,
            "threads": facts.threads,
            "started_at": db_now(),
            "beat_at": db_now(),
            "stopped": False,
        }
        changed = {key: value for key, value in row.items() if key not in {"name", "started_at"}}
        dialect = sqlite if self._database.is_sqlite else postgresql
        with self._database.write(durable=False) as connection:
            connection.execute(
                dialect.insert(slots).values(row).on_conflict_do_update(index_elements=["name"], set_=changed)
            )

    def leave(self, name: str) -> None:
        """The slot stops: it takes no more work."""
        with self._database.write(durable=False) as connection:
            connection.execute(update(slots).where(slots.c.name == name).values(stopped=True))

    def overstays(self, name: str, grace: float) -> list[Held]:
        """Claims that should have ended `grace` seconds ago or more."""
        late = (jobs.c.cancel_requested_at < db_now() - grace) | (jobs.c.run_limit_at < db_now() - grace)
        return self._held(name, late)

    def held(self, name: str) -> list[Held]:
        """Every claim of the slot: to a slot that just started, what an earlier life of it left behind."""
        return self._held(name, true())

    def _held(self, name: str, which: ColumnElement[bool]) -> list[Held]:
        with self._database.read() as connection:
            rows = connection.execute(
                select(jobs.c.id, jobs.c.fence, jobs.c.lease_owner).where(is_claimed, jobs.c.slot == name, which)
            ).all()
        return [Held(row.id, row.fence, row.lease_owner) for row in rows]


def live_slots(connection: ReadConnection) -> Counter[str]:
    """How many live slots each queue has."""
    return _by_queue(connection, LIVE_SECONDS, also_stopped=False)


def known_queues(connection: ReadConnection) -> frozenset[str]:
    """Queues that had a live slot within ABSENT_SECONDS."""
    return frozenset(_by_queue(connection, ABSENT_SECONDS, also_stopped=True))


def _by_queue(connection: ReadConnection, seconds: float, *, also_stopped: bool) -> Counter[str]:
    query = select(slots.c.queues).where(slots.c.beat_at > db_now() - seconds)
    if not also_stopped:
        query = query.where(slots.c.stopped.is_(False))
    return Counter(queue for queues in connection.scalars(query) for queue in queues)
