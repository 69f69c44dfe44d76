"""Starts a stack of its own, does every kind of job on it, and says in a table how that went."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from harmony.background import BackgroundStack, StackDidNotStart
from harmony.client import Client
from harmony.commands.models import fetch
from harmony.console import err, job_progress, out, sentences
from harmony.demo.following import Follower, Outcome
from harmony.demo.report import table
from harmony.demo.scenario import ROOT, SPEECH, Task, recordings, round_trip
from harmony.receiver import WebhookReceiver, new_secret
from pipelines.catalog import load_catalog

_MOST_WORD_ERRORS = 0.15


def main() -> int:
    """0 if every job succeeded, every webhook was verified, and the round trip kept its words."""
    config, output = ROOT / "config.yml", Path("demo-output")
    output.mkdir(exist_ok=True)
    err.print("[bold]Weights[/]")
    fetch(list(load_catalog(config)))
    secret = new_secret()
    with WebhookReceiver(secret) as receiver, TemporaryDirectory(prefix="harmony-demo-") as data:
        env = {"HARMONY_EGRESS_ALLOW": receiver.address, "HARMONY_WEBHOOK_SECRET": secret}
        err.print("[bold]Stack[/]")
        log = output / "stack.log"
        log.unlink(missing_ok=True)
        with BackgroundStack(Path(data), log, env=env, arguments=["--config", str(config)]) as stack:
            err.print(f"ready at {stack.url} after {stack.ready_seconds:.1f} s")
            err.print("[bold]Jobs[/]")
            with Client(stack.url) as server:
                outcomes = _work(server, receiver, output)
        refused = receiver.refused
    return _report(outcomes, refused, output)


def _work(server: Client, receiver: WebhookReceiver, output: Path) -> list[Outcome]:
    """Everything at once but the round trip, which needs what was spoken."""
    with job_progress() as bars, ThreadPoolExecutor(8, "jobs") as pool:
        follower = Follower(server, receiver, output, bars)

        def start(task: Task) -> Outcome:
            return follower.run(task, bars.add_task(task.name, total=1.0, status="submitted"))

        speech, *others = [pool.submit(start, task) for task in (SPEECH, *recordings())]
        outcomes = [speech.result()]
        if not outcomes[0].problems:
            outcomes.append(start(round_trip(outcomes[0].job["result"]["artifacts"][0])))
        return outcomes + [other.result() for other in others]


def _report(outcomes: list[Outcome], refused: int, output: Path) -> int:
    out.print(table(outcomes))
    problems = [f"{outcome.task.name}: {problem}" for outcome in outcomes for problem in outcome.problems]
    if refused:
        problems.append(f"{refused} webhooks were not signed right")
    trip = next((outcome.word_errors for outcome in outcomes if outcome.task.name == "round-trip"), None)
    if trip is None or trip >= _MOST_WORD_ERRORS:
        problems.append(f"round trip: word error rate {trip}, must be under {_MOST_WORD_ERRORS}")
    for problem in problems:
        err.print(f"[red]✗[/] {problem}")
    if not problems:
        verified = f"{len(outcomes)} jobs succeeded, {len(outcomes)} webhooks verified"
        err.print(f"[green]✓[/] {verified}; audio and transcripts are in {output}/")
    return 1 if problems else 0


def _main() -> int:
    try:
        return main()
    except StackDidNotStart as error:
        err.print(f"[red]✗[/] {error}")
        return 1
    except Exception as error:
        lines = sentences(error)
        if lines is None:
            raise
        err.print(f"[red]✗[/] {' '.join(lines)}")
        return 1


if __name__ == "__main__":
    sys.exit(_main())
