"""The demo's table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.table import Table

from harmony.client import Document
from harmony.console import status_markup
from harmony.demo.following import Outcome


def table(outcomes: Sequence[Outcome]) -> Table:
    """One row per job."""
    made = Table("job", "kind", "model", "steps (queue)", "wait s", "run s", "RTF", "WER", "status")
    for column in made.columns[4:8]:
        column.justify = "right"
    for outcome in outcomes:
        job = outcome.job
        run = _between(job["started_at"], job["finished_at"])
        length = outcome.seconds
        errors = outcome.word_errors
        made.add_row(
            outcome.task.name,
            job["kind"],
            job["model"],
            _steps(job),
            _number(_between(job["created_at"], job["started_at"])),
            _number(run),
            _number(run / length if run is not None and length else None),
            _number(errors, digits=3),
            status_markup(job["status"] if not outcome.problems else "failed"),
        )
    return made


def _steps(job: Document) -> str:
    return " → ".join(f"{step['name']} ({step['queue']})" for step in job["steps"])


def _between(start: str | None, end: str | None) -> float | None:
    if start is None or end is None:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
