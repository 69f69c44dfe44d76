"""Text to audio: synthesize, then encode if another format was asked for than the engine writes."""

from __future__ import annotations

from typing import Any

from pipelines.catalog import IO_QUEUE, Model
from pipelines.jobs import Action, Plan, Step

#: What engines write; every other format needs an encode step.
ENGINE_FORMAT = "wav"


def speech(
    model: Model, *, text: str, voice: str | None, language: str | None, form: str, options: dict[str, Any]
) -> Plan:
    """`stages` (of the `tone` family) adds hops between the model's queue and `io`, so that load tests have chains."""
    stages = int(options.get("stages", 1))
    asked = {"text": text, "voice": voice, "language": language, "options": options}
    steps = [Step("synthesize", Action.SYNTHESIZE, model.queue, model.name, asked)]
    for number in range(2, stages + 1):
        on_model = number % 2 == 1
        steps.append(
            Step(
                f"stage-{number}",
                Action.STAGE,
                model.queue if on_model else IO_QUEUE,
                model.name if on_model else None,
                {"delay_ms": options.get("delay_ms", 0)},
            )
        )
    if form != ENGINE_FORMAT:
        steps.append(Step("encode", Action.ENCODE, IO_QUEUE, options={"format": form}))
    return Plan(tuple(steps))
