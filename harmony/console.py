"""What the commands share: where they print, how they name what went wrong, how they show a job."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from harmony.client import Client, Document

#: Answers go to standard output, so that they can be piped; everything else goes to standard error.
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)
err = Console(stderr=True, highlight=False, soft_wrap=True)

STATUS_COLOURS = {"succeeded": "green", "failed": "red", "running": "cyan", "cancelled": "yellow", "expired": "yellow"}


class CommandError(Exception):
    """A command cannot do what it was asked; the sentence says why."""


def sentences(error: Exception) -> list[str] | None:
    """What to tell a person about `error`; None if it is a fault of this program, whose traceback is wanted."""
    import httpx

    from harmony.client import ApiProblem
    from harmony.datadir import DataDirInUse
    from harmony.settings import UnknownSetting
    from harmony.stack import StackError
    from harmony.valkey import ValkeyMissing
    from pipelines.errors import HarmonyError

    if isinstance(error, ApiProblem):
        return [f"{error} ({error.code})", *(f"  {field}: {message}" for field, message in error.fields)]
    if isinstance(error, httpx.TransportError):
        return [f"no answer from the server ({error}); is `harmony up` running? --url or HARMONY_URL names another"]
    if isinstance(error, HarmonyError):
        return [error.detail]
    if isinstance(error, (CommandError, DataDirInUse, StackError, UnknownSetting, ValkeyMissing, TimeoutError)):
        return [str(error)]
    if isinstance(error, OSError) and error.filename is not None:
        return [f"{error.filename}: {error.strerror}"]
    return None


@contextmanager
def client(url: str | None) -> Iterator[Client]:
    """A client of `url`, else of HARMONY_URL."""
    from harmony.settings import ClientSettings

    with Client(url or ClientSettings().url) as made:
        yield made


def status_markup(status: str) -> str:
    return f"[{STATUS_COLOURS.get(status, 'default')}]{status}[/]"


def job_progress() -> Progress:
    """Bars for jobs, 0–1."""
    return Progress(
        TextColumn("{task.description:<28}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[status]:<10}"),
        TimeElapsedColumn(),
        console=err,
    )


def byte_progress() -> Progress:
    """Bars for downloads."""
    return Progress(
        TextColumn("{task.description:<14}"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TextColumn("{task.fields[phase]}"),
        TimeElapsedColumn(),
        console=err,
    )


def problem_of(job: Document) -> str:
    """Why a job did not succeed, in one line."""
    error: dict[str, Any] = job.get("error") or {}
    reason = error.get("detail") or error.get("title") or job["status"]
    code = f" ({error['code']})" if error.get("code") else ""
    return f"{job['id']} {job['status']}: {reason}{code}"
