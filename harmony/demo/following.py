"""One job of the demo, from its submission to its verified webhook; every promise on the way is checked."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import av
from rich.progress import Progress, TaskID

from harmony.client import Client, DownloadBroken, Job, JobEvent
from harmony.console import problem_of
from harmony.demo.scenario import Task
from harmony.receiver import WebhookReceiver
from harmony.scoring import word_error_rate

#: Seconds for one job: the first of its model may load it on a slow machine.
_JOB_LIMIT = 600
_WEBHOOK_LIMIT = 30


@dataclass(frozen=True)
class Outcome:
    """What came of a task: its job, its files, its text if it has one, and what was wrong."""

    task: Task
    job: Job
    files: tuple[Path, ...]
    text: str | None
    problems: tuple[str, ...]

    @property
    def seconds(self) -> float | None:
        """How long the audio is that the job made or heard."""
        result = self.job["result"]
        made = None if result is None else result["artifacts"][0]["seconds"]
        if made is not None or self.task.audio is None:
            return made or self.task.seconds
        with av.open(str(self.task.audio)) as container:
            return None if container.duration is None else container.duration / av.time_base

    @property
    def word_errors(self) -> float | None:
        if self.text is None or self.task.reference is None:
            return None
        return word_error_rate(self.task.reference, self.text)


@dataclass(frozen=True)
class Follower:
    """Submits tasks to one server, and follows each by polling, by events, and by its webhook."""

    server: Client
    receiver: WebhookReceiver
    output: Path
    bars: Progress

    def run(self, task: Task, bar: TaskID) -> Outcome:
        events = [f"job.{end}" for end in ("succeeded", "failed", "cancelled")]
        webhook = {"url": self.receiver.url, "events": events}
        job = self.server.submit({**task.job, "webhook": webhook, "labels": {"demo": task.name}}, audio=task.audio)
        with ThreadPoolExecutor(1, "listener") as listener:
            heard = listener.submit(lambda: list(self.server.events(job["id"])))
            for job in self.server.changes(job["id"], timeout=_JOB_LIMIT):  # noqa: B020 - the same job, newer
                self.bars.update(bar, completed=job["progress"], status=job["status"])
            if job["finished_at"] is None:
                # Nothing ends the listener but the end of the job.
                self.server.cancel(job["id"])
            history = heard.result()
        problems = [*_check_end(job), *_check_history(job, history)]
        if not self.receiver.wait_for(job["id"], f"job.{job['status']}", _WEBHOOK_LIMIT):
            problems.append(f"no verified webhook within {_WEBHOOK_LIMIT} s")
        files = self._download(task, job, problems)
        return Outcome(task, job, files, self._text(files), tuple(problems))

    def _download(self, task: Task, job: Job, problems: list[str]) -> tuple[Path, ...]:
        files = []
        for artifact in [] if job["result"] is None else job["result"]["artifacts"]:
            suffix = artifact["media_type"].partition(";")[0].rpartition("/")[2]
            try:
                files.append(self.server.download(artifact, self.output / f"{task.name}.{suffix}"))
            except DownloadBroken as error:
                problems.append(str(error))
        return tuple(files)

    @staticmethod
    def _text(files: tuple[Path, ...]) -> str | None:
        """A transcript's text, also written as a file of its own."""
        for path in files:
            if path.suffix != ".json":
                continue
            document = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(text := document.get("text"), str):
                path.with_suffix(".txt").write_text(text.strip() + "\n", encoding="utf-8")
                return text
        return None


def _check_end(job: Job) -> list[str]:
    if job["status"] != "succeeded":
        return [problem_of(job)]
    return [] if job["result"] and job["result"]["artifacts"] else ["succeeded without a result"]


def _check_history(job: Job, history: list[JobEvent]) -> list[str]:
    """The events must be numbered without gaps and end as the job did."""
    numbers = [event.seq for event in history]
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        return [f"its events have gaps: {numbers}"]
    if history[-1].type != f"job.{job['status']}":
        return [f"polling says {job['status']}, events say {history[-1].type}"]
    return []
