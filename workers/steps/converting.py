"""The same words in another voice, as long as they were."""

from __future__ import annotations

from typing import Final

import numpy as np

from pipelines.errors import PermanentError
from workers.contract import Audio, ConversionRequest, Embedding, Progress, VoiceConverter
from workers.resampling import resampled
from workers.steps.context import Result, StepContext, sound

#: A converter works in frames: its sound may be off by so much, in seconds, which is added or cut at the end.
_FRAME: Final = 0.1


def convert(context: StepContext) -> Result:
    """From the source's voice, a name or an embedding, to the target's; piece by piece."""
    audio = context.audio()
    # Who speaks before a conversion has a rate of its own; a recording was decoded at the converter's.
    audio = resampled(audio, context.work.options.get("sample_rate", audio.sample_rate))
    source, target = _voices(context)
    pieces: list[Audio] = []
    done = 0.0
    with context.engine(VoiceConverter) as engine:
        for piece in engine.convert(audio, ConversionRequest(source, target, context.options)):
            if isinstance(piece, Progress):
                context.check(piece.fraction)
                continue
            pieces.append(piece)
            done += piece.seconds
            context.check(min(1.0, done / audio.seconds))
    return sound(as_long_as(audio, pieces))


def _voices(context: StepContext) -> tuple[Embedding | str, Embedding]:
    source = context.work.options["source"]
    if isinstance(source, dict) and "voice" in source:
        (target,) = context.embeddings("target")
        return str(source["voice"]), target
    first, second = context.embeddings("source", "target")
    return first, second


def as_long_as(audio: Audio, pieces: list[Audio]) -> Audio:
    """The pieces, one after the other, to the sample as long as `audio`."""
    rate = pieces[0].sample_rate if pieces else audio.sample_rate
    made = np.concatenate([piece.samples for piece in pieces]) if pieces else np.zeros(0, np.float32)
    wanted = round(len(audio.samples) * rate / audio.sample_rate)
    if abs(len(made) - wanted) > _FRAME * rate:
        message = f"The converter made {len(made) / rate:.2f} s of {audio.seconds:.2f} s."
        raise PermanentError(message, code="engine_error")
    return Audio(np.pad(made[:wanted], (0, max(0, wanted - len(made)))), rate)
