"""Roll-ups of all jobs, by the minute they were made, kind, model, queue and status: exact as of a position.

The bookkeeper folds in events that have a position, once each: a job leaves the status that it was counted as and joins
the new one. So no transaction that moves a job writes anything for this. It locks the one row of `count_state`; whoever
deletes a job shares that lock from before it looks how the job is counted until its commit, and leaves a correction
(`uncounting`). Jobs that are older than the roll-ups are counted in portions; until its portion has come, nothing of a
job is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, Select, bindparam, case, delete, exists, func, or_, select, update

from pipelines.events import STEP_ENDS, TOLD_STATUS, WEBHOOK_EVENTS, EventType
from pipelines.ids import made_at
from pipelines.jobs import JobStatus
from pipelines.rollups import HOUR, KEPT_SECONDS, MINUTE, STATUS_BEFORE, bucket_of, buckets_of, forgotten_before
from storage.database import AnyConnection, WriteConnection, db_now
from storage.measuring import EndedJob, Key, add_ends, steps_of
from storage.positions import last_position
from storage.tables import events, jobs, steps
from storage.tables_counts import count_corrections, count_state, job_counts, job_ends, step_counts
from storage.upserts import adding

#: Positions that one transaction folds in, and jobs of one portion of the older ones: on SQLite nobody else writes
#: meanwhile.
POSITIONS = 500
PORTION = 200
#: Rates look at the last few minutes only.
_STEPS_KEPT = HOUR

#: The queue that people name a job by; rows of an earlier release leave it to their steps.
model_queue = (
    select(steps.c.queue)
    .where(steps.c.job_id == jobs.c.id)
    .order_by(steps.c.model.is_(None), steps.c.number)
    .limit(1)
    .scalar_subquery()
)
key_columns = (
    jobs.c.kind,
    jobs.c.model,
    case((jobs.c.model_queue.is_not(None), jobs.c.model_queue), else_=model_queue).label("of_queue"),
)

# Statements that run again and again are built once: building one costs more than running it.
_earlier = events.alias("earlier")
_unclear = [event for event in WEBHOOK_EVENTS if event not in {EventType.JOB_QUEUED, *STATUS_BEFORE}]
_before = (
    select(_earlier.c.type)
    .where(
        _earlier.c.job_id == events.c.job_id,
        _earlier.c.seq < events.c.seq,
        _earlier.c.type.in_(WEBHOOK_EVENTS),
    )
    .order_by(_earlier.c.seq.desc())
    .limit(1)
    .scalar_subquery()
)
_new_events: Select[Any] = (
    select(
        events.c.job_id,
        events.c.type,
        events.c.at,
        events.c.data,
        # Looked up only where the type alone does not tell.
        case((events.c.type.in_(_unclear), _before), else_=None).label("before"),
        *key_columns,
        jobs.c.created_at,
        jobs.c.started_at,
    )
    .join(jobs, jobs.c.id == events.c.job_id)
    .where(
        events.c.position > bindparam("after"),
        events.c.position <= bindparam("upto"),
        events.c.type.in_([*WEBHOOK_EVENTS, *STEP_ENDS]),
    )
    .order_by(events.c.position)
)
_state = select(count_state, db_now().label("now"))
_lock_state = _state.with_for_update()
_advance = update(count_state).values(position=bindparam("new_position"), counted_at=db_now())
_corrections = delete(count_corrections).returning(count_corrections)
_behind = select(
    (count_state.c.position < last_position).label("events"),
    exists(select(count_corrections.c.id)).label("corrections"),
    (count_state.c.counted_to < count_state.c.older_to).label("older"),
    exists(select(jobs.c.id).where(jobs.c.model_queue.is_(None))).label("queues"),
)
# In the order of the column's index, and so of the ids.
_lacking = (
    select(jobs.c.id)
    .where(jobs.c.model_queue.is_(None))
    .order_by(jobs.c.model_queue, jobs.c.id)
    .limit(PORTION)
    .with_for_update(skip_locked=True)
)
_older: Select[Any] = (
    select(jobs.c.id, *key_columns, jobs.c.created_at, jobs.c.started_at, jobs.c.finished_at)
    .where(jobs.c.id > bindparam("after"), jobs.c.id <= bindparam("upto"))
    .order_by(jobs.c.id)
    .limit(PORTION)
)
_counted_moves = (
    select(events.c.job_id, events.c.type)
    .where(
        events.c.job_id.in_(bindparam("ids", expanding=True)),
        events.c.position <= bindparam("upto"),
        events.c.type.in_(WEBHOOK_EVENTS),
    )
    .order_by(events.c.job_id, events.c.seq)
)


@dataclass(frozen=True)
class Behind:
    """What the roll-ups lack: events or corrections, and jobs that are older than they; and jobs without a queue."""

    events: bool
    older: bool
    queues: bool


def behind(connection: AnyConnection) -> Behind:
    """Whether there is something to do: one look."""
    row = connection.execute(_behind).one()
    return Behind(row.events or row.corrections, row.older, row.queues)


def is_counted(state: Row[Any], job_id: str) -> bool:
    """Whether the job is one whose events are folded in: made since there are roll-ups, or counted since."""
    return bool(job_id > state.older_to or job_id <= state.counted_to)


def fold(connection: WriteConnection) -> bool:
    """Counts in the next events and corrections; whether there are more."""
    state = connection.execute(_lock_state).one()
    last: int = connection.scalar(select(last_position)) or 0
    upto: int = max(state.position, min(last, state.position + POSITIONS))
    counts = _Counts(state.now)
    for row in connection.execute(_corrections):
        counts.move(row.at, Key(row.kind, row.model, row.queue), row.status, -1)
    if upto > state.position:
        found = connection.execute(_new_events, {"after": state.position, "upto": upto}).all()
        counts.take(found, state)
    counts.write(connection)
    connection.execute(_advance, {"new_position": upto})
    return upto < last


def count_older(connection: WriteConnection) -> bool:
    """Counts in the next jobs that are older than the roll-ups, as their folded events say; whether there are more."""
    state = connection.execute(_lock_state).one()
    found = connection.execute(_older, {"after": state.counted_to, "upto": state.older_to}).all()
    counts = _Counts(state.now)
    moves = connection.execute(_counted_moves, {"ids": [row.id for row in found], "upto": state.position})
    # The last one of each job stays.
    latest = {row.job_id: row.type for row in moves}
    for row in found:
        if row.id in latest:
            counts.join(row, row.id, TOLD_STATUS[EventType(latest[row.id])], row.finished_at)
    counts.write(connection)
    more = len(found) == PORTION
    connection.execute(update(count_state).values(counted_to=found[-1].id if more else state.older_to))
    return more


def fill_queues(connection: WriteConnection) -> bool:
    """Writes down the model's queue of jobs that code of an earlier release made; whether there may be more.

    It makes them for as long as a rolling upgrade lasts. Lists find a job by this column alone. What somebody works on
    just now is left for the next round.
    """
    lacking = connection.scalars(_lacking).all()
    # A job without steps, which nobody makes, would come again and again.
    filled = func.coalesce(model_queue, jobs.c.queue)
    connection.execute(update(jobs).where(jobs.c.id.in_(lacking)).values(model_queue=filled))
    return len(lacking) == PORTION


def forget(connection: WriteConnection) -> None:
    """Drops the buckets that are kept no longer."""
    now: float = connection.scalar(select(db_now())) or 0.0
    for table in (job_counts, job_ends):
        old = [(table.c.grain == grain) & (table.c.at < forgotten_before(grain, now)) for grain in KEPT_SECONDS]
        connection.execute(delete(table).where(or_(*old)))
    connection.execute(delete(step_counts).where(step_counts.c.at < now - _STEPS_KEPT))


@dataclass
class _Counts:
    """What one transaction changes."""

    now: float
    #: By the minute they were made.
    _jobs: Counter[tuple[int, Key, str]] = field(default_factory=Counter)
    _ended: list[EndedJob] = field(default_factory=list)
    _steps: list[tuple[str, int, float]] = field(default_factory=list)

    def take(self, found: Sequence[Row[Any]], state: Row[Any]) -> None:
        """Events in the order of their positions."""
        for row in found:
            event = EventType(row.type)
            if event in STEP_ENDS:
                self._steps.append((row.job_id, row.data["step"], row.at))
            elif is_counted(state, row.job_id):
                before = STATUS_BEFORE.get(event)
                if before is None and row.before is not None:
                    before = TOLD_STATUS[EventType(row.before)]
                if before is not None:
                    self.move(made_at(row.job_id), _key(row), before, -1)
                self.join(row, row.job_id, TOLD_STATUS[event], row.at)

    def move(self, made: float, key: Key, status: str, count: int) -> None:
        """`count` more jobs, made at that moment, have the status."""
        self._jobs[bucket_of(made, MINUTE), key, status] += count

    def join(self, row: Row[Any], job_id: str, status: JobStatus, at: float) -> None:
        """A job has the status since `at`."""
        self.move(made_at(job_id), _key(row), status, 1)
        if status.is_terminal:
            self._ended.append(EndedJob(job_id, _key(row), status, row.created_at, row.started_at, at))

    def write(self, connection: WriteConnection) -> None:
        moved: Counter[tuple[int, int, Key, str]] = Counter()
        for (minute, key, status), count in self._jobs.items():
            for grain, at in buckets_of(minute, self.now):
                moved[grain, at, key, status] += count
        rows = [
            {"grain": grain, "at": at, **key._asdict(), "status": str(status), "jobs": count}
            for (grain, at, key, status), count in moved.items()
            if count
        ]
        if rows:
            connection.execute(adding(connection.dialect.name, job_counts, "jobs"), rows)
        planned = steps_of(connection, {job.id for job in self._ended} | {job_id for job_id, _, _ in self._steps})
        add_ends(connection, self._ended, planned, self.now)
        ended = Counter(
            (bucket_of(at, MINUTE), planned[job_id][number].queue)
            for job_id, number, at in self._steps
            # Code of an earlier release may have deleted the job just now.
            if at > self.now - _STEPS_KEPT and number < len(planned.get(job_id, ()))
        )
        if ended:
            rows = [{"at": at, "queue": queue, "steps": count} for (at, queue), count in ended.items()]
            connection.execute(adding(connection.dialect.name, step_counts, "steps"), rows)


def _key(row: Row[Any]) -> Key:
    return Key(row.kind, row.model, row.of_queue)
