"""What is said about a run: the counts, the kill matrix, recovery times; and the same, flat, as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from chaos import cells
from chaos.checker import DUPLICATED, LOST, STUCK, WEBHOOK, Violation
from chaos.evidence import Evidence
from chaos.nemesis import Blow
from chaos.recovery import RECOVERY_LIMIT, percentile
from chaos.schedule import FREEZE, KILL, RESTART
from chaos.trial import Outcome
from pipelines.jobs import JobStatus

#: Violations of one sort that are told with their job's story; all are in the count, and in the file beside the logs.
_MOST_SHOWN = 4
_LEGEND = (
    "hit: steps or messages under way there. back: seconds until the component was itself again, at most. p50 to max: "
    "seconds until a step that was hit ran again, from the later of the blow and the return of what it needs."
)


@dataclass
class Run:
    """All that one command came to."""

    outcomes: list[Outcome] = field(default_factory=list)
    #: Of the named places, one by one.
    places: list[cells.Cell] = field(default_factory=list)
    #: What the harness could not do at all.
    errors: list[str] = field(default_factory=list)
    #: Whether kills were asked for at all: not where only the named places, or one other sort, were.
    blows_asked: bool = True


@dataclass
class Cell:
    """One line of the kill matrix."""

    tried: int = 0
    spared: int = 0
    #: Steps that it made run again, or messages that it touched.
    hit: int = 0
    lost: int = 0
    duplicated: int = 0
    stuck: int = 0
    #: Seconds after which the component was itself again, its own time away included; the longest.
    back: float = 0.0


def matrix(outcomes: Iterable[Outcome]) -> dict[str, Cell]:
    """Every cell that was dealt. A job that went wrong counts in each cell that hit it, else in all around it."""
    made: dict[str, Cell] = {}
    for outcome in outcomes:
        for blow in outcome.seen.blows:
            cell = made.setdefault(blow.planned.sort.name, Cell())
            cell.tried += not blow.spared
            cell.spared += bool(blow.spared)
            cell.hit += 0 if blow.spared else max(len(blow.hit), blow.touched)
            cell.back = max(cell.back, 0.0 if blow.spared else blow.ready_at - blow.at)
        for violation in outcome.violations:
            for name in {blow.planned.sort.name for blow in _felt_by(outcome.seen, violation)}:
                made[name].lost += violation.sort == LOST
                made[name].duplicated += violation.sort == DUPLICATED
                made[name].stuck += violation.sort == STUCK
    return dict(sorted(made.items()))


def _felt_by(seen: Evidence, violation: Violation) -> list[Blow]:
    job = seen.jobs.get(violation.job_id)
    if job is None:
        return []
    hit = [blow for blow in seen.blows if any(job_id == job.id for job_id, _ in blow.hit)]
    if hit:
        return hit
    end = job.finished_at or float("inf")
    return [blow for blow in seen.blows if not blow.spared and blow.at <= end and blow.ready_at >= job.created_at]


def figures(run: Run, seed: int, machine: dict[str, Any]) -> dict[str, Any]:
    """One flat object; `lost`, `stuck`, `duplicated`, `webhooks_lost` and `violations` are those of both parts."""
    outcomes, places = run.outcomes, cells.figures(run.places)
    jobs = [job for outcome in outcomes for job in outcome.seen.jobs.values()]
    blows = [blow for outcome in outcomes for blow in outcome.seen.blows if not blow.spared]
    sorts = Counter(violation.sort for outcome in outcomes for violation in outcome.violations)
    ends = Counter(job.status for job in jobs)
    taken = [recovery.seconds for outcome in outcomes for recovery in outcome.recovery]
    return {
        "seed": seed,
        "minutes": round(sum(outcome.seconds for outcome in outcomes) / 60, 2),
        "accepted": len(jobs),
        "succeeded": ends[JobStatus.SUCCEEDED],
        "failed": ends[JobStatus.FAILED],
        "cancelled": ends[JobStatus.CANCELLED],
        "kills": sum(blow.what == KILL for blow in blows),
        "killed_processes": sum(blow.killed for blow in blows),
        "freezes": sum(blow.what == FREEZE for blow in blows),
        "restarts": sum(blow.what == RESTART for blow in blows),
        "messages_touched": sum(blow.touched for blow in blows),
        "lost": sorts[LOST] + places["places_lost"],
        "stuck": sorts[STUCK] + places["places_stuck"],
        "duplicated": sorts[DUPLICATED] + places["places_duplicated"],
        "repeated": _repeated(outcomes),
        "webhooks_expected": sum(len(rows) for outcome in outcomes for rows in outcome.seen.deliveries.values()),
        "webhooks_lost": sorts[WEBHOOK] + places["places_webhooks_lost"],
        "webhook_requests": sum(outcome.seen.receiver.requests for outcome in outcomes),
        "violations": sum(sorts.values()) + len(_places_broken(run)),
        "harness_errors": len(run.errors) + sum(len(outcome.errors) for outcome in outcomes),
        "recoveries": len(taken),
        "recovery_p50_s": round(percentile(taken, 0.50), 2),
        "recovery_p95_s": round(percentile(taken, 0.95), 2),
        "recovery_max_s": round(max(taken, default=0.0), 2),
        **places,
        "recovery_limit_s": RECOVERY_LIMIT,
        **machine,
    }


def _repeated(outcomes: Iterable[Outcome]) -> int:
    """Claims of a step beyond its first."""
    starts = (len(at) - 1 for outcome in outcomes for at in outcome.seen.starts().values())
    return sum(starts)


def broken(run: Run) -> list[str]:
    """Every broken promise but that of time; empty if all were kept."""
    said = [f"{outcome.kind}: {violation}" for outcome in run.outcomes for violation in outcome.violations]
    return said + _places_broken(run) + _harness(run)


def _places_broken(run: Run) -> list[str]:
    return [
        f"{cell.action} {cell.component} at {cell.place}, {cell.stack}: {wrong}"
        for cell in run.places
        if not cell.good
        for wrong in cell.wrong or ("nothing was hit",)
    ]


def _harness(run: Run) -> list[str]:
    errors = [f"{outcome.kind}: {error}" for outcome in run.outcomes for error in outcome.errors]
    return [f"the harness failed: {error}" for error in [*run.errors, *errors]]


def _short(run: Run, found: dict[str, Any]) -> list[str]:
    """What took too long, and what was not done at all: a run that touched nothing proves nothing."""
    said = [
        f"recovery took {found[name]:g} s at the 95th percentile, more than {RECOVERY_LIMIT:g} ({name})"
        for name in ("recovery_p95_s", "places_recovery_p95_s")
        if found[name] > RECOVERY_LIMIT
    ]
    if run.blows_asked:
        said += [f"there were no {name}" for name in ("kills", "recoveries") if not found[name]]
    if run.places and not found["places_tried"]:
        said.append("no named place was tried")
    return said


def failures(run: Run, found: dict[str, Any]) -> list[str]:
    """Why the run failed; empty if it passed."""
    return broken(run) + _short(run, found)


def show(run: Run, found: dict[str, Any], console: Console) -> None:
    """Prints it all; every violation with what its job went through."""
    outcomes = run.outcomes
    for outcome in outcomes:
        console.print(f"\n[bold]{outcome.kind}[/]: lives {outcome.lives}; at rest after {outcome.rest_seconds:.0f} s")
    if outcomes:
        console.print(matrix_table(outcomes))
    if run.places:
        console.print(cells.table(run.places), markup=False)
    console.print(_counts(found))
    said = failures(run, found)
    for line in [*_places_broken(run), *_harness(run), *_short(run, found)]:
        console.print(f"VIOLATION {line}", style="red", markup=False)
    shown: Counter[str] = Counter()
    for outcome in outcomes:
        for violation in outcome.violations:
            shown[violation.sort] += 1
            if shown[violation.sort] <= _MOST_SHOWN:
                console.print(f"VIOLATION {outcome.kind}: {violation}", style="red", markup=False)
                console.print(story(outcome, violation.job_id), markup=False)
    console.print("[green]Nothing lost.[/]" if not said else f"[red]{len(said)} violations.[/]")


def _counts(found: dict[str, Any]) -> str:
    return " · ".join(f"{name} {found[name]}" for name in list(found)[: list(found).index("recovery_limit_s")])


_HEADINGS = ("component / what", "tried", "spared", "hit", "lost", "duplicated", "stuck", "back", "p50", "p95", "max")


def _lines(outcomes: Sequence[Outcome]) -> list[list[str]]:
    """The matrix as text, one list for each cell."""
    recovered: dict[str, list[float]] = {}
    for outcome in outcomes:
        for recovery in outcome.recovery:
            recovered.setdefault(recovery.cell, []).append(recovery.seconds)
    lines = []
    for name, cell in matrix(outcomes).items():
        taken = recovered.get(name, [])
        times = [f"{value:.1f}" for value in (percentile(taken, 0.5), percentile(taken, 0.95), max(taken, default=0.0))]
        counts = (cell.tried, cell.spared, cell.hit, cell.lost, cell.duplicated, cell.stuck)
        back = f"{cell.back:.1f}" if cell.back else "–"
        lines.append([name, *(str(count) for count in counts), back, *(times if taken else ["–"] * 3)])
    return lines + [[name, f"not tried: {why}"] for outcome in outcomes for name, why in outcome.untried.items()]


def markdown(run: Run, found: dict[str, Any]) -> str:
    """Both matrices for docs/reliability.md, and the counts."""
    rows = [_HEADINGS, ("---", *["---:"] * (len(_HEADINGS) - 1)), *_lines(run.outcomes)]
    blows = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    tables = [blows] * bool(run.outcomes) + [cells.table(run.places)] * bool(run.places)
    return "\n\n".join([*tables, _counts(found)]) + "\n"


def matrix_table(outcomes: Sequence[Outcome]) -> Table:
    """The kill matrix."""
    table = Table(title="Kill matrix", caption=_LEGEND)
    for heading in _HEADINGS:
        table.add_column(heading, justify="left" if heading.startswith("component") else "right")
    for line in _lines(outcomes):
        table.add_row(*line)
    return table


def slowest(outcome: Outcome) -> str:
    """What the steps that took longest to run again went through."""
    listed = sorted(outcome.recovery, key=lambda recovery: -recovery.seconds)[: 2 * _MOST_SHOWN]
    return "\n".join(f"{recovery}\n{story(outcome, recovery.step[0])}\n" for recovery in listed)


def story(outcome: Outcome, job_id: str) -> str:
    """What a job went through, and the blows meanwhile."""
    seen = outcome.seen
    job = seen.jobs.get(job_id)
    if job is None:
        return f"--- {job_id or 'no job'}"
    lines = [(event.at, f"{event.seq} {event.type} {event.data}") for event in seen.events.get(job_id, [])]
    lines += [
        (
            row.finished_at,
            f"attempt of step {row.step_index}, claim {row.fence} by {row.worker}: {row.outcome} {row.cause}",
        )
        for row in seen.attempts.get(job_id, [])
    ]
    lines += [(blow.at, f"BLOW {blow}") for blow in _felt_by(seen, Violation("", job_id, ""))]
    told = "\n".join(f"  {at - job.created_at:8.3f}  {text}" for at, text in sorted(lines))
    return f"--- {job_id} {job.status} {job.phase} {job.request.get('options')}\n{told}"


def write(path: Path, found: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
