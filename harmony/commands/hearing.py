"""Hearing a job while it speaks: played, or written as it comes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from harmony.client import ApiProblem, Client, Job
from harmony.client.documents import TERMINAL
from harmony.console import CommandError, byte_progress, err, problem_of
from harmony.playing import find_player, play, say_length, write

#: Standard output, as a path.
STDOUT = Path("-")


def check_hearing(output: Path | None, *, playing: bool) -> str | None:
    """The player, if one is wanted; CommandError or NoPlayer before anything has been asked of the server."""
    if playing and output is not None:
        raise CommandError("give either --play or -o")
    if output == STDOUT and sys.stdout.isatty():
        raise CommandError("sound would be written to a terminal; send it on: harmony submit … -o - | player")
    return find_player() if playing else None


def hear(server: Client, job: Job, output: Path | None, player: str | None) -> None:
    """Plays the job's sound, or writes it, from its first byte on; CommandError if the job makes none."""
    try:
        if player is not None:
            play(player, server.stream(job, form="wav"))
        elif output == STDOUT:
            write(server.stream(job), sys.stdout.buffer)
        elif output is not None:
            _to_file(server, job, output)
    except ApiProblem:
        ended = server.get(job)
        if ended["status"] not in TERMINAL or ended["status"] == "succeeded":
            raise
        raise CommandError(problem_of(ended)) from None


def _to_file(server: Client, job: Job, output: Path) -> None:
    with byte_progress() as bars:
        bar = bars.add_task(output.name, total=None, phase="speaking")

        def counted() -> Iterator[bytes]:
            for chunk in server.stream(job):
                bars.advance(bar, len(chunk))
                yield chunk

        try:
            with output.open("wb") as file:
                total = write(counted(), file)
        except ApiProblem:
            # A device stays where it is.
            if output.is_file():
                output.unlink()
            raise
    if output.is_file():
        say_length(output)
    err.print(f"{output}: {total} bytes")
