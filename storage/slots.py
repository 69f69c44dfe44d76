"""Which slots live: each writes a beat every 3 s from its parent process."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field

from sqlalchemy import case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pipelines.errors import Unavailable
from pipelines.failpoints import Commit
from storage.claims import Held
from storage.database import AnyConnection, Database, ReadConnection, WriteConnection, db_now
from storage.tables import is_claimed, jobs
from storage.tables_workers import slots

BEAT_SECONDS = 3.0

#: A slot is live when its beat is younger than this.
LIVE_SECONDS = 10.0

#: A job whose queue had no live slot for this long is refused.
ABSENT_SECONDS = 600.0

#: A worker that is being started is there by then.
_WORKER_SECONDS = 30

#: A slot that has not beaten for this long is shown no more, and its row is dropped.
FORGOTTEN_SECONDS = 3600.0


@dataclass(frozen=True)
class SlotFacts:
    """What a slot says of itself."""

    name: str
    queues: Sequence[str]
    host: str
    pid: int
    device: str
    threads: int
    #: When its process began, in seconds since 1970: a container's has the same pid and host after each start.
    started_at: float = field(default_factory=time.time)


@dataclass(frozen=True)
class SlotState:
    """What a slot says of itself with each beat; memory in MB (10⁶ bytes), None where it is not known."""

    #: The models that its child holds in memory.
    loaded: Sequence[str] = ()
    #: Those of its queues whose weights lie on its host.
    weights: Sequence[str] = ()
    device_name: str | None = None
    used_mb: int | None = None
    total_mb: int | None = None
    budget_mb: int | None = None


@dataclass(frozen=True)
class Overstay(Held):
    """A claim that runs for longer than `limit` seconds: 0 where it was asked to stop."""

    limit: float


_NOTHING = SlotState()


class SlotStore:
    """Beats, and what a slot's parent must know of its own claims."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def beat(self, facts: SlotFacts, state: SlotState = _NOTHING) -> None:
        """The slot lives. A slot that was restarted under its name replaces its row."""
        row = {
            "name": facts.name,
            "queues": list(facts.queues),
            "host": facts.host,
            "pid": facts.pid,
            "device": facts.device,
            "threads": facts.threads,
            "started_at": facts.started_at,
            "beat_at": db_now(),
            "stopped": False,
            **asdict(state),
        }
        changed = {key: value for key, value in row.items() if key != "name"}
        dialect = sqlite if self._database.is_sqlite else postgresql
        with self._database.write(Commit.BEAT, durable=False) as connection:
            connection.execute(
                dialect.insert(slots).values(row).on_conflict_do_update(index_elements=["name"], set_=changed)
            )

    def leave(self, name: str) -> None:
        """The slot stops: it takes no more work."""
        with self._database.write(durable=False) as connection:
            connection.execute(update(slots).where(slots.c.name == name).values(stopped=True))

    def drain(self, facts: SlotFacts, state: SlotState) -> None:
        """The slot that takes no more work still lives; one that was started under its name meanwhile is let be."""
        mine = (slots.c.name == facts.name) & (slots.c.started_at == facts.started_at)
        mine &= (slots.c.pid == facts.pid) & (slots.c.host == facts.host)
        with self._database.write(durable=False) as connection:
            connection.execute(
                update(slots).where(mine, slots.c.stopped.is_(True)).values(beat_at=db_now(), **asdict(state))
            )

    def overstays(self, name: str, grace: float) -> list[Overstay]:
        """Claims that should have ended `grace` seconds ago or more, if the clock did not step since they began."""
        unwanted = jobs.c.cancel_requested_at < db_now() - grace
        limit = case((unwanted, 0.0), else_=jobs.c.run_limit_at - jobs.c.claimed_at)
        late = unwanted | (jobs.c.run_limit_at < db_now() - grace)
        query = select(jobs.c.id, jobs.c.fence, jobs.c.lease_owner, limit.label("limit"))
        with self._database.read() as connection:
            rows = connection.execute(query.where(is_claimed, jobs.c.slot == name, late)).all()
        return [Overstay(row.id, row.fence, row.lease_owner, row.limit) for row in rows]

    def held(self, name: str) -> list[Held]:
        """Every claim of the slot: to a slot that just started, what an earlier life of it left behind."""
        with self._database.read() as connection:
            rows = connection.execute(
                select(jobs.c.id, jobs.c.fence, jobs.c.lease_owner).where(is_claimed, jobs.c.slot == name)
            ).all()
        return [Held(row.id, row.fence, row.lease_owner) for row in rows]


def forget_slots(connection: WriteConnection) -> None:
    """Drops slots that were not seen for an hour: a name that is made anew at each start would stay for ever."""
    connection.execute(delete(slots).where(slots.c.beat_at < db_now() - FORGOTTEN_SECONDS))


def live_slots(connection: ReadConnection) -> Counter[str]:
    """How many live slots each queue has."""
    return _by_queue(connection, LIVE_SECONDS, also_stopped=False)


def known_queues(connection: AnyConnection) -> frozenset[str]:
    """Queues that had a live slot within ABSENT_SECONDS."""
    return frozenset(_by_queue(connection, ABSENT_SECONDS, also_stopped=True))


def check_served(queues: Collection[str], known: Collection[str]) -> None:
    """Unavailable if one of the queues is not among the `known` ones."""
    absent = sorted(set(queues) - set(known))
    if absent:
        message = (
            f"No worker has served the queue {absent[0]} in the last 10 minutes. "
            'Start one, or send "wait_for_worker": true.'
        )
        raise Unavailable(message, code="no_worker", retry_after=_WORKER_SECONDS)


def _by_queue(connection: AnyConnection, seconds: float, *, also_stopped: bool) -> Counter[str]:
    query = select(slots.c.queues).where(slots.c.beat_at > db_now() - seconds)
    if not also_stopped:
        query = query.where(slots.c.stopped.is_(False))
    return Counter(queue for queues in connection.scalars(query) for queue in queues)
