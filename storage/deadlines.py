"""Deadlines that have passed: what no slot holds expires at once, what runs is asked to stop and then expires."""

from __future__ import annotations

from sqlalchemy import select

from pipelines.failpoints import Commit
from pipelines.jobs import JobStatus, Phase, StopCause
from storage.cancelling import ask_to_stop
from storage.database import Database, db_now
from storage.outcomes import end_unclaimed
from storage.tables import has_deadline, jobs

#: Jobs that one transaction stops: so few that whoever waits for it does not notice.
BATCH = 100

# Jobs that are stopping already stay in the index until their slots let go.
_is_due = (has_deadline, jobs.c.deadline_at <= db_now(), jobs.c.status != JobStatus.CANCELLING.value)
_any_due = select(jobs.c.id).where(*_is_due).limit(1)
# A row that somebody holds just now is left for the next look rather than waited for.
_due = select(jobs).where(*_is_due).order_by(jobs.c.deadline_at).limit(BATCH).with_for_update(skip_locked=True)


def expire_overdue(database: Database) -> int:
    """Stops up to BATCH jobs whose deadline has passed; how many it stopped.

    Each under its row's lock and by what its row says alone, so that two dispatchers at once do no harm.
    """
    with database.read() as reading:
        if reading.execute(_any_due).first() is None:
            return 0
    with database.write(Commit.EXPIRE) as connection:
        rows = connection.execute(_due).all()
        for job in rows:
            if job.phase == Phase.CLAIMED:
                ask_to_stop(connection, job.id, StopCause.DEADLINE)
            else:
                end_unclaimed(connection, job, StopCause.DEADLINE)
    return len(rows)
