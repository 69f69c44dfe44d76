"""The end of a job whose sound is post-processed: one step does that and writes the format.

Not two: a lossy format moves the peaks, so what keeps them below a limit has to know what the format makes of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pipelines.catalog import IO_QUEUE
from pipelines.jobs import Action, Plan, Step


def finishing(plan: Plan, asked: Mapping[str, Any], form: str) -> Plan:
    """The plan with a step for what is `asked` at its end, in place of one that would only encode."""
    *before, last = plan.steps
    options = dict(last.options)
    # What the job's result is to say is said by its last step.
    told = {name: options.pop(name) for name in ("tell",) if name in options}
    if last.action is not Action.ENCODE:
        before.append(replace(last, options=options))
    finish = Step("finish", Action.FINISH, IO_QUEUE, options={"format": form, "asked": dict(asked), **told})
    return Plan((*before, finish))
