"""What a job says that it was given: without bytes and without anybody's voice in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.requests import AudioSource, JobInput, VoiceSource
from storage.submitting import NewArtifact


def shown_input(given: JobInput, inputs: Mapping[str, NewArtifact]) -> dict[str, Any]:
    """The request's input as the job's document shows it; `inputs` are the job's recordings by role."""
    shown: dict[str, Any] = {}
    if given.text is not None:
        shown["text"] = given.text
    if given.audio is not None:
        shown["audio"] = _recording(given.audio, inputs["audio"])
    for role, source in (("reference", given.reference), ("target", given.target)):
        if source is not None:
            shown[role] = _voice(source, inputs.get(role))
    return shown


def _voice(source: VoiceSource, recording: NewArtifact | None) -> dict[str, Any]:
    if source.voice is not None:
        return {"voice": source.voice}
    if source.embedding is not None:
        return {"embedding": {"family": source.embedding.family, "dimensions": len(source.embedding.vector)}}
    shown: dict[str, Any] = {}
    if source.audio is not None and recording is not None:
        shown["audio"] = _recording(source.audio, recording)
    if source.segments:
        shown["segments"] = [part.model_dump() for part in source.segments]
    return shown


def _recording(source: AudioSource, recording: NewArtifact) -> dict[str, Any]:
    if source.artifact is not None:
        return {"artifact": source.artifact}
    return {"bytes": recording.bytes, "sha256": recording.sha256}
