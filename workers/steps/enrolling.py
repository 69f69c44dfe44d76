"""The last step of the check of a saved voice: how it sounds, who speaks, and a piece to listen to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from pipelines.errors import PermanentError
from workers.contract import Audio, Embedding, EmbeddingRequest, Samples, SpeakerEncoder, SpeechRegion
from workers.enginekit import heard
from workers.pitch import median_pitch
from workers.speakers import Limits, count_speakers, parts_of
from workers.steps.context import Output, Result, StepContext, as_json, contents
from workers.wav import write_wav

#: Share of samples at full scale. Measured on tests/data/speech: with 9 % of the samples clipped the embedding is still
#: within 0.94 of the clean one's, with 24 % it is at 0.80, near to where other people begin.
_CLIPPED: Final = 0.1
_SLIGHTLY_CLIPPED: Final = 0.01
#: With less speech, in seconds, a voice is known, but not well.
_LITTLE_SPEECH: Final = 5.0


def enroll(context: StepContext) -> Result:
    """The embedding of all speech, with what the check found. PermanentError where the recording will not do."""
    (found,) = context.inputs("segments")
    measured = json.loads(context.read(found))
    if measured["clipped_share"] >= _CLIPPED:
        message = f"{measured['clipped_share']:.0%} of the recording is clipped: it was recorded too loud."
        raise PermanentError(message, code="reference_clipped", field="audio")
    audio = context.audio()
    stretches = [SpeechRegion(part["start"], part["end"]) for part in measured["segments"]]
    with context.engine(SpeakerEncoder) as engine:
        vector = _embedding(context, engine, audio, stretches)
        speakers = _speakers(context, engine, audio, stretches)
    if speakers is not None and speakers > 1:
        message = f"{speakers} people seem to speak in the recording; a voice needs one."
        raise PermanentError(message, code="reference_several_speakers", field="audio")
    pitch = median_pitch(heard(audio, stretches))
    pitch = None if pitch is None else round(pitch, 1)
    document = {
        "embedding": {"family": vector.family, "dimensions": len(vector.vector), "vector": vector.vector.tolist()},
        "check": {"speakers": speakers, "pitch": pitch, "warnings": _warnings(measured, speakers)},
    }
    made = as_json("embedding", document)
    return Result([*made.outputs, _preview(audio, stretches)], made.document)


def _embedding(
    context: StepContext, engine: SpeakerEncoder, audio: Audio, stretches: Sequence[SpeechRegion]
) -> Embedding:
    request = EmbeddingRequest(context.options, stretches)
    (embedding,) = contents(context, engine.embed(audio, request), Embedding)
    return embedding


def _speakers(
    context: StepContext, engine: SpeakerEncoder, audio: Audio, stretches: Sequence[SpeechRegion]
) -> int | None:
    """How many people speak; None where it is not known what tells two people apart, or it cannot be told."""
    limits = context.work.options.get("same_speaker")
    if limits is None:
        return None
    vectors: list[Samples] = [_embedding(context, engine, audio, [part]).vector for part in parts_of(stretches)]
    return count_speakers(np.array(vectors), Limits(limits["same"], limits["other"]))


def _warnings(measured: dict[str, Any], speakers: int | None) -> list[dict[str, str]]:
    found: list[tuple[str, str]] = []
    if measured["speech_seconds"] < _LITTLE_SPEECH:
        message = f"{measured['speech_seconds']:.1f} s of speech; {_LITTLE_SPEECH:g} s and more make a better voice."
        found.append(("little_speech", message))
    if measured["clipped_share"] >= _SLIGHTLY_CLIPPED:
        found.append(("clipped", f"{measured['clipped_share']:.1%} of the recording is clipped."))
    if speakers is None:
        found.append(("speakers_unknown", "It cannot be told whether one person speaks, or several."))
    return [{"code": code, "message": message} for code, message in found]


def _preview(audio: Audio, stretches: Sequence[SpeechRegion]) -> Output:
    """The longest stretch, which has ten seconds at most."""
    best = max(stretches, key=lambda part: part.end - part.start)
    piece = heard(audio, [best])
    return Output("preview", "audio/wav", "wav", write_wav(piece), round(piece.seconds, 3), piece.sample_rate)
