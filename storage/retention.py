"""The end of what is kept: results that have expired, and jobs that are deleted with all that belongs to them.

Bytes are not removed here. Their keys go to the table `garbage` in the transaction that removes the rows which named
them; `storage.garbage` removes the bytes afterwards, if no other row names them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, delete, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pipelines.errors import Conflict, NotFound
from pipelines.events import EventType
from pipelines.failpoints import Commit
from pipelines.ids import first_id_at
from pipelines.jobs import JobStatus, Phase
from storage.chunks import forget_chunks
from storage.database import Database, WriteConnection, db_now
from storage.fanout import tell_untold
from storage.garbage import note
from storage.history import NewEvent, append
from storage.tables import artifacts, events, garbage, has_results_to_remove, jobs, steps
from storage.tables_chunks import chunks
from storage.tables_webhooks import webhook_deliveries
from storage.uncounting import uncount

#: Jobs that one round looks at.
BATCH = 100

_expired = (
    select(jobs.c.id)
    .where(has_results_to_remove, jobs.c.expires_at <= db_now())
    .order_by(jobs.c.expires_at)
    .limit(BATCH)
)
# Code of the release before this one, beside this, ends jobs without `expires_at`.
_kept_until = func.coalesce(jobs.c.expires_at, jobs.c.finished_at + jobs.c.expires_in)


def remove_expired(database: Database) -> int:
    """Removes what up to BATCH jobs took and made, once it was kept for long enough; how many there were.

    A transaction for each job, under its row's lock: two at once do no harm, and nobody waits for long.
    """
    with database.read() as reading:
        job_ids = list(reading.scalars(_expired))
    return sum(_remove_results(database, job_id) for job_id in job_ids)


def delete_old(database: Database, seconds: float) -> int:
    """Deletes up to BATCH jobs that ended more than `seconds` ago; how many there were.

    Not those whose results are still kept because a client asked for that.
    """
    with database.read() as reading:
        now: float = reading.scalar(select(db_now())) or 0.0
        # Ids sort by time, so the oldest stand at the beginning of the primary key.
        job_ids = list(
            reading.scalars(
                select(jobs.c.id)
                .where(
                    jobs.c.id < first_id_at("job", now - seconds),
                    jobs.c.phase == Phase.ENDED.value,
                    jobs.c.finished_at < now - seconds,
                    or_(jobs.c.removed_at.is_not(None), _kept_until.is_(None), _kept_until <= now),
                )
                .order_by(jobs.c.id)
                .limit(BATCH)
            )
        )
    for job_id in job_ids:
        with database.write() as connection:
            if _locked(connection, job_id) is not None:
                _delete(connection, job_id)
    return len(job_ids)


def remove_heard(database: Database, seconds: float) -> int:
    """Removes the chunks of up to BATCH jobs that ended more than `seconds` ago; how many jobs there were.

    Nobody adds any after the end, and a retry takes none over: what they sound like together is in the result.
    """
    with database.read() as reading:
        now: float = reading.scalar(select(db_now())) or 0.0
        # Ids sort by time, and what is older is mostly gone: few rows are looked at.
        ended = (
            select(chunks.c.job_id)
            .join(jobs, jobs.c.id == chunks.c.job_id)
            .where(
                chunks.c.job_id < first_id_at("job", now - seconds),
                jobs.c.phase == Phase.ENDED.value,
                jobs.c.finished_at < now - seconds,
            )
            .distinct()
            .order_by(chunks.c.job_id)
            .limit(BATCH)
        )
        job_ids = list(reading.scalars(ended))
    for job_id in job_ids:
        with database.write() as connection:
            note(connection, forget_chunks(connection, job_id))
    return len(job_ids)


def delete_job(connection: WriteConnection, job_id: str) -> None:
    """See JobStore.delete."""
    job = _locked(connection, job_id)
    if job is None:
        msg = f"There is no job {job_id[:64]}."
        raise NotFound(msg, code="job_not_found")
    if not JobStatus(job.status).is_terminal:
        msg = f"The job is {job.status}; it can be deleted once it has ended. Cancel it first."
        raise Conflict(msg, code="not_finished", retry_after=1)
    _delete(connection, job_id)


def _locked(connection: WriteConnection, job_id: str) -> Row[str, str] | None:
    """The job's row, under a lock that lets rows be written which refer to it.

    The dispatcher locks events first and writes their messages then: whoever deletes must not have it wait for the job.
    """
    query = select(jobs.c.id, jobs.c.status).where(jobs.c.id == job_id)
    return connection.execute(query.with_for_update(key_share=True)).one_or_none()


def _delete(connection: WriteConnection, job_id: str) -> None:
    """Everything else that belongs to the job goes with its row, but for the messages that are owed (invariant 6)."""
    uncount(connection, job_id)
    _remove_events(connection, job_id)
    _let_go_of_messages(connection, job_id)
    _discard(connection, job_id)
    connection.execute(delete(jobs).where(jobs.c.id == job_id))


def _remove_events(connection: WriteConnection, job_id: str) -> None:
    """Endpoints are told first of what they were not told of yet.

    Under the events' locks, so that each is told of by this or by the dispatcher, which passes by what is deleted.
    """
    its_own = events.c.job_id == job_id
    connection.execute(select(events.c.id).where(its_own).order_by(events.c.id).with_for_update()).all()
    tell_untold(connection, job_id)
    connection.execute(delete(events).where(its_own))


def _let_go_of_messages(connection: WriteConnection, job_id: str) -> None:
    """What is still to be sent is sent without its job: the bodies were fixed when they were written."""
    its_own = webhook_deliveries.c.job_id == job_id
    # All of them, so that none is sent anew meanwhile; in the senders' order (`WebhookStore.record_all`).
    of_senders = (webhook_deliveries.c.target, webhook_deliveries.c.id)
    connection.execute(select(*of_senders).where(its_own).order_by(*of_senders).with_for_update()).all()
    owed = webhook_deliveries.c.status.in_(("pending", "held"))
    connection.execute(update(webhook_deliveries).where(its_own, owed).values(job_id=None))


def _discard(connection: WriteConnection, job_id: str) -> None:
    """Notes the keys of the job's artifacts as garbage and removes their rows.

    Whether another row names a key too is looked at by whoever removes the bytes. A note that is there already is
    written again: so this waits for one who is about to drop it, seeing that this job still names the key.
    """
    now: float = connection.scalar(select(db_now())) or 0.0
    keys = select(artifacts.c.key, literal(now)).where(artifacts.c.job_id == job_id).distinct()
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    # In order of the keys, so that two who discard the same bytes do not wait for each other.
    noted = dialect.insert(garbage).from_select(["key", "not_before"], keys.order_by(artifacts.c.key))
    connection.execute(noted.on_conflict_do_update(index_elements=[garbage.c.key], set_={"not_before": now}))
    connection.execute(delete(artifacts).where(artifacts.c.job_id == job_id))
    note(connection, forget_chunks(connection, job_id))


def _remove_results(database: Database, job_id: str) -> bool:
    with database.write(Commit.REMOVE_RESULTS) as connection:
        # One that is being retried or deleted just now is left for the next round.
        job = connection.execute(
            select(jobs)
            .where(jobs.c.id == job_id, has_results_to_remove, jobs.c.expires_at <= db_now())
            .with_for_update(skip_locked=True)
        ).one_or_none()
        if job is None:
            return False
        _discard(connection, job_id)
        row = connection.execute(
            update(jobs)
            .where(jobs.c.id == job_id)
            .values(removed_at=db_now(), output=None, request=_without_text(job.request), seq=jobs.c.seq + 1)
            .returning(jobs.c.seq, jobs.c.removed_at)
        ).one()
        _forget_texts(connection, job_id)
        _forget_segments(connection, job_id)
        append(connection, job_id, row.seq, row.removed_at, [NewEvent(EventType.RESULTS_REMOVED)])
    return True


def _forget_texts(connection: WriteConnection, job_id: str) -> None:
    """What was to be spoken is the client's own as much as a recording is."""
    for step in connection.execute(select(steps).where(steps.c.job_id == job_id)):
        if "text" in step.options:
            this_step = (steps.c.job_id == job_id) & (steps.c.number == step.number)
            connection.execute(update(steps).where(this_step).values(options={**step.options, "text": None}))


def _forget_segments(connection: WriteConnection, job_id: str) -> None:
    """What was understood of a recording, which the history told while it was heard."""
    told = connection.execute(select(events).where(events.c.job_id == job_id, events.c.type == EventType.STEP_CHUNK))
    for event in told.all():
        if "segments" in event.data:
            left = {name: value for name, value in event.data.items() if name != "segments"}
            connection.execute(update(events).where(events.c.id == event.id).values(data=left))


def _without_text(request: dict[str, Any]) -> dict[str, Any]:
    given = request.get("input")
    if not isinstance(given, dict) or "text" not in given:
        return request
    return {**request, "input": {**given, "text": None}}
