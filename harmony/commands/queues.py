"""`harmony queues`: how they stand, pause and resume one."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="Look at queues, pause them, resume them.", no_args_is_help=True)

Url = Annotated[str | None, typer.Option(help="The server; default: HARMONY_URL.")]
Name = Annotated[str, typer.Argument(help="The queue, as `harmony queues list` names it.")]


@app.command("list")
def list_queues(url: Url = None) -> None:
    """List the queues with what waits and runs there, and who serves them."""
    from rich.table import Column, Table

    from harmony.console import client, out

    numbers = [Column(name, justify="right") for name in ("waiting", "published", "running", "slots", "per minute")]
    table = Table(Column("queue", no_wrap=True), "state", *numbers, box=None, pad_edge=False)
    with client(url) as server:
        for queue in server.queues()["data"]:
            state = "[green]open[/]" if queue["paused_at"] is None else f"[yellow]paused[/] since {queue['paused_at']}"
            counts = (queue["waiting"], queue["published"], queue["running"], f"{queue['busy']}/{queue['slots']}")
            table.add_row(queue["name"], state, *map(str, counts), f"{queue['rate_per_minute']:g}")
    out.print(table)


@app.command()
def pause(name: Name, url: Url = None) -> None:
    """Let nothing new begin on a queue; what runs goes on."""
    from harmony.console import client

    with client(url) as server:
        print(f"paused since {server.pause(name)['paused_at']}")


@app.command()
def resume(name: Name, url: Url = None) -> None:
    """Let a queue go on."""
    from harmony.console import client

    with client(url) as server:
        server.resume(name)
