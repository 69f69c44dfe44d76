"""Webhook messages: written with the transition they tell of, claimed, tried again, ended (invariant 6)."""

import json
from functools import partial
from typing import Any

import pytest
from sqlalchemy import update

from pipelines.events import WEBHOOK_EVENTS
from storage.database import db_now
from storage.deliveries import DeliveryStore, Whose
from storage.dispatch import to_do
from storage.tables_webhooks import webhook_deliveries
from storage.webhooks import DeliveryResult, DueDelivery, WebhookStore
from tests.storage.house import House, at_once, error_of, output

HOOK: dict[str, Any] = {"url": "https://example.org/hook", "events": list(WEBHOOK_EVENTS), "secret": None}
#: A refusal says that the receiver lives: no circuit breaker opens.
REFUSED = DeliveryResult(404, None)


@pytest.fixture
def hooks(house: House) -> WebhookStore:
    return WebhookStore(house.database)


def told(house: House, job_id: str) -> list[tuple[str, int, str]]:
    """Type, sequence and the job's status of each message, by its stored body."""
    rows = sorted(house.reader.deliveries(job_id), key=lambda row: row.seq)
    bodies = [json.loads(row.body) for row in rows]
    assert [(row.type, row.seq) for row in rows] == [(body["type"], body["sequence"]) for body in bodies]
    assert all(body["data"]["id"] == job_id for body in bodies)
    assert all(body["data"]["labels"] == {"a": "b"} for body in bodies)
    return [(body["type"], body["sequence"], body["data"]["status"]) for body in bodies]


def test_every_move_of_the_job_is_told_as_it_stood(house: House) -> None:
    claim = house.running("cpu", "io", webhook=HOOK, labels={"a": "b"})
    job_id = claim.work.job_id
    house.store.complete_step(claim, [output()])
    house.store.complete_step(house.claim(job_id, 1), [output("end")])
    assert told(house, job_id) == [
        ("job.queued", 1, "queued"),
        ("job.started", 2, "running"),
        ("job.succeeded", 7, "succeeded"),
    ]


def test_cancelling_and_failing_are_told(house: House) -> None:
    cancelled = house.running(webhook=HOOK, labels={"a": "b"})
    house.store.cancel(cancelled.work.job_id)
    house.store.stop_step(cancelled)
    assert told(house, cancelled.work.job_id)[2:] == [
        ("job.cancelling", 4, "cancelling"),
        ("job.cancelled", 6, "cancelled"),
    ]
    failed = house.running(webhook=HOOK, labels={"a": "b"})
    house.store.fail_step(failed, "permanent", error=error_of("permanent"))
    assert told(house, failed.work.job_id)[2:] == [("job.failed", 5, "failed")]
    waiting = house.submit(webhook=HOOK, labels={"a": "b"})
    house.store.cancel(waiting)
    assert told(house, waiting)[1:] == [("job.cancelled", 2, "cancelled")]


def test_a_failure_says_why(house: House) -> None:
    claim = house.running(webhook={**HOOK, "events": ["job.failed"]})
    house.store.fail_step(claim, "permanent", error=error_of("permanent"))
    (row,) = house.reader.deliveries(claim.work.job_id)
    assert json.loads(row.body)["data"]["error"]["code"] == "because"


def test_only_what_was_asked_for_is_told(house: House) -> None:
    claim = house.running(webhook={**HOOK, "events": ["job.succeeded"]})
    assert house.reader.deliveries(claim.work.job_id) == []
    house.store.complete_step(claim, [output()])
    assert [row.type for row in house.reader.deliveries(claim.work.job_id)] == ["job.succeeded"]


def test_a_late_result_tells_nothing(house: House) -> None:
    claim = house.running(webhook={**HOOK, "events": ["job.succeeded"]})
    house.store.lose_claim(claim.held, "lost", "gone")
    house.store.complete_step(claim, [output()])
    assert house.reader.deliveries(claim.work.job_id) == []


def one_due(house: House, hooks: WebhookStore) -> DueDelivery:
    house.submit(webhook={**HOOK, "events": ["job.queued"]})
    (delivery,) = hooks.claim()
    return delivery


def row(house: House, delivery: DueDelivery) -> Any:
    with house.database.read() as connection:
        return connection.execute(webhook_deliveries.select().where(webhook_deliveries.c.id == delivery.id)).one()


