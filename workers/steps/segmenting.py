"""Which parts of a reference recording to know a voice by, or why there are none."""

from __future__ import annotations

from pipelines.errors import PermanentError
from workers.contract import SpeechDetector, SpeechRegion
from workers.references import Bounds, check_length, check_sound, check_speech, clipped_share, seconds_of, stretches
from workers.resampling import resampled
from workers.steps.context import Result, StepContext, as_json, contents


def segment(context: StepContext) -> Result:
    """Stretches of speech of ten seconds at most; times in seconds of the recording as it came."""
    bounds = Bounds.of(context.work.options)
    if bounds is None:
        raise PermanentError("the step says nothing of its recording", code="internal_error")
    check_length(bounds, context.input.seconds)
    audio = context.audio()
    check_sound(bounds, audio)
    heard = resampled(audio, context.work.options["sample_rate"])
    with context.engine(SpeechDetector) as engine:
        regions = list(contents(context, engine.detect(heard, context.options), SpeechRegion, heard.seconds))
    check_speech(bounds, regions)
    document = {
        "segments": [
            {"start": round(part.start, 3), "end": round(min(part.end, audio.seconds), 3)}
            for part in stretches(regions)
        ],
        "seconds": round(audio.seconds, 3),
        "speech_seconds": round(seconds_of(regions), 3),
        "clipped_share": round(clipped_share(audio), 6),
    }
    return as_json("segments", document)
