"""Expand/contract: while a deployment is upgraded, code that does not know the newest migration works on its schema."""

import json

import pytest
from sqlalchemy import func, select

from storage import backlog
from storage.database import Database
from storage.leadership import leading
from storage.outcomes import Ended
from storage.tables import jobs, submitters
from storage.webhooks import DeliveryResult, WebhookStore
from tests.earlier import ROOT, Earlier
from tests.storage.house import House, error_of, output
from tests.storage.old_moves import WEBHOOK

SCRIPT = str(ROOT / "tests" / "storage" / "old_moves.py")

#: A job's life and what is told of it. The rest of that tree's tests is slow, or about nothing that a schema changes.
_OF_A_LIFE = ("submitting", "claiming", "ending", "events", "deliveries", "dispatching", "retrying", "deadlines")


class OldCode:
    """The moves of a job's life as the earlier tree makes them, each by a process of its own."""

    def __init__(self, earlier: Earlier, url: str) -> None:
        self._earlier, self._url = earlier, url

    def __call__(self, move: str, *arguments: str) -> str:
        printed = self._earlier.run("-P", SCRIPT, self._url, move, *arguments, seconds=60)
        return str(json.loads(printed))


class New:
    """The same moves by the code of now; the lead goes to and fro, so each takes it anew."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @property
    def house(self) -> House:
        return House(self.database)

    def step(self, job_id: str) -> str:
        house = self.house
        row = house.row(job_id)
        if row.phase == "waiting":
            house.publish(job_id)
        claim = house.claim(job_id, row.step_index)
        house.store.heartbeat(claim, 0.5)
        return house.store.complete_step(claim, [output(f"{job_id}/{row.step_index}")])

    def told(self) -> list[str]:
        """The jobs whose webhook messages were due; each is accepted."""
        deliveries = WebhookStore(self.database)
        due = deliveries.claim()
        for delivery in due:
            deliveries.record(delivery, DeliveryResult(200, None))
        return [json.loads(delivery.body)["data"]["id"] for delivery in due]


@pytest.fixture
def old(earlier: Earlier, database_url: str) -> OldCode:
    return OldCode(earlier, database_url)


@pytest.fixture
def new(database: Database) -> New:
    return New(database)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", ["not services", pytest.param("services", marks=[pytest.mark.services])])
def test_the_tests_of_the_earlier_code_pass_on_the_schema_of_now(earlier: Earlier, kind: str) -> None:
    """Submitting, publishing, claiming, ending, cancelling, events, lists, webhooks: all that was promised then."""
    modules = [f"tests/storage/test_{name}.py" for name in _OF_A_LIFE]
    printed = earlier.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", kind, *modules)
    assert " passed" in printed
    assert "failed" not in printed


def test_new_code_finishes_what_old_code_began(old: OldCode, new: New) -> None:
    job_id = old("submit", "cpu", "io")
    assert old("step", job_id) == "succeeded"
    assert new.step(job_id) is Ended.SUCCEEDED
    house = new.house
    assert (house.row(job_id).status, house.row(job_id).progress) == ("succeeded", 1.0)
    assert house.history(job_id)[-1] == "job.succeeded"
    assert len(house.results(job_id)) == 1
    assert new.told() == [job_id]


def test_old_code_finishes_what_new_code_began(old: OldCode, new: New) -> None:
    job_id = new.house.submit("cpu", "io", webhook=WEBHOOK)
    assert new.step(job_id) is Ended.SUCCEEDED
    assert old("step", job_id) == "succeeded"
    assert new.house.row(job_id).status == "succeeded"
    assert new.house.history(job_id)[-1] == "job.succeeded"
    assert old("deliver") == str([job_id])
    assert [row.status for row in new.house.reader.deliveries(job_id)] == ["delivered"]


def test_each_retries_and_cancels_what_is_the_others(old: OldCode, new: New) -> None:
    first, second = old("submit", "cpu"), new.house.submit("cpu", webhook=WEBHOOK)
    assert old("fail", second, "lost") == "retrying"
    house = new.house
    house.publish(first)
    assert house.store.fail_step(house.claim(first), "lost", error=error_of("lost")) is Ended.RETRYING
    assert old("fail", first, "lost") == "retrying"
    assert new.house.row(first).charged == {"lost": 2}
    assert old("cancel", second) == "cancelled"
    assert new.house.store.cancel(first) == "cancelled"
    assert {new.house.row(job_id).status for job_id in (first, second)} == {"cancelled"}
    assert sorted(new.told()) == sorted([first, second])


def test_what_old_code_left_uncounted_is_counted_again(old: OldCode, new: New) -> None:
    """It knows nothing of the counters of each submitter; the dispatcher of now sets them right."""
    for _ in range(2):
        old("submit", "cpu")
    gone = new.house.submit("cpu")
    old("cancel", gone)
    house = new.house
    with leading(house.database, house.lead) as writing:
        backlog.recount(writing)
    with house.database.read() as connection:
        waiting = connection.scalar(select(func.count()).where(jobs.c.phase == "waiting"))
        counted = connection.scalar(select(func.sum(submitters.c.waiting)))
    assert waiting == counted == 2
