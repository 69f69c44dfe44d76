"""Deleting a job loses no message that is owed, whatever the dispatcher is doing at that moment."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, event, select, text, update

from pipelines.events import EventType
from pipelines.jobs import JobStatus
from storage import dispatch
from storage.database import Database
from storage.endpoints import EndpointStore, NewEndpoint
from storage.history import NewEvent, append
from storage.leadership import leading
from storage.retention import delete_job, delete_old
from storage.tables import jobs
from storage.tables_webhooks import webhook_deliveries
from storage.webhooks import WebhookStore
from tests.storage.house import House, output

HOOK = {"url": "https://example.org/hook", "events": ["job.succeeded"], "secret": None}
DAY = 86400.0


@pytest.fixture
def other(house: House) -> Iterator[Database]:
    """The same database through connections of its own: another process."""
    made = Database(house.database.url)
    yield made
    made.close()


def listen(house: House, *types: str) -> str:
    """An endpoint that is told of events of these types, of all if none is named."""
    made = EndpointStore(house.database).create(NewEndpoint("https://example.org/all", types, "", None, None))
    return str(made.row.id)


def number(house: House) -> int:
    with leading(house.database, house.lead) as connection:
        return dispatch.number_events(connection, 1)


def finished(house: House, **more: Any) -> str:
    claim = house.running(**more)
    house.store.complete_step(claim, [output()])
    return claim.work.job_id


def told(house: House) -> Counter[tuple[str, str]]:
    """Of which job and event there is how many messages, by their bodies."""
    with house.database.read() as reading:
        bodies = map(json.loads, reading.scalars(select(webhook_deliveries.c.body)))
        return Counter((body["data"]["id"], body["type"]) for body in bodies)


def await_blocked(house: House) -> None:
    """Until a connection waits for another's lock; PostgreSQL tells nobody, so it is asked."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with house.database.read() as reading:
        for _ in range(1000):
            if reading.scalar(waiting):
                return
            reading.execute(text("SELECT pg_sleep(0.01)"))
    pytest.fail("nobody waits")


def only_postgresql(house: House) -> None:
    if house.database.is_sqlite:
        pytest.skip("there only one writes at a time")


def test_messages_that_are_owed_outlive_their_job(house: House) -> None:
    endpoint = listen(house)
    early, late = finished(house, webhook=HOOK), finished(house)
    everything = {(job, f"job.{move}"): 1 for job in (early, late) for move in ("queued", "started", "succeeded")}
    everything[early, "job.succeeded"] = 2
    house.store.delete(early)
    number(house)
    assert told(house) == everything
    house.store.delete(late)
    assert number(house) == 0
    assert told(house) == everything
    claimed = WebhookStore(house.database, per_target=9).claim()
    assert Counter(delivery.endpoint_id for delivery in claimed) == {endpoint: 6, None: 1}


def test_held_messages_outlive_their_job_and_sent_ones_go_with_it(house: House) -> None:
    listen(house)
    job_id = finished(house)
    number(house)
    moves = {"job.queued": "held", "job.started": "delivered", "job.succeeded": "failed"}
    with house.database.write() as connection:
        for move, status in moves.items():
            connection.execute(
                update(webhook_deliveries).where(webhook_deliveries.c.type == move).values(status=status)
            )
    house.store.delete(job_id)
    assert told(house) == {(job_id, "job.queued"): 1}


def test_old_jobs_leave_what_they_owe(house: House) -> None:
    listen(house, "job.succeeded")
    template = house.row(finished(house))
    old = "job_01700000-0000-7000-8000-000000000000"
    with house.database.write() as connection:
        connection.execute(jobs.insert().values({**template._asdict(), "id": old, "finished_at": 1.6e9}))
        append(connection, old, 1, 1.6e9, [NewEvent(EventType.JOB_SUCCEEDED)])
    assert delete_old(house.database, DAY) == 1
    assert told(house) == {(old, "job.succeeded"): 1}


def test_a_client_who_asked_for_longer_is_not_overruled(house: House) -> None:
    template = house.row(finished(house))
    ends = {
        "gone": {"expires_at": 1.7e9},
        "removed": {"expires_at": 9e9, "removed_at": 1.7e9},
        "never": {},
        # As the release before this one ends a job.
        "lately": {"expires_in": 60.0},
        "kept": {"expires_at": 9e9},
        "long": {"expires_in": 9e9},
    }
    ids = {name: f"job_01700000-0000-7000-8000-00000000000{at}" for at, name in enumerate(ends)}
    with house.database.write() as connection:
        for name, end in ends.items():
            row = {**template._asdict(), "finished_at": 1.6e9, "id": ids[name], **end}
            connection.execute(jobs.insert().values(row))
    assert delete_old(house.database, DAY) == 4
    with house.database.read() as reading:
        assert set(reading.scalars(select(jobs.c.id))) == {template.id, ids["kept"], ids["long"]}


def test_an_event_that_is_deleted_meanwhile_takes_nobodys_message_along(house: House, other: Database) -> None:
    only_postgresql(house)
    listen(house, "job.queued")
    job_ids = [house.submit() for _ in range(10)]
    house.set(job_ids[2], status=JobStatus.CANCELLED.value, phase="ended")
    with ThreadPoolExecutor(1) as threads:
        with other.write() as connection:
            delete_job(connection, job_ids[2])
            numbering = threads.submit(number, house)
            await_blocked(house)
        assert numbering.result() == 9
    assert told(house) == {(job_id, "job.queued"): 1 for job_id in job_ids}


def test_a_delete_while_the_dispatcher_tells_of_the_job(house: House, other: Database) -> None:
    """The dispatcher holds the events and refers to the job then; neither may wait for the other in a circle."""
    only_postgresql(house)
    listen(house)
    job_id = finished(house)
    deleting: list[Future[None]] = []

    def delete() -> None:
        with other.write() as connection:
            delete_job(connection, job_id)

    with ThreadPoolExecutor(1) as threads:

        def in_between(_c: object, _cursor: object, statement: str, *_: object) -> None:
            if statement.startswith("INSERT INTO webhook_deliveries") and not deleting:
                deleting.append(threads.submit(delete))
                await_blocked(house)

        event.listen(house.database.engine, "before_cursor_execute", in_between)
        assert number(house) > 0
        deleting[0].result()
    assert house.reader.get(job_id) is None
    assert told(house) == {(job_id, f"job.{move}"): 1 for move in ("queued", "started", "succeeded")}


def test_who_tells_of_a_job_does_not_read_what_it_made(house: House) -> None:
    listen(house)
    finished(house, webhook=HOOK)
    statements: list[str] = []

    def listening(_c: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", listening)
    try:
        number(house)
    finally:
        event.remove(Engine, "before_cursor_execute", listening)
    assert any("jobs.labels" in statement for statement in statements)
    assert not [statement for statement in statements if "jobs.output" in statement or "jobs.request" in statement]
