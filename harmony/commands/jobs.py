"""`harmony jobs`: look at jobs, watch one, cancel, run again or delete one."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="Look at jobs, watch them, cancel them, run them again.", no_args_is_help=True)

Url = Annotated[str | None, typer.Option(help="The server; default: HARMONY_URL.")]
JobId = Annotated[str, typer.Argument(help="The job's id.")]


@app.command("list")
def list_jobs(
    *,
    status: Annotated[str | None, typer.Option(help="Only jobs in this status.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only jobs of this kind.")] = None,
    label: Annotated[str | None, typer.Option(help="Only jobs with this label: KEY:VALUE.")] = None,
    code: Annotated[str | None, typer.Option(help="Only jobs that failed with this code, such as worker_lost.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=1000)] = 20,
    url: Url = None,
) -> None:
    """List jobs, newest first."""
    from rich.table import Column, Table

    from harmony.console import client, out, status_markup

    chosen = {"status": status, "kind": kind, "label": label, "code": code}
    filters = {name: value for name, value in chosen.items() if value is not None}
    table = Table(
        Column("job", no_wrap=True), "kind", "model", "status", "progress", "created", box=None, pad_edge=False
    )
    with client(url) as server:
        for job in server.list(**filters, limit=limit)["data"]:
            shown = (job["id"], job["kind"], job["model"], status_markup(job["status"]))
            table.add_row(*shown, f"{job['progress']:.0%}", job["created_at"])
    out.print(table)


@app.command()
def show(job: JobId, url: Url = None) -> None:
    """Print a job's document."""
    from harmony.console import client, out

    with client(url) as server:
        out.print_json(data=server.get(job))


@app.command()
def watch(job: JobId, url: Url = None) -> None:
    """Print a job's events as they happen, to its end."""
    from harmony.console import client, out

    with client(url) as server:
        for event in server.events(job):
            out.print(f"{event.seq:>4}  {event.data.get('at', ''):<28} {event.type:<16} {_detail(event.data)}".rstrip())


@app.command()
def cancel(job: JobId, url: Url = None) -> None:
    """Cancel a job."""
    from harmony.console import client

    with client(url) as server:
        print(server.cancel(job)["status"])


@app.command()
def retry(
    job: JobId,
    start: Annotated[str | None, typer.Option("--from", help="The step to begin with: its name or number.")] = None,
    url: Url = None,
) -> None:
    """Run a job that has ended again, from its first unfinished step; prints the new job's id."""
    from harmony.console import client

    with client(url) as server:
        print(server.retry(job, start=start)["id"])


@app.command()
def delete(job: JobId, url: Url = None) -> None:
    """Delete a job that has ended, with its recordings and results."""
    from harmony.console import client

    with client(url) as server:
        server.delete(job)


@app.command()
def bulk(
    action: Annotated[str, typer.Argument(help="cancel, retry or delete.")],
    *,
    status: Annotated[list[str] | None, typer.Option(help="Only jobs in this status.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only jobs of this kind.")] = None,
    label: Annotated[list[str] | None, typer.Option(help="Only jobs with this label: KEY:VALUE.")] = None,
    code: Annotated[list[str] | None, typer.Option(help="Only jobs that failed with this code.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Delete though no option says which jobs.")] = False,
    url: Url = None,
) -> None:
    """Cancel, retry or delete all jobs that match; every option may be repeated, and without any all jobs match."""
    from harmony.console import client, out

    chosen = {"status": status, "kind": kind, "label": label, "code": code}
    if action == "delete" and not any(chosen.values()) and not (dry_run or every):
        msg = "This would delete every job that has ended; say --all if that is meant."
        raise typer.BadParameter(msg)
    with client(url) as server:
        order = server.bulk(action, {name: values for name, values in chosen.items() if values}, dry_run=dry_run)
    out.print_json(data=order)


def _detail(document: dict[str, object]) -> str:
    data = document.get("data")
    if not isinstance(data, dict):
        return ""
    return " ".join(f"{name}={value}" for name, value in data.items() if isinstance(value, (str, int, float)))
