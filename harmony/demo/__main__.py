"""Starts a stack of its own, does every kind of job on it, and says in a table how that went.

`--keep` leaves the stack up afterwards, with its jobs in the dashboard, until Ctrl-C (`make demo KEEP=1`).
"""

from __future__ import annotations

import argparse
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from harmony.background import BackgroundStack, StackDidNotStart
from harmony.client import Client
from harmony.client.landing import artifact_of
from harmony.commands.models import fetch
from harmony.console import err, job_progress, out, sentences
from harmony.demo.following import Follower, Outcome
from harmony.demo.report import table
from harmony.demo.scenario import ROOT, SPEECH, Task, recordings, round_trip
from harmony.receiver import WebhookReceiver, new_secret
from pipelines.catalog import load_catalog

_MOST_WORD_ERRORS = 0.15


def main(*, keep: bool = False) -> int:
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
            err.print(f"[bold]Jobs[/] (see and hear them at {stack.url}/)")
            with Client(stack.url) as server:
                outcomes = _work(server, receiver, output)
            status = _report(outcomes, receiver.refused, output)
            if keep:
                _wait(stack.url)
            else:
                err.print("make demo KEEP=1 leaves the stack up, with these jobs in its dashboard")
    return status


def _wait(url: str) -> None:
    """Until somebody says that it is enough."""
    err.print(f"[bold]Harmony stays up at {url}/[/] Ctrl-C stops it and removes its data.")
    enough = {signal.SIGINT, signal.SIGTERM}
    # Blocked, so that they are waited for here instead of breaking off whatever runs.
    signal.pthread_sigmask(signal.SIG_BLOCK, enough)
    signal.sigwait(enough)


def _work(server: Client, receiver: WebhookReceiver, output: Path) -> list[Outcome]:
    """Everything at once but the round trip, which needs what was spoken."""
    with job_progress() as bars, ThreadPoolExecutor(8, "jobs") as pool:
        follower = Follower(server, receiver, output, bars)

        def start(task: Task) -> Outcome:
            return follower.run(task, bars.add_task(task.name, total=1.0, status="submitted"))

        speech, *others = [pool.submit(start, task) for task in (SPEECH, *recordings())]
        outcomes = [speech.result()]
        if not outcomes[0].problems:
            outcomes.append(start(round_trip(artifact_of(outcomes[0].job))))
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
    parser = argparse.ArgumentParser(prog="python -m harmony.demo")
    parser.add_argument("--keep", action="store_true", help="leave the stack up until Ctrl-C")
    try:
        return main(keep=parser.parse_args().keep)
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
