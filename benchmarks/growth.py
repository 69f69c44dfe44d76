"""What a million finished jobs in the table cost: each call beside the same call with a thousand, in one run.

Through the stores, without HTTP. Small and large take turns call by call, so that what else the machine does meets
both. Then the rate of claims with 100,000 waiting jobs beside that with 100.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import NamedTuple

from rich.console import Console

from benchmarks.filling import fill
from benchmarks.report import Figures
from benchmarks.stack import Database as Kind
from benchmarks.stack import scratch
from migrations import upgrade
from pipelines.ids import new_id
from pipelines.jobs import Action, Plan, Priority, Step
from storage import dispatch, leadership
from storage.admission import Admission
from storage.claims import Claim, SlotChild
from storage.database import Database
from storage.filters import JobFilter
from storage.jobs import JobStore
from storage.queries import JobReader
from storage.submitting import NewArtifact, Submission
from tests.services.postgres import Postgres

SMALL = 1000
#: What a call on the large table may take of the same on the small one.
TARGET = 1.3
_PAGE = 50
_CHILD = SlotChild("cpu-1", "cpu-1:1:1.0")
_WINDOWS, _SLOTS = {"cpu": 20}, {"cpu": 1}

#: Lists: a value that many have, that a few have all over the table, and that nobody has; and two filters together.
FILTERS: dict[str, JobFilter] = {
    "all": JobFilter(),
    "status_common": JobFilter(statuses=("succeeded",)),
    "status_rare": JobFilter(statuses=("expired",)),
    "status_nobody": JobFilter(statuses=("cancelled",)),
    "status_two": JobFilter(statuses=("failed", "expired")),
    "kind_common": JobFilter(kinds=("speech",)),
    "kind_rare": JobFilter(kinds=("vad",)),
    "kind_nobody": JobFilter(kinds=("diarization",)),
    "model_common": JobFilter(models=("tone",)),
    "model_rare": JobFilter(models=("campplus",)),
    "model_nobody": JobFilter(models=("none",)),
    "voice_common": JobFilter(voices=("bella",)),
    "voice_rare": JobFilter(voices=("ann",)),
    "voice_nobody": JobFilter(voices=("none",)),
    "queue_common": JobFilter(queues=("cpu",)),
    "queue_rare": JobFilter(queues=("gpu-amd",)),
    "queue_nobody": JobFilter(queues=("none",)),
    "code_common": JobFilter(codes=("engine_error",)),
    "code_rare": JobFilter(codes=("worker_lost",)),
    "code_nobody": JobFilter(codes=("none",)),
    "label_common": JobFilter(labels={"team": "red"}),
    "label_rare": JobFilter(labels={"team": "rare"}),
    "label_nobody": JobFilter(labels={"team": "none"}),
    "q_id_common": JobFilter(text="job_"),
    "q_label_common": JobFilter(text="gre"),
    "q_label_rare": JobFilter(text="rar"),
    "q_nobody": JobFilter(text="nothing"),
    "status_and_kind_nobody": JobFilter(statuses=("failed",), kinds=("embedding",)),
    "status_and_model": JobFilter(statuses=("failed",), models=("tone",)),
    "kind_and_voice_nobody": JobFilter(kinds=("diarization",), voices=("bella",)),
    "status_and_label_rare": JobFilter(statuses=("failed",), labels={"team": "rare"}),
}


class _Measure(NamedTuple):
    """Samples of each call, and the seconds that those of one database may take."""

    samples: int
    budget: float


class Table:
    """One database, and one of each call on it."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.jobs, self.reader = JobStore(self.database), JobReader(self.database)
        self.admission = Admission({}, 300.0)
        lead = leadership.take_lead(self.database, "bench")
        if lead is None:
            raise RuntimeError("another dispatcher leads in a database of our own")
        self.lead = lead
        newest = self.reader.page(JobFilter(), limit=200, after=None, before=None)
        self._ids = itertools.cycle([rows.job.id for rows in newest])
        self._picked: list[str] = []
        self._claim: Claim | None = None

    def submit(self) -> None:
        plan = Plan((Step("synthesize", Action.SYNTHESIZE, "cpu", "tone"),))
        request = {"kind": "speech", "input": {"text": "do re mi"}}
        self.jobs.submit(
            Submission(new_id("job"), "speech", "tone", "sine", plan, Priority.NORMAL, request, {"team": "red"})
        )

    def get(self) -> None:
        self.reader.get(next(self._ids))

    def page(self, which: JobFilter, limit: int) -> int:
        """How many jobs it holds."""
        return len(self.reader.page(which, limit=limit, after=None, before=None))

    def dispatch(self) -> None:
        with self.database.read() as reading:
            picked = self.admission.pick(reading, _WINDOWS, _SLOTS)
        with leadership.leading(self.database, self.lead) as writing:
            self._picked += [chain.job_id for chain in dispatch.publish(writing, picked)]

    def claim(self) -> None:
        claim = self.jobs.claim_step(self._picked.pop(), 0, publication=1, child=_CHILD, limit=lambda _: 60.0)
        if not isinstance(claim, Claim):
            raise TypeError("a published job could not be claimed")
        self._claim = claim

    def complete(self) -> None:
        if self._claim is None:
            raise RuntimeError("nothing is claimed")
        key = f"jobs/{self._claim.work.job_id}/out"
        self.jobs.complete_step(self._claim, [NewArtifact("audio", key, "audio/wav", 44, "00" * 32, 1.0, 8000)])

    def claims_per_second(self, count: int) -> float:
        """Picked, published and claimed; their ends do not count."""
        spent, done = 0.0, 0
        while done < count:
            spent += elapsed(self.dispatch)
            while self._picked and done < count:
                spent += elapsed(self.claim)
                self.complete()
                done += 1
        return done / spent


