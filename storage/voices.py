"""Saved voices: made with the job that checks them, shown, changed, looked up for a request, deleted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, func, insert, select, text, update

from pipelines.errors import Conflict, InvalidRequest
from pipelines.failpoints import Commit
from pipelines.voices import Recording, SavedVoice, Space, VoiceStatus
from storage.backlog import Room
from storage.database import AnyConnection, Database, WriteConnection, db_now
from storage.filters import Page
from storage.submitting import Idempotency, NewArtifact, Submission, submit
from storage.tables_voices import voice_embeddings, voice_labels, voices
from storage.voice_deleting import delete_voice, no_voice
from storage.voice_pages import VoiceFilter, folded, page_ids

#: Any number; whoever makes a voice holds this lock, so that their number and their keys are exact.
_LOCK = 0x766F6963

#: How long the same key gives the same voice, in seconds.
_KEY_SECONDS = 86_400.0


@dataclass(frozen=True)
class NewVoice:
    """A voice to be; its recording is stored under a key of its own."""

    id: str
    name: str
    recording: NewArtifact
    language: str | None = None
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    idempotency: Idempotency | None = None


@dataclass(frozen=True)
class MadeVoice:
    """The voice's id; `replayed` if an earlier request with the same key made it."""

    id: str
    replayed: bool


@dataclass(frozen=True)
class VoiceRows:
    """A voice, and the spaces in which it is known how it sounds."""

    voice: Row[Any]
    embeddings: tuple[Space, ...]


class VoiceStore:
    """Each method but `delete` is one transaction; NotFound for an id that is none or was deleted."""

    def __init__(self, database: Database, most: int = 1000) -> None:
        self._database = database
        self._most = most

    def create(self, new: NewVoice, check: Submission, room: Room | None = None) -> MadeVoice:
        """Makes the voice and submits the job that checks it, which holds it.

        Conflict if its submitter has too many voices, InvalidRequest if the key made another, SubmitterFull.
        """
        with self._database.write(Commit.SUBMIT) as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            if new.idempotency is not None:
                earlier = _recall(connection, check.submitter, new.idempotency)
                if earlier is not None:
                    return MadeVoice(earlier, replayed=True)
                _free_old_key(connection, check.submitter, new.idempotency)
            self._check_number(connection, check.submitter)
            connection.execute(insert(voices).values(_values(new, check)))
            if new.labels:
                connection.execute(insert(voice_labels), _label_rows(new.id, new.labels))
            submit(connection, check, room)
            return MadeVoice(new.id, replayed=False)

    def _check_number(self, connection: WriteConnection, submitter: str) -> None:
        there = select(voices.c.id).where(voices.c.submitter == submitter, voices.c.deleted_at.is_(None))
        some = there.limit(self._most).subquery()
        if (connection.scalar(select(func.count()).select_from(some)) or 0) >= self._most:
            msg = f"There are {self._most} saved voices already; delete one first."
            raise Conflict(msg, code="too_many_voices")

    def made_by(self, submitter: str, used: Idempotency) -> str | None:
        """The id of the voice that this request has made under its key; InvalidRequest if it was another request."""
        with self._database.read() as connection:
            return _recall(connection, submitter, used)

    def knows_key(self, submitter: str, key: str) -> bool:
        """Whether a voice was made under this idempotency key."""
        query = select(voices.c.id).where(voices.c.submitter == submitter, voices.c.idempotency_key == key)
        with self._database.read() as connection:
            return connection.scalar(query) is not None

    def get(self, voice_id: str) -> VoiceRows:
        """The voice as it stands."""
        with self._database.read() as connection:
            return _read(connection, voice_id)

    def page(self, which: VoiceFilter, page: Page) -> list[VoiceRows]:
        """Newest first."""
        with self._database.read() as connection:
            ids = page_ids(connection, which, page)
            query = select(voices).where(voices.c.id.in_(ids), voices.c.deleted_at.is_(None))
            rows = connection.execute(query.order_by(voices.c.id.desc())).all() if ids else []
            known = _spaces(connection, ids)
            return [VoiceRows(row, known.get(row.id, ())) for row in rows]

    def change(self, voice_id: str, values: Mapping[str, Any]) -> VoiceRows:
        """Sets name, language, description or labels; never the recording."""
        with self._database.write() as connection:
            there = voices.c.id == voice_id, voices.c.deleted_at.is_(None)
            if connection.execute(select(voices.c.id).where(*there).with_for_update()).one_or_none() is None:
                raise no_voice(voice_id)
            changed = dict(values)
            if "name" in changed:
                changed["folded"] = folded(changed["name"])
            connection.execute(update(voices).where(*there).values(**changed, updated_at=db_now()))
            if "labels" in changed:
                connection.execute(voice_labels.delete().where(voice_labels.c.voice_id == voice_id))
                if changed["labels"]:
                    connection.execute(insert(voice_labels), _label_rows(voice_id, changed["labels"]))
            return _read(connection, voice_id)

    def delete(self, voice_id: str) -> list[str]:
        """Deletes the voice with all that is known of it; the keys of the bytes that are to go (and are noted)."""
        return delete_voice(self._database, voice_id)

    def saved(self, ids: Collection[str]) -> dict[str, SavedVoice]:
        """What a plan needs to know of these voices; those that are not there are left out."""
        if not ids:
            return {}
        query = select(voices).where(voices.c.id.in_(sorted(ids)), voices.c.deleted_at.is_(None))
        vectors = (
            select(voice_embeddings)
            .join(voices, voices.c.id == voice_embeddings.c.voice_id)
            .where(voice_embeddings.c.voice_id.in_(sorted(ids)), voice_embeddings.c.sha256 == voices.c.sha256)
        )
        with self._database.read() as connection:
            found = connection.execute(query).all()
            known: dict[str, dict[Space, tuple[float, ...]]] = {row.id: {} for row in found}
            for row in connection.execute(vectors):
                if row.voice_id in known:
                    known[row.voice_id][Space(row.space, row.revision)] = tuple(row.vector)
        return {row.id: _saved(row, known[row.id]) for row in found}


