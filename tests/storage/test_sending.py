"""The sender on real rows, whatever receivers, messages or the database do to it; on both databases."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Row, insert, make_url, select

from pipelines.ids import new_id
from storage.database import db_now
from storage.settings import StorageSettings
from storage.tables_webhooks import webhook_deliveries
from storage.webhooks import WebhookStore
from tests.services.postgres import Databases
from tests.storage.conftest import KINDS
from tests.storage.house import House
from tests.webhooks.receivers import Answer, Receiver, receiving
from workers.delivery import WebhookSender


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def sender(house: House, receiver: Receiver) -> WebhookSender:
    return WebhookSender(WebhookStore(house.database), StorageSettings(egress_allow=receiver.address))


def add(house: House, url: str, target: str, **more: object) -> str:
    """A due message's id."""
    message = {"id": new_id("msg"), "seq": 1, "type": "job.queued", "body": "{}", "status": "pending", **more}
    with house.database.write() as connection:
        now = connection.scalar(select(db_now())) or 0.0
        values = {"url": url, "target": target, "next_at": now - 1.0, "created_at": now - 1.0}
        connection.execute(insert(webhook_deliveries).values(**message, **values))
    return str(message["id"])


def row(house: House, delivery_id: str) -> Row[Any]:
    with house.database.read() as connection:
        return connection.execute(select(webhook_deliveries).where(webhook_deliveries.c.id == delivery_id)).one()


def test_an_impossible_date_to_come_back_at_is_as_none(house: House, receiver: Receiver) -> None:
    receiver.answers["/evil"] = Answer(503, {"retry-after": f"Mon, 01 Jan {'9' * 20} 00:00:00 GMT"})
    evil = add(house, receiver.url("/evil"), "evil")
    sender(house, receiver).deliver_due()
    told = row(house, evil)
    assert (told.status, told.last_status, told.last_error, told.attempts) == ("pending", 503, None, 1)


def test_what_breaks_one_attempt_breaks_no_other(
    house: House, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    broken = add(house, receiver.url("/broken"), "broken", secret="whsec_no base64 at all")
    fine = [add(house, receiver.url("/fine"), f"fine-{number}") for number in range(8)]
    sender(house, receiver).deliver_due()
    assert [row(house, each).status for each in fine] == ["delivered"] * 8
    told = row(house, broken)
    assert (told.status, told.last_status, told.last_error) == ("pending", None, "internal_error")
    assert told.claimed_until is None, "written down, not abandoned"
    assert f"webhook_crashed id={broken}" in caplog.text
    assert len(receiver.of("/fine")) == 8


@pytest.mark.parametrize("database_url", KINDS[1:], indirect=True)
def test_results_wait_for_a_database_that_is_away(
    house: House, receiver: Receiver, postgres: Databases, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers["/slow"] = held = Answer(let_go=threading.Event())
    sent = add(house, receiver.url("/slow"), "slow")
    assert held.let_go is not None
    name = make_url(database_url).database
    with ThreadPoolExecutor(1) as threads:
        sending = threads.submit(sender(house, receiver).deliver_due)
        receiver.wait_for("/slow", 1, 10.0)
        postgres.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        with postgres.connect() as server:
            server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        held.let_go.set()
        until(lambda: "webhook_results_wait" in caplog.text or sending.done())
        postgres.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        sending.result(20)
    assert row(house, sent).status == "delivered"
    assert len(receiver.of("/slow")) == 1


def until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 20.0
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.02)
