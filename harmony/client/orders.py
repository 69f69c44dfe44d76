"""Bodies of `POST /v1/jobs`, one maker per kind: what is left out is the server's default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from harmony.client.documents import ConversionFields, JobFields, Kind, ListeningFields, SpeechFields
from harmony.client.recordings import Audio, File, is_artifact

#: What belongs into `options`.
_OPTIONS = ("voice", "language", "format", "speed")


@dataclass(frozen=True)
class Order:
    """A body, the files that go beside it by role, and the key under which it is one job however often it is sent."""

    job: Mapping[str, Any]
    files: Mapping[str, File] = field(default_factory=dict)
    key: str | None = None


def speech(text: str, fields: SpeechFields, reference: Audio | None = None) -> Order:
    """Text, spoken by a voice of the model, by a saved one, or like a recording."""
    return _order("speech", {"text": text}, fields, {} if reference is None else {"reference": reference})


def listening(kind: Kind, audio: Audio, fields: ListeningFields | JobFields) -> Order:
    """What there is to be heard in a recording."""
    return _order(kind, {}, fields, {"audio": audio})


def conversion(audio: Audio, fields: ConversionFields, target: Audio | None, voice: str | None) -> Order:
    """A recording in the voice of another, or in a saved one. ValueError unless exactly one is given."""
    if (target is None) == (voice is None):
        raise ValueError("a conversion needs either target, a recording, or voice, the id of a saved one")
    given = {"target": {"voice": voice}} if target is None else {}
    recordings = {"audio": audio} if target is None else {"audio": audio, "target": target}
    return _order("voice_conversion", given, fields, recordings)


def _order(kind: Kind, given: dict[str, Any], fields: JobFields, recordings: Mapping[str, Audio]) -> Order:
    rest = dict(fields)
    key = cast("str | None", rest.pop("idempotency_key", None))
    options = {**cast("Mapping[str, Any]", rest.pop("options", {}))}
    options |= {name: rest.pop(name) for name in _OPTIONS if name in rest}
    files: dict[str, File] = {}
    for role, audio in recordings.items():
        if is_artifact(audio):
            source = {"artifact": cast("Mapping[str, Any]", audio)["id"]}
            given[role] = source if role == "audio" else {"audio": source}
        else:
            files[role] = cast("File", audio)
    return Order({"kind": kind, "input": given, "options": options, **rest}, files, key)
