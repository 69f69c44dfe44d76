"""The work of each action: inputs in, an engine or the media helper, outputs out. Nothing here knows of leases."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from pipelines.jobs import Action
from workers.steps.context import Output, Result, StepContext
from workers.steps.converting import convert
from workers.steps.enrolling import enroll
from workers.steps.files import decode, encode, stage
from workers.steps.finishing import finish
from workers.steps.listening import detect, embed, transcribe
from workers.steps.scratch import Scratch
from workers.steps.segmenting import segment
from workers.steps.speaking import synthesize, vocode

__all__ = ["Output", "Result", "Scratch", "StepContext", "perform"]


def perform(context: StepContext) -> Result:
    """Runs the step's action; what the plan wants to be told goes into the job's document, too."""
    context.check(0.0)
    result = _ACTIONS[context.work.action](context)
    tell = context.work.options.get("tell")
    return result if tell is None else replace(result, document={**(result.document or {}), **tell})


_ACTIONS: Mapping[Action, Callable[[StepContext], Result]] = {
    Action.DECODE: decode,
    Action.ENCODE: encode,
    Action.FINISH: finish,
    Action.SYNTHESIZE: synthesize,
    Action.TRANSCRIBE: transcribe,
    Action.EMBED: embed,
    Action.DETECT: detect,
    Action.SEGMENT: segment,
    Action.VOCODE: vocode,
    Action.CONVERT: convert,
    Action.ENROLL: enroll,
    Action.STAGE: stage,
}
