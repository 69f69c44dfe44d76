"""One cell of the kill matrix: what came of hitting one component at one place on one stack."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from chaos.recovery import percentile


@dataclass(frozen=True)
class Cell:
    """`lost`, `duplicated` and `stuck` count jobs; 0 is the promise."""

    component: str
    #: A failpoint, or what was done from outside.
    place: str
    action: str
    stack: str
    #: How often its failpoint has fired in a process of the component; 0 is a failure, unless it was `skipped`.
    tried: int
    lost: int = 0
    duplicated: int = 0
    stuck: int = 0
    #: Seconds from each blow until the work that it hit went on.
    recovery: tuple[float, ...] = ()
    #: A sentence for everything that is not as it should be.
    wrong: tuple[str, ...] = ()
    #: Webhooks among it, of jobs that are well otherwise.
    untold: int = 0
    #: Whether the time was over before it.
    skipped: bool = False

    @property
    def good(self) -> bool:
        return self.skipped or not (not self.tried or self.lost or self.duplicated or self.stuck or self.wrong)


_HEADINGS = ("component", "place", "action", "stack", "tried", "lost", "duplicated", "stuck", "wrong", "recovery s")
_SKIPPED = "not tried in this run"


def table(cells: Iterable[Cell]) -> str:
    """The matrix as a Markdown table: how many things were wrong in each cell, and its slowest recovery."""
    rows = [_HEADINGS, tuple("-" * len(heading) for heading in _HEADINGS), *(_row(cell) for cell in cells)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    return "\n".join(_line(row, widths) for row in rows)


def _row(cell: Cell) -> tuple[str, ...]:
    slowest = _SKIPPED if cell.skipped else f"{max(cell.recovery):.1f}" if cell.recovery else "–"
    counts = (cell.tried, cell.lost, cell.duplicated, cell.stuck, len(cell.wrong))
    return (cell.component, cell.place, cell.action, cell.stack, *map(str, counts), slowest)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) + " |"


def figures(cells: Sequence[Cell]) -> dict[str, Any]:
    """The matrix in a few numbers."""
    taken = [seconds for cell in cells for seconds in cell.recovery]
    return {
        "places": len(cells),
        "places_tried": sum(cell.tried for cell in cells),
        "places_not_tried": sum(cell.skipped for cell in cells),
        "places_lost": sum(cell.lost for cell in cells),
        "places_duplicated": sum(cell.duplicated for cell in cells),
        "places_stuck": sum(cell.stuck for cell in cells),
        "places_webhooks_lost": sum(cell.untold for cell in cells),
        "places_wrong": sum(not cell.good for cell in cells),
        "places_recovery_p50_s": round(percentile(taken, 0.50), 2),
        "places_recovery_p95_s": round(percentile(taken, 0.95), 2),
        "places_recovery_max_s": round(max(taken, default=0.0), 2),
    }
