"""`harmony workers`: who works here, and at what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from harmony.client import Document


def workers(url: Annotated[str | None, typer.Option(help="The server; default: HARMONY_URL.")] = None) -> None:
    """List the workers: their queues, memory and loaded models, and the step that each runs."""
    from rich.table import Column, Table

    from harmony.console import client, out

    names = ("state", "queues", "device", "memory", "models", "step")
    table = Table(Column("worker", no_wrap=True), *names, box=None, pad_edge=False)
    with client(url) as server:
        for worker in server.workers()["data"]:
            table.add_row(
                worker["id"],
                _state(worker),
                ", ".join(worker["queues"]),
                worker["device_name"] or worker["device"],
                _memory(worker["memory"]),
                ", ".join(worker["loaded_models"]),
                _step(worker["step"]),
            )
    out.print(table)


def _state(worker: Document) -> str:
    if not worker["alive"]:
        return f"[red]gone[/] since {worker['last_beat_at']}"
    return "[yellow]stopping[/]" if worker["draining"] else "[green]live[/]"


def _memory(memory: Document) -> str:
    if memory["used_mb"] is None or memory["total_mb"] is None:
        return ""
    return f"{memory['used_mb']} of {memory['total_mb']} MB"


def _step(step: Document | None) -> str:
    return "" if step is None else f"{step['name']} {step['progress']:.0%} of {step['job_id']}"
