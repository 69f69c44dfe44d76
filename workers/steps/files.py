"""What needs no model: files in and out of the formats that engines know, and the hops of load tests."""

from __future__ import annotations

import time

from media.formats import MEDIA_TYPES, AudioFormat
from workers.steps.context import Output, Result, StepContext


def decode(context: StepContext) -> Result:
    """A recording of any format → WAV, mono, at the rate of the model that will listen to it."""
    target = context.scratch.path("audio.wav")
    info = context.media.decode(
        context.fetched(), target, sample_rate=context.work.options["sample_rate"], should_stop=context.should_stop
    )
    return Result([Output("audio", "audio/wav", "wav", target, info.seconds, info.sample_rate)])


def encode(context: StepContext) -> Result:
    """WAV → the format that was asked for."""
    form: AudioFormat = context.work.options["format"]
    media_type, extension = MEDIA_TYPES[form]
    target = context.scratch.path(f"audio.{extension}")
    info = context.media.encode(context.fetched(), target, form, should_stop=context.should_stop)
    return Result([Output("audio", media_type, extension, target, info.seconds, info.sample_rate)])


def stage(context: StepContext) -> Result:
    """A hop for load tests: the sound goes on as it came, after the pause that was asked for."""
    end = time.monotonic() + float(context.work.options["delay_ms"]) / 1000
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 0.05))
        context.check(0.0)
    return Result([context.input])
