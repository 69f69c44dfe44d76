"""How long a step that was hit took to run again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from chaos.evidence import Evidence, Step
from chaos.nemesis import Blow
from chaos.schedule import STORM
from pipelines.jobs import Action

#: From the later of the blow and the return of what the step needs, by the design.
RECOVERY_LIMIT = 15.0

#: Without these a step fails in passing or is held until they are back (`workers.patience`), and its slot with it.
_STORES = frozenset({"S3 store", "artifact disk"})
#: What a step needs to be claimed: their return is what recovery is counted from, if it is later than the blow.
_DEPENDENCIES = frozenset({"broker", "broker without file", "database", "everything"}) | _STORES
#: Seconds in which a server that was just started answers nobody: what ends then had its bytes stored before the kill.
_STARTING = 1.0


@dataclass(frozen=True)
class Recovery:
    """A step that was hit in a cell of the matrix, and the seconds until it ran again."""

    cell: str
    seconds: float
    step: Step


def recoveries(seen: Evidence) -> list[Recovery]:
    """From the later of the blow and the return of what the step needs to its next claim."""
    starts = seen.starts()
    return [
        recovery
        for blow in seen.blows
        if not blow.spared
        for recovery in (_of_store if blow.component in _STORES else _of_claims)(seen, blow, starts)
    ]


def _of_claims(seen: Evidence, blow: Blow, starts: dict[Step, list[float]]) -> list[Recovery]:
    taken = []
    for step in blow.hit:
        again = next((at for at in starts.get(step, []) if at > blow.at), None)
        # None: it was cancelled, or it ended after all before the blow came down.
        if again is not None and not _in_storm(seen.blows, blow.at, again):
            seconds = again - max([blow.at, *_returns(seen, blow.at, again)])
            taken.append(Recovery(blow.planned.sort.name, seconds, step))
    return taken


def _in_storm(blows: Sequence[Blow], after: float, again: float) -> bool:
    """Whether it ran again before all parts were back from a storm: until then no queue has its two slots."""
    return any(
        other.planned.sort is STORM and not other.spared and after <= other.at <= again < other.ready_at
        for other in blows
    )


def _returns(seen: Evidence, after: float, before: float) -> list[float]:
    """When dependencies came back that were away in between; one that went only when it was overdue excuses nothing."""
    away = [
        blow
        for blow in seen.blows
        if blow.component in _DEPENDENCIES and not blow.spared and blow.at <= after + RECOVERY_LIMIT
    ]
    return [at for at in (_return(seen, blow) for blow in away) if after < at <= before]


def _return(seen: Evidence, blow: Blow) -> float:
    """When the dependency was ready again: a slot that was waiting for a store may see it before the harness does."""
    if blow.component not in _STORES:
        return blow.ready_at
    since = blow.at + blow.planned.hold + _STARTING
    written = (
        row.finished_at
        for rows in seen.attempts.values()
        for row in rows
        if row.outcome == "succeeded" and seen.steps[row.job_id][row.step_index].action != Action.STAGE
    )
    return min((at for at in written if since <= at < blow.ready_at), default=blow.ready_at)


def _of_store(seen: Evidence, blow: Blow, starts: dict[Step, list[float]]) -> list[Recovery]:
    """Of the steps that failed because of it and waited for their next attempt when it was back."""
    failed = {
        (row.job_id, row.step_index)
        for attempts in seen.attempts.values()
        for row in attempts
        if row.outcome == "failed" and blow.at <= row.finished_at <= blow.ready_at
    }
    taken = []
    for step in failed:
        again = next((at for at in starts.get(step, []) if at > blow.ready_at), None)
        if again is not None:
            seconds = again - max([blow.ready_at, *_returns(seen, blow.ready_at, again)])
            taken.append(Recovery(blow.planned.sort.name, seconds, step))
    return taken


def percentile(values: Sequence[float], share: float) -> float:
    """By nearest rank; 0 of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0