def measure(
    databases: Sequence[Kind], *, jobs: int, waiting: int, samples: int, budget: float, console: Console
) -> Figures:
    """Medians in milliseconds, and ratios of the large table's to the small one's.

    `budget`: seconds for the calls of one database; slow calls get fewer samples.
    """
    figures: Figures = {"growth_jobs": jobs}
    for kind in databases:
        with migrated_servers(kind) as fresh:
            figures |= _one(kind, fresh, jobs, console, _Measure(samples, budget))
            figures |= _claims(kind, fresh, waiting, console)
    return figures


def _one(kind: Kind, fresh: Callable[[], str], jobs: int, console: Console, bounds: _Measure) -> Figures:
    small, large = fresh(), fresh()
    fill(small, SMALL)
    figures: Figures = {f"growth_fill_{kind}_s": fill(large, jobs)}
    console.print(f"growth: {kind} filled with {jobs} jobs in {figures[f'growth_fill_{kind}_s']:.0f} s", style="dim")
    worst = 0.0
    for name, times in _times([Table(small), Table(large)], bounds.samples, bounds.budget).items():
        few, many = (1000 * statistics.median(each) for each in times)
        figures[f"growth_{kind}_{name}_ms"] = many
        figures[f"growth_{kind}_{name}_ratio"] = ratio = many / few
        worst = max(worst, ratio)
        style = "red" if ratio > TARGET else "dim"
        console.print(f"growth: {kind} {name} {few:.2f} → {many:.2f} ms, ratio {ratio:.2f}", style=style)
    figures[f"growth_{kind}_worst_ratio"] = worst
    return figures


def _times(tables: Sequence[Table], samples: int, budget: float) -> dict[str, list[list[float]]]:
    """Seconds of each call, by name and by table."""
    calls: dict[str, list[Callable[[], object]]] = {"get": [table.get for table in tables]}
    now = time.time()
    ranges = {
        "created_range": JobFilter(created_after=now - 2000.0, created_before=now - 500.0),
        "status_and_time": JobFilter(statuses=("failed",), created_before=now - 1000.0),
        "rare_status_and_time_nobody": JobFilter(statuses=("expired",), created_after=now - 5.0),
    }
    for name, which in {**FILTERS, **ranges}.items():
        calls[f"list_{name}"] = _listing(tables, which)
    each = budget / (len(calls) + 4)
    found = {name: _alternating(pair, samples, each) for name, pair in calls.items()}
    # Those that go one after another: each round submits a job and carries it to its end.
    for name in ("submit", "dispatch", "claim", "complete"):
        found[name] = [[] for _ in tables]
    give_up = time.monotonic() + 4 * each
    while len(found["submit"][0]) < samples and (len(found["submit"][0]) < _LEAST or time.monotonic() < give_up):
        for name in ("submit", "dispatch", "claim", "complete"):
            for table, times in zip(tables, found[name], strict=True):
                times.append(elapsed(getattr(table, name)))
    return found


#: Samples of a call that takes longer than its share of the time.
_LEAST = 3


def _alternating(calls: Sequence[Callable[[], object]], samples: int, budget: float) -> list[list[float]]:
    times: list[list[float]] = [[] for _ in calls]
    for call in calls:
        call()
    give_up = time.monotonic() + budget
    while len(times[0]) < samples and (len(times[0]) < _LEAST or time.monotonic() < give_up):
        for call, taken in zip(calls, times, strict=True):
            taken.append(elapsed(call))
    return times


def _listing(tables: Sequence[Table], which: JobFilter) -> list[Callable[[], object]]:
    """A page of as many jobs as every table has: what is compared is finding them, not reading more of them."""
    limit = max(1, min(table.page(which, _PAGE) for table in tables))
    return [partial(table.page, which, limit) for table in tables]


def _claims(kind: Kind, fresh: Callable[[], str], waiting: int, console: Console) -> Figures:
    """Claims a second with few and with many waiting jobs."""
    few, many = fresh(), fresh()
    fill(few, 200, waiting=True)
    fill(many, waiting, waiting=True)
    tables = {"few": Table(few), "many": Table(many)}
    rates: dict[str, list[float]] = {name: [] for name in tables}
    for _ in range(5):
        for name, table in tables.items():
            rates[name].append(table.claims_per_second(20))
    rate = {name: statistics.median(found) for name, found in rates.items()}
    console.print(f"growth: {kind} claims/s with 100 waiting {rate['few']:.0f}, with {waiting} {rate['many']:.0f}")
    return {
        f"growth_{kind}_claims_per_second_few": rate["few"],
        f"growth_{kind}_claims_per_second": rate["many"],
        f"growth_{kind}_claims_ratio": rate["few"] / rate["many"],
    }


def elapsed(call: Callable[[], object]) -> float:
    """The seconds that the call took."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


@contextmanager
def migrated_servers(kind: Kind) -> Iterator[Callable[[], str]]:
    """Makes migrated databases of this kind, as many as are asked for."""
    with ExitStack() as stack:
        if kind == "sqlite":
            folder, numbers = stack.enter_context(scratch()), itertools.count()
            yield lambda: _migrated(f"sqlite:///{folder / f'{next(numbers)}.db'}")
        else:
            server = Postgres().start()
            stack.callback(server.destroy)
            yield lambda: _migrated(server.databases.fresh())


def _migrated(url: str) -> str:
    upgrade(url)
    return url
