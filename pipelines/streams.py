"""Which plans can be listened to while they are carried out: those whose first sound is the sound of the job."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pipelines.jobs import Action, Plan

#: The options of a step that speaks: it shows what it makes piece by piece, and at which rate in Hz.
STREAMS = "streams"
RATE = "rate"


def marked(plan: Plan) -> Plan:
    """The plan, in which a step that speaks says so if nothing but its encoding comes after it."""
    return _told(plan, **{STREAMS: True})


def at_rate(plan: Plan, sample_rate: int) -> Plan | None:
    """A plan that streams, and speaks at another rate than the engine's; None if it needs the whole sound for that."""
    made = _told(plan, **{RATE: sample_rate})
    return None if made is plan else made


def _told(plan: Plan, **options: bool | int) -> Plan:
    """The plan with more options for the step whose sound is the job's, as it is; itself if there is none."""
    steps = list(plan.steps)
    last = len(steps) - 1
    while last > 0 and steps[last].action is Action.ENCODE:
        last -= 1
    speaking = steps[last]
    if speaking.action is not Action.SYNTHESIZE or speaking.options.get("acoustics"):
        return plan
    steps[last] = replace(speaking, options={**speaking.options, **options})
    return Plan(tuple(steps))


def is_streamed(steps: Iterable[Any]) -> bool:
    """Whether the sound can be had while it is made; `steps` are a plan's, or a job's rows of them."""
    return any(step.options.get(STREAMS) for step in steps)
