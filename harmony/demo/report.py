"""The demo's table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.table import Table

from harmony.client import Job
from harmony.console import status_markup
from harmony.demo.following import Outcome


def table(outcomes: Sequence[Outcome]) -> Table:
    """One row per job."""
    made = Table("job", "kind", "model", "steps (queue)", "wait s", "run s", "RTF", "WER", "status")
    for column in made.columns[4:8]:
        column.justify = "right"
    for outcome in outcomes:
        job, length = outcome.job, outcome.seconds
        run = sum(_between(step["started_at"], step["finished_at"]) for step in job["steps"])
        made.add_row(
            outcome.task.name,
            job["kind"],
            job["model"],
            _steps(job),
            # Between its steps a job waits too: what is not run is wait.
            f"{_between(job['created_at'], job['finished_at']) - run:.2f}",
            f"{run:.2f}",
            f"{run / length:.2f}" if length else "–",
            "–" if outcome.word_errors is None else f"{outcome.word_errors:.3f}",
            status_markup("failed" if outcome.problems else job["status"]),
        )
    return made


def _steps(job: Job) -> str:
    return " → ".join(f"{step['name']} ({step['queue']})" for step in job["steps"])


def _between(start: str | None, end: str | None) -> float:
    """Seconds; 0 for what did not begin or did not end."""
    if start is None or end is None:
        return 0.0
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
