"""What the commands share: where they print, how they name what went wrong, how they show a job."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from harmony.client import Client, Job

#: Answers go to standard output, so that they can be piped; everything else goes to standard error.
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)
err = Console(stderr=True, highlight=False, soft_wrap=True)

STATUS_COLOURS = {"succeeded": "green", "failed": "red", "running": "cyan", "cancelled": "yellow", "expired": "yellow"}


class CommandError(Exception):
    """A command cannot do what it was asked; the sentence says why."""


def sentences(error: Exception) -> list[str] | None:
    """What to tell a person about `error`; None if it is a fault of this program, whose traceback is wanted."""
    import httpx

    from harmony.client import ApiProblem, ClientError
    from harmony.datadir import DataDirInUse
    from harmony.playing import NoPlayer
    from harmony.settings import UnknownSetting
    from harmony.stack import StackError
    from harmony.valkey import ValkeyMissing
    from pipelines.errors import HarmonyError

    if isinstance(error, ApiProblem):
        return [f"{error} ({error.code})", *(f"  {field}: {message}" for field, message in error.fields)]
    if isinstance(error, httpx.TransportError):
        return [f"no answer from the server ({error}); is `harmony up` running? --url or HARMONY_URL names another"]
    if isinstance(error, HarmonyError):
        return error.detail.splitlines()
    if isinstance(
        error,
        (ClientError, CommandError, DataDirInUse, NoPlayer, StackError, UnknownSetting, ValkeyMissing, TimeoutError),
    ):
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


def problem_of(job: Job) -> str:
    """Why a job did not succeed, in one line."""
    error = job["error"]
    reason = job["status"] if error is None else f"{error['detail']} ({error['code']})"
    return f"{job['id']} {job['status']}: {reason}"
