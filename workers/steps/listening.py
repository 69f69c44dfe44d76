"""From sound to words and numbers: recognition, voice activity, speaker embeddings."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from workers.contract import (
    Embedding,
    EmbeddingRequest,
    RecognitionRequest,
    Segment,
    SpeakerEncoder,
    SpeechDetector,
    SpeechRegion,
    Transcriber,
    TranscriptionInfo,
)
from workers.references import Bounds, check_length, check_sound, inside
from workers.steps.context import Result, StepContext, as_json, check, contents
from workers.steps.showing import ShownSegments


def transcribe(context: StepContext) -> Result:
    """What is said, and when."""
    asked = context.work.options
    request = RecognitionRequest(asked["language"], translate=asked["translate"], options=context.options)
    audio = context.audio()
    info: TranscriptionInfo | None = None
    shown = ShownSegments(context)
    with context.engine(Transcriber) as engine:
        for item in engine.transcribe(audio, request):
            if isinstance(item, TranscriptionInfo):
                info = item
            elif isinstance(item, Segment):
                shown.add(item)
            check(context, item, audio.seconds)
    shown.finish()
    document: dict[str, Any] = {
        "text": " ".join(segment["text"].strip() for segment in shown.segments),
        "language": info.language if info else request.language,
        "language_probability": info.language_probability if info else None,
        "duration": info.duration if info else audio.seconds,
        "segments": shown.segments,
    }
    if info is not None and info.compute_type is not None:
        document["compute_type"] = info.compute_type
    if info is not None and info.audio_tokens is not None:
        document["input_tokens"] = {"audio": info.audio_tokens, "text": info.text_tokens or 0}
    return as_json("transcript", document)


def embed(context: StepContext) -> Result:
    """How the speaker sounds: over the whole recording, or over its segments where they are known."""
    bounds = Bounds.of(context.work.options)
    segments = _segments(context)
    if bounds is not None:
        check_length(bounds, context.input.seconds)
    audio = context.audio()
    if bounds is not None:
        # What a step before this one has found was checked there.
        check_sound(bounds, audio)
        segments = inside(bounds, segments, audio.seconds)
    request = EmbeddingRequest(context.options, segments)
    with context.engine(SpeakerEncoder) as engine:
        (embedding,) = contents(context, engine.embed(audio, request), Embedding)
    vector = [float(value) for value in embedding.vector]
    return as_json(
        "embedding", {"embedding": {"family": embedding.family, "dimensions": len(vector), "vector": vector}}
    )


def _segments(context: StepContext) -> list[SpeechRegion]:
    """As the request gave them, or as the step before found them; none = all of the recording."""
    given = context.work.options.get("segments", ())
    for ref in context.inputs("segments"):
        given = [(part["start"], part["end"]) for part in json.loads(context.read(ref))["segments"]]
    return [SpeechRegion(start, end) for start, end in given]


def detect(context: StepContext) -> Result:
    """Where somebody speaks."""
    audio = context.audio()
    with context.engine(SpeechDetector) as engine:
        regions = list(contents(context, engine.detect(audio, context.options), SpeechRegion, audio.seconds))
    in_seconds = context.options.get("return_seconds", True)
    document = {
        "segments": [asdict(region) if in_seconds else _in_samples(region, audio.sample_rate) for region in regions],
        "speech_seconds": round(sum(region.end - region.start for region in regions), 3),
        "duration": round(audio.seconds, 3),
    }
    if not in_seconds:
        document["sample_rate"] = audio.sample_rate
    return as_json("vad", document)


def _in_samples(region: SpeechRegion, sample_rate: int) -> dict[str, int]:
    return {"start": round(region.start * sample_rate), "end": round(region.end * sample_rate)}