def wait_in(house: House, delivery: DueDelivery) -> float:
    """Seconds until the next attempt, by the database's clock."""
    with house.database.read() as connection:
        left = connection.scalar(
            webhook_deliveries.select()
            .with_only_columns(webhook_deliveries.c.next_at - db_now())
            .where(webhook_deliveries.c.id == delivery.id)
        )
    assert left is not None
    return float(left)


def make_due(house: House, delivery: DueDelivery) -> None:
    with house.database.write() as connection:
        connection.execute(
            update(webhook_deliveries).where(webhook_deliveries.c.id == delivery.id).values(next_at=db_now() - 0.01)
        )


def test_the_ladder_of_attempts_keeps_one_id(house: House, hooks: WebhookStore) -> None:
    delivery = one_due(house, hooks)
    first = delivery.id
    ladder = (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
    for attempt, seconds in enumerate(ladder, start=1):
        assert (delivery.id, delivery.attempts) == (first, attempt)
        hooks.record(delivery, REFUSED)
        assert row(house, delivery).status == "pending"
        assert seconds - 3.0 < wait_in(house, delivery) <= seconds * 1.2
        assert hooks.claim() == []
        make_due(house, delivery)
        (delivery,) = hooks.claim()
    hooks.record(delivery, REFUSED)
    ended = row(house, delivery)
    assert (ended.id, ended.status, ended.attempts) == (first, "failed", 10)
    assert (ended.next_at, ended.last_status) == (None, 404)
    assert ended.finished_at is not None
    assert hooks.claim() == []
    DeliveryStore(house.database).redeliver(Whose(job=ended.job_id), first)
    (delivery,) = hooks.claim()
    hooks.record(delivery, REFUSED)
    again = row(house, delivery)
    assert (again.id, again.status, again.attempts) == (first, "pending", 11)
    assert 2.0 < wait_in(house, delivery) <= 6.0, "on the ladder's first rung again"


@pytest.mark.parametrize(
    ("result", "status"),
    [
        (DeliveryResult(200, None), "delivered"),
        (DeliveryResult(204, None), "delivered"),
        (DeliveryResult(410, None), "failed"),
        (DeliveryResult(302, None), "pending"),
        (DeliveryResult(404, None), "pending"),
        (DeliveryResult(None, "timeout"), "pending"),
    ],
)
def test_what_the_receiver_says_decides(house: House, hooks: WebhookStore, result: DeliveryResult, status: str) -> None:
    delivery = one_due(house, hooks)
    hooks.record(delivery, result)
    written = row(house, delivery)
    assert (written.status, written.last_status, written.last_error) == (status, result.status, result.error)


def test_a_delivery_whose_sender_died_is_due_again(house: House, hooks: WebhookStore) -> None:
    first = one_due(house, hooks)
    assert 25.0 < wait_in(house, first) <= 30.0
    make_due(house, first)
    (second,) = hooks.claim()
    assert (second.id, second.fence) == (first.id, first.fence + 1)
    hooks.record(first, DeliveryResult(410, None))
    assert row(house, first).status == "pending", "the former holder's word does not end the second's attempt"
    hooks.record(second, DeliveryResult(200, None))
    hooks.record(first, REFUSED)
    assert row(house, first).status == "delivered", "the former holder's word does not count"


def test_a_former_sender_changes_nothing_while_another_sends(house: House, hooks: WebhookStore) -> None:
    first = one_due(house, hooks)
    make_due(house, first)
    (second,) = hooks.claim()
    before = row(house, first)
    hooks.record(first, DeliveryResult(200, None))
    assert row(house, first) == before
    hooks.record(second, REFUSED)
    hooks.record(second, DeliveryResult(200, None))
    assert row(house, first).status == "pending", "one attempt has one result"


def test_two_senders_share_what_is_due(house: House) -> None:
    hooks = WebhookStore(house.database, per_target=64)
    for _ in range(40):
        house.submit(webhook={**HOOK, "events": ["job.queued"]})
    claimed = at_once(*(partial(WebhookStore.claim, hooks, 32) for _ in range(2)))
    lists = [each for each in claimed if isinstance(each, list)]
    assert len(lists) == 2, claimed
    assert all(len(each) <= 32 for each in lists)
    ids = [delivery.id for each in lists for delivery in each]
    assert len(ids) == len(set(ids)) == 40


def test_the_dispatcher_sees_whether_anything_is_due(house: House, hooks: WebhookStore) -> None:
    house.submit(webhook={**HOOK, "events": ["job.queued"]})
    with house.database.read() as connection:
        assert to_do(connection).deliveries
    hooks.claim()
    with house.database.read() as connection:
        assert not to_do(connection).deliveries
