"""Leases when the database is away and when its clock steps: no live slot loses its step, no dead one keeps it."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage.claims import LEASE_SECONDS
from tests.queue.stack import Stack
from tests.services.postgres import Postgres

pytestmark = [pytest.mark.queue, pytest.mark.chaos, pytest.mark.slow]

HOUR = 3600.0

#: Makes every process of a database see another time than its server's.
SHIFT = """
CREATE TABLE public.off_by (seconds float8);
INSERT INTO public.off_by VALUES (0);
CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
'SELECT pg_catalog.clock_timestamp() + make_interval(secs => (SELECT seconds FROM public.off_by))';
"""


class Clocked:
    """A deployment of its own, and the means to step its clock."""

    def __init__(self, stack: Stack, step: Callable[[float], None], server: Postgres | None) -> None:
        self.stack, self.step, self.server = stack, step, server


SQLITE = pytest.param("sqlite", marks=pytest.mark.xdist_group("outages-sqlite"))
POSTGRESQL = pytest.param("postgresql", marks=[pytest.mark.services, pytest.mark.xdist_group("outages-postgresql")])


@pytest.fixture(scope="module", params=[SQLITE, POSTGRESQL])
def clocked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clocked]:
    """Nobody else's server is killed here, and nobody else's clock is stepped."""
    folder = tmp_path_factory.mktemp(f"outages-{request.param}")
    if request.param == "sqlite":
        off = folder / "off"
        off.write_text("0", encoding="utf-8")
        more = {"PYTHONPATH": str(Path(__file__).parent / "shifted"), "TEST_CLOCK": str(off)}
        stack = Stack(folder, f"sqlite:///{folder / 'harmony.db'}", more)

        def step(seconds: float) -> None:
            draft = off.with_suffix(".draft")
            draft.write_text(str(seconds), encoding="utf-8")
            draft.replace(off)

        yield Clocked(stack, step, None)
        stack.close()
        return
    server = Postgres().start()
    try:
        url = server.databases.fresh()
        name = url.rpartition("/")[2]
        with server.databases.connect() as connection:
            connection.execute(f'ALTER DATABASE "{name}" SET search_path = public, pg_catalog'.encode())
        stack = Stack(folder, url)
        with stack.database.write() as writing:
            writing.exec_driver_sql(SHIFT)

        def step_server(seconds: float) -> None:
            with stack.database.write() as writing:
                writing.exec_driver_sql("UPDATE public.off_by SET seconds = %s", (seconds,))

        yield Clocked(stack, step_server, server)
        stack.close()
    finally:
        server.destroy()


@pytest.fixture
def stack(clocked: Clocked) -> Iterator[Stack]:
    """All parts running, the clock as it should be."""
    clocked.stack.base()
    yield clocked.stack
    clocked.step(0.0)
    clocked.stack.cancel_rest()


def undisturbed(stack: Stack, job_id: str) -> None:
    """It ran once, and nothing was charged."""
    assert stack.ends([job_id], 60) == ["succeeded"]
    assert [attempt.outcome for attempt in stack.reader.attempts(job_id)] == ["succeeded"]
    assert stack.row(job_id).charged == {}
    assert "step.retrying" not in stack.history(job_id)


@pytest.mark.parametrize("seconds", [HOUR, -HOUR], ids=["forward", "back"])
def test_a_step_of_the_clock_takes_no_step_from_a_slot(clocked: Clocked, stack: Stack, seconds: float) -> None:
    job_id = stack.tone(delay_ms=8000)
    stack.happens(job_id, "step.started")
    warned = stack.dispatcher().log().count("clock_stepped")
    clocked.step(seconds)
    stack.until(lambda: stack.dispatcher().log().count("clock_stepped") > warned, 10, "the dispatcher to notice")
    undisturbed(stack, job_id)


def test_a_slot_that_dies_as_the_clock_goes_back_does_not_keep_its_step_for_an_hour(
    clocked: Clocked, stack: Stack
) -> None:
    stack.slot("cpu-2")
    stack.until(lambda: stack.live().get("cpu") == 2, 60, "the second slot")
    job_id = stack.tone(delay_ms=3000)
    stack.happens(job_id, "step.started")
    slot = stack.slot(stack.row(job_id).slot)
    slot.freeze()
    clocked.step(-HOUR)
    slot.kill()
    # One lease of doubt, then the sweep.
    stack.happens(job_id, "step.started", LEASE_SECONDS + 15, times=2)
    assert stack.ends([job_id], 30) == ["succeeded"]
    assert [attempt.outcome for attempt in stack.reader.attempts(job_id)] == ["lost", "succeeded"]


@pytest.mark.parametrize("clocked", [POSTGRESQL], indirect=True)
def test_the_database_is_away_for_longer_than_a_lease(clocked: Clocked, stack: Stack) -> None:
    """One step goes on while it is away and after, another ends meanwhile: both keep their claims."""
    assert clocked.server is not None
    outlasts, ends = stack.tone(delay_ms=24_000), stack.tone(stages=2, delay_ms=4000)
    stack.happens(outlasts, "step.started")
    stack.slot("cpu-2")
    stack.happens(ends, "step.started")
    lost = stack.dispatcher().log().count("claim_lost")
    clocked.server.kill()
    away = time.monotonic()
    stack.until(lambda: time.monotonic() > away + LEASE_SECONDS + 2, 30, "an outage that outlasts a lease")
    assert "commit_waits" in stack.slot("cpu-1").log() + stack.slot("cpu-2").log()
    clocked.server.start()
    # The test's own connections are as dead as everybody's.
    stack.database.close()
    for job_id in (outlasts, ends):
        assert stack.ends([job_id], 60) == ["succeeded"]
        outcomes = [attempt.outcome for attempt in stack.reader.attempts(job_id)]
        assert set(outcomes) == {"succeeded"}, outcomes
        assert "step.retrying" not in stack.history(job_id)
    assert stack.dispatcher().log().count("claim_lost") == lost