def _saved(row: Row[Any], embeddings: Mapping[Space, tuple[float, ...]]) -> SavedVoice:
    recording = Recording(row.key, row.media_type, row.bytes, row.sha256, row.seconds)
    segments = tuple((start, end) for start, end in row.segments or ())
    return SavedVoice(row.id, VoiceStatus(row.status), recording, embeddings, segments, row.pitch)


def _read(connection: AnyConnection, voice_id: str) -> VoiceRows:
    query = select(voices).where(voices.c.id == voice_id, voices.c.deleted_at.is_(None))
    row = connection.execute(query).one_or_none()
    if row is None:
        raise no_voice(voice_id)
    return VoiceRows(row, _spaces(connection, [voice_id]).get(voice_id, ()))


def _spaces(connection: AnyConnection, ids: Collection[str]) -> dict[str, tuple[Space, ...]]:
    """The spaces that are known of each voice, without the vectors."""
    columns = voice_embeddings.c.voice_id, voice_embeddings.c.space, voice_embeddings.c.revision
    found: dict[str, tuple[Space, ...]] = {}
    for row in connection.execute(select(*columns).where(columns[0].in_(ids)).order_by(*columns)) if ids else ():
        found[row.voice_id] = (*found.get(row.voice_id, ()), Space(row.space, row.revision))
    return found


def _values(new: NewVoice, check: Submission) -> dict[str, Any]:
    recording, used = new.recording, new.idempotency
    return {
        "id": new.id,
        "submitter": check.submitter,
        "name": new.name,
        "folded": folded(new.name),
        "language": new.language,
        "description": new.description,
        "labels": dict(new.labels),
        "status": VoiceStatus.CHECKING,
        "reasons": [],
        "warnings": [],
        "job_id": check.id,
        "key": recording.key,
        "media_type": recording.media_type,
        "bytes": recording.bytes,
        "sha256": recording.sha256,
        "idempotency_key": None if used is None else used.key,
        "fingerprint": None if used is None else used.fingerprint,
        "created_at": db_now(),
        "updated_at": db_now(),
    }


def _label_rows(voice_id: str, labels: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"voice_id": voice_id, "key": key, "value": value} for key, value in labels.items()]


def _free_old_key(connection: WriteConnection, submitter: str, used: Idempotency) -> None:
    its_key = voices.c.submitter == submitter, voices.c.idempotency_key == used.key
    freed = update(voices).where(*its_key, voices.c.created_at < db_now() - _KEY_SECONDS)
    connection.execute(freed.values(idempotency_key=None, fingerprint=None))


def _recall(connection: AnyConnection, submitter: str, used: Idempotency) -> str | None:
    """The voice that the key has made within a day."""
    its_key = voices.c.submitter == submitter, voices.c.idempotency_key == used.key
    query = select(voices.c.id, voices.c.fingerprint).where(*its_key, voices.c.created_at >= db_now() - _KEY_SECONDS)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    if row.fingerprint != used.fingerprint:
        message = "was used before with another request"
        raise InvalidRequest.of("Idempotency-Key", message, code="idempotency_mismatch")
    voice_id: str = row.id
    return voice_id
