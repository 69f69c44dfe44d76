"""Deleting a voice: nothing of it stays, in any table or in the store.

First the voice is hidden and emptied, in one transaction. Then each job that was given it forgets it, in a transaction
of its own under that job's lock, so that nobody waits for long; last of all the row goes. A process that dies on the
way leaves the hidden row, and the janitor goes on from there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, delete, exists, or_, select, update

from pipelines.catalog import Capability
from pipelines.errors import NotFound
from pipelines.events import EventType
from pipelines.jobs import JobStatus, Phase, Purpose
from pipelines.problems import cause_problem
from pipelines.progress import GiveUp
from storage.database import Database, WriteConnection, db_now
from storage.garbage import note
from storage.history import NewEvent, append
from storage.outcomes import fail, fail_unclaimed, is_overdue, is_to_stop, stop
from storage.tables import artifacts, jobs, steps
from storage.tables_voices import is_being_deleted, voice_embeddings, voice_labels, voice_uses, voices
from storage.voice_uses import FORGOTTEN

#: Jobs that are looked up at once, and voices that one round of the janitor looks at.
_BATCH = 100

#: What a deleted voice loses at once.
_EMPTY: dict[str, Any] = {
    "name": "",
    "folded": "",
    "language": None,
    "description": "",
    "labels": {},
    "reasons": [],
    "warnings": [],
    "segments": None,
    "pitch": None,
    "idempotency_key": None,
    "fingerprint": None,
}
#: Members of a step's options that say how or where somebody speaks.
_TELLING = frozenset({"vector", "segments"})


def no_voice(voice_id: str) -> NotFound:
    return NotFound(f"There is no voice {voice_id[:64]}.", code="voice_not_found")


def delete_voice(database: Database, voice_id: str) -> list[str]:
    """Deletes the voice with all that is known of it; the keys of the bytes that are to go. NotFound without it.

    Jobs that go on and were given it fail with `voice_deleted`; those that have ended keep what they made, less the
    recording, what was made of it on the way, and every embedding.
    """
    with database.write() as connection:
        there = select(voices.c.id).where(voices.c.id == voice_id, voices.c.deleted_at.is_(None))
        if connection.execute(there.with_for_update()).one_or_none() is None:
            raise no_voice(voice_id)
        connection.execute(update(voices).where(voices.c.id == voice_id).values(**_EMPTY, deleted_at=db_now()))
        connection.execute(delete(voice_embeddings).where(voice_embeddings.c.voice_id == voice_id))
        connection.execute(delete(voice_labels).where(voice_labels.c.voice_id == voice_id))
    return _forget(database, voice_id)


def finish_deleting(database: Database) -> int:
    """Goes on where a process died that deleted a voice; how many there were."""
    with database.read() as reading:
        ids = list(reading.scalars(select(voices.c.id).where(is_being_deleted).limit(_BATCH)))
    for voice_id in ids:
        _forget(database, voice_id)
    return len(ids)


def _forget(database: Database, voice_id: str) -> list[str]:
    """From a hidden voice to none. Two at once do no harm: each looks again under the locks."""
    with database.read() as reading:
        voice = reading.execute(select(voices).where(voices.c.id == voice_id)).one_or_none()
    if voice is None:
        return []
    keys = [key for key in (voice.key, voice.preview_key) if key is not None]
    removed: list[str] = []
    while True:
        job_ids = _users(database, voice_id, keys)
        if not job_ids and _remove(database, voice_id, keys):
            return removed + keys
        for job_id in job_ids:
            with database.write() as connection:
                removed += _forget_in_job(connection, voice_id, keys, job_id)


def _users(database: Database, voice_id: str, keys: Sequence[str]) -> list[str]:
    """Jobs that were given the voice, or that borrowed its recording as an earlier artifact."""
    given = select(voice_uses.c.job_id).where(voice_uses.c.voice_id == voice_id).limit(_BATCH)
    borrowed = select(artifacts.c.job_id).where(artifacts.c.key.in_(keys)).limit(_BATCH)
    with database.read() as reading:
        return sorted({*reading.scalars(given), *reading.scalars(borrowed)})


def _remove(database: Database, voice_id: str, keys: Sequence[str]) -> bool:
    """Removes the row, unless a job was given the voice since somebody looked."""
    with database.write() as connection:
        locked = connection.execute(select(voices.c.id).where(voices.c.id == voice_id).with_for_update())
        locked.one_or_none()
        used = exists().where(voice_uses.c.voice_id == voice_id), exists().where(artifacts.c.key.in_(keys))
        if connection.scalar(select(or_(*used))):
            return False
        note(connection, keys)
        connection.execute(delete(voices).where(voices.c.id == voice_id))
    return True


def _forget_in_job(connection: WriteConnection, voice_id: str, keys: Sequence[str], job_id: str) -> list[str]:
    """Ends the job if it goes on, and takes the voice out of all its rows; the keys of bytes that are to go."""
    job = connection.execute(select(jobs, is_overdue).where(jobs.c.id == job_id).with_for_update()).one_or_none()
    if job is None:
        return []
    if not JobStatus(job.status).is_terminal:
        _end(connection, job)
    heard = job.kind == Capability.EMBEDDING
    removed = _discard(connection, job_id, keys, everything=heard)
    for step in connection.execute(select(steps).where(steps.c.job_id == job_id)):
        options = {**_without(step.options, voice_id), FORGOTTEN: True}
        this_step = (steps.c.job_id == job_id) & (steps.c.number == step.number)
        connection.execute(update(steps).where(this_step).values(options=options))
    values: dict[str, Any] = {"request": _without(job.request, voice_id, keep=_TELLING)}
    if job.voice == voice_id:
        values["voice"] = None
    if heard:
        values |= {"output": None, "removed_at": db_now(), "seq": jobs.c.seq + 1}
    elif job.output is not None:
        values["output"] = _without(job.output, voice_id, keep=_TELLING)
    row = connection.execute(
        update(jobs).where(jobs.c.id == job_id).values(**values).returning(jobs.c.seq, db_now().label("now"))
    ).one()
    if heard:
        append(connection, job_id, row.seq, row.now, [NewEvent(EventType.RESULTS_REMOVED)])
    connection.execute(delete(voice_uses).where(voice_uses.c.voice_id == voice_id, voice_uses.c.job_id == job_id))
    return removed


def _end(connection: WriteConnection, job: Row[Any]) -> None:
    """Fails a job that cannot go on without the voice; the slot that holds its step learns so from its heartbeat."""
    detail = "The saved voice that the job was given has been deleted."
    error = cause_problem("permanent", code="voice_deleted", detail=detail)
    if job.phase != Phase.CLAIMED:
        fail_unclaimed(connection, job, error)
    elif is_to_stop(job):
        stop(connection, job, "cancelled")
    else:
        fail(connection, job, GiveUp({**job.charged, "permanent": 1}), error, "failed")


def _discard(connection: WriteConnection, job_id: str, keys: Collection[str], *, everything: bool) -> list[str]:
    """Removes the rows of what the job took of the voice and made of it on the way; with `everything`, all it has."""
    its_own = [artifacts.c.job_id == job_id]
    if not everything:
        its_own.append(or_(artifacts.c.key.in_(keys), artifacts.c.purpose == Purpose.INTERMEDIATE))
    gone = sorted(set(connection.scalars(select(artifacts.c.key).where(*its_own))) - set(keys))
    note(connection, gone)
    connection.execute(delete(artifacts).where(*its_own))
    return gone


def _without(value: Any, voice_id: str, keep: Collection[str] = ()) -> Any:  # noqa: ANN401 - any JSON
    """The same without the voice's id, and without vectors and stretches of speech unless they are to be kept."""
    if value == voice_id:
        return None
    if isinstance(value, dict):
        return {
            name: None if name in _TELLING and name not in keep else _without(item, voice_id, keep)
            for name, item in value.items()
        }
    return [_without(item, voice_id, keep) for item in value] if isinstance(value, list) else value
