"""Following a job to its end, and showing what came of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from harmony.client import Client, Job
from harmony.client.landing import artifact_of
from harmony.commands.hearing import STDOUT
from harmony.console import CommandError, err, job_progress, problem_of


def follow(server: Client, job: Job) -> Job:
    """The job once it has ended, with a bar in the meantime; CommandError if it did not succeed."""
    with job_progress() as bars:
        bar = bars.add_task(job["id"][-12:] + " " + job["kind"], total=1.0, status=job["status"])
        for job in server.changes(job["id"]):  # noqa: PLR1704, B020 - the same job, newer
            bars.update(bar, completed=job["progress"], status=job["status"])
    if job["status"] != "succeeded":
        raise CommandError(problem_of(job))
    return job


def show_result(server: Client, job: Job, output: Path | None) -> None:
    """Writes the job's result to `output`; without one prints a transcript's text, other JSON, or the audio's link."""
    artifact = artifact_of(job)
    if output == STDOUT:
        sys.stdout.buffer.write(server.download(artifact))
    elif output is not None:
        server.download(artifact, output)
        err.print(f"{output}: {artifact['media_type']}, {artifact['bytes']} bytes")
    elif artifact["media_type"].partition(";")[0] == "application/json":
        document = json.loads(server.download(artifact))
        print(document["text"].strip() if "text" in document else json.dumps(document, ensure_ascii=False))
    else:
        print(artifact["url"])
