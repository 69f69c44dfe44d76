"""What jobs and saved voices have to do with each other: who may use a voice, and what a job finds out about one.

A job that is given a voice writes down that it was: so a deleted voice is found wherever it went.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from pipelines.catalog import Capability
from pipelines.errors import InvalidRequest
from pipelines.voices import VoiceStatus
from storage.database import AnyConnection, WriteConnection, db_now
from storage.tables_voices import voice_embeddings, voice_uses, voices
from storage.upserts import replacing

if TYPE_CHECKING:
    from storage.submitting import NewArtifact

#: In the options of a job's steps: a voice that they were given has been deleted since.
FORGOTTEN = "voice_deleted"

#: What the check finds out about a recording before it hears who speaks.
_MEASURED = ("seconds", "speech_seconds", "clipped_share")


def hold(connection: WriteConnection, job_id: str, voice_ids: Collection[str]) -> None:
    """Gives the job these voices; InvalidRequest where one is gone. A delete waits for the commit, then finds the job.

    Whether a voice is fit to be used was asked before: once ready it stays so.
    """
    if not voice_ids:
        return
    ordered = sorted(set(voice_ids))
    there = select(voices.c.id).where(voices.c.id.in_(ordered), voices.c.deleted_at.is_(None)).order_by(voices.c.id)
    if len(connection.execute(there.with_for_update(read=True, key_share=True)).all()) < len(ordered):
        raise InvalidRequest.of("voice", "was deleted just now", code="unknown_voice")
    connection.execute(insert(voice_uses), [{"voice_id": voice_id, "job_id": job_id} for voice_id in ordered])


def held_by(connection: AnyConnection, job_id: str) -> tuple[str, ...]:
    """The voices that a job was given."""
    query = select(voice_uses.c.voice_id).where(voice_uses.c.job_id == job_id).order_by(voice_uses.c.voice_id)
    return tuple(connection.scalars(query))


def check_again(connection: WriteConnection, earlier: str, job_id: str) -> None:
    """A retry of the job that refused a voice checks it anew."""
    connection.execute(
        update(voices)
        .where(voices.c.job_id == earlier, voices.c.status == VoiceStatus.REFUSED, voices.c.deleted_at.is_(None))
        .values(job_id=job_id, status=VoiceStatus.CHECKING, reasons=[], updated_at=db_now())
    )


def learn(
    connection: WriteConnection,
    options: Mapping[str, Any],
    outputs: Sequence[NewArtifact],
    document: Mapping[str, Any] | None,
) -> None:
    """Writes down what a step found out about a voice, where its options ask to `remember` it.

    A vector is kept under its space and revision; the lengths of the recording, what the check says of its speakers,
    and that the voice is ready then. Nothing of a voice that is gone.
    """
    remember = options.get("remember")
    if remember is None or document is None:
        return
    there = voices.c.id == remember["voice"], voices.c.deleted_at.is_(None)
    voice = connection.execute(select(voices.c.id, voices.c.sha256).where(*there).with_for_update()).one_or_none()
    if voice is None:
        return
    if "embedding" in document:
        connection.execute(
            replacing(connection.dialect.name, voice_embeddings),
            {
                "voice_id": voice.id,
                "space": remember["space"],
                "revision": remember["revision"],
                "sha256": voice.sha256,
                "vector": document["embedding"]["vector"],
                "created_at": connection.scalar(select(db_now())),
            },
        )
    found = _found(document, outputs)
    if found:
        connection.execute(update(voices).where(*there).values(**found, updated_at=db_now()))


def _found(document: Mapping[str, Any], outputs: Sequence[NewArtifact]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if "speech_seconds" in document:
        values = {name: document[name] for name in _MEASURED}
        values["segments"] = [[part["start"], part["end"]] for part in document["segments"]]
    if "check" in document:
        preview = next((item for item in outputs if item.role == "preview"), None)
        values |= {
            "status": VoiceStatus.READY,
            "reasons": [],
            "speakers": document["check"]["speakers"],
            "pitch": document["check"].get("pitch"),
            "warnings": document["check"]["warnings"],
            "preview": None if preview is None else asdict(preview),
            "preview_key": None if preview is None else preview.key,
        }
    return values


def refuse(connection: WriteConnection, job_id: str, kind: str, error: Mapping[str, Any] | None) -> None:
    """Refuses the voice that the job was to check, with the job's error as the reason; other jobs change nothing."""
    if kind != Capability.EMBEDDING:
        return
    reason = {"code": "cancelled", "message": "The check was cancelled."}
    if error is not None:
        reason = {"code": error["code"], "message": error["detail"]}
    connection.execute(
        update(voices)
        .where(voices.c.job_id == job_id, voices.c.status == VoiceStatus.CHECKING, voices.c.deleted_at.is_(None))
        .values(status=VoiceStatus.REFUSED, reasons=[reason], updated_at=db_now())
    )
