"""Taking a deleted job off the roll-ups, whatever of its events the bookkeeper has folded in by then."""

from __future__ import annotations

from sqlalchemy import bindparam, insert, select

from pipelines.events import TOLD_STATUS, WEBHOOK_EVENTS, EventType
from pipelines.ids import made_at
from storage.counting import is_counted, key_columns
from storage.database import WriteConnection
from storage.tables import events, jobs
from storage.tables_counts import count_corrections, count_state

# While others share it, nothing is folded in: what is read here stays true until the commit.
_share_state = select(count_state).with_for_update(read=True)
_job = select(*key_columns).where(jobs.c.id == bindparam("of_job"))
_counted_as = (
    select(events.c.type)
    .where(
        events.c.job_id == bindparam("of_job"),
        events.c.position <= bindparam("upto"),
        events.c.type.in_(WEBHOOK_EVENTS),
    )
    .order_by(events.c.seq.desc())
    .limit(1)
)


def uncount(connection: WriteConnection, job_id: str) -> None:
    """To be called in the transaction that deletes the job, before its rows go."""
    state = connection.execute(_share_state).one()
    if not is_counted(state, job_id):
        return
    counted_as = connection.scalar(_counted_as, {"of_job": job_id, "upto": state.position})
    if counted_as is None:
        return
    job = connection.execute(_job, {"of_job": job_id}).one()
    connection.execute(
        insert(count_corrections).values(
            at=int(made_at(job_id)),
            kind=job.kind,
            model=job.model,
            queue=job.of_queue,
            status=TOLD_STATUS[EventType(counted_as)].value,
        )
    )
