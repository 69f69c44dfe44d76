"""Webhook endpoints with the processes that users start: nobody waits for another, and every event is told once."""

import json
import statistics
import threading
from collections.abc import Iterator

import psutil
import pytest
from sqlalchemy import delete, insert, select

from pipelines.ids import new_id
from storage.database import db_now
from storage.endpoints import EndpointStore, NewEndpoint
from storage.tables import events
from storage.tables_webhooks import webhook_deliveries, webhook_endpoints
from tests.queue.stack import Stack, on
from tests.webhooks.receivers import Answer, Receiver, receiving
from workers.webhooks import TIMEOUT

#: The design promises about a second; a machine that runs other things too gets some more.
_SOON = 4.0


@pytest.fixture
def receiver(stack: Stack) -> Iterator[Receiver]:
    """A receiver that the deployment may call; afterwards no endpoint is left."""
    stack.slot("webhook-1")
    stack.until(lambda: "webhook" in stack.live(), 60, "the slot for webhooks")
    with receiving(stack.ports[0]) as running:
        yield running
    with stack.database.write() as connection:
        connection.execute(delete(webhook_deliveries).where(webhook_deliveries.c.endpoint_id.is_not(None)))
        connection.execute(delete(webhook_endpoints))


def endpoint(stack: Stack, url: str, *types: str) -> str:
    return str(EndpointStore(stack.database).create(NewEndpoint(url, types, "", None)).row.id)


def add_backlog(stack: Stack, target: str, url: str, count: int) -> None:
    """Messages that have been due for a minute."""
    with stack.database.write() as connection:
        now = connection.scalar(select(db_now())) or 0.0
        same = {"seq": 1, "type": "job.queued", "url": url, "body": "{}", "status": "pending"}
        same |= {"target": target, "endpoint_id": target, "next_at": now - 60.0, "created_at": now - 60.0}
        connection.execute(insert(webhook_deliveries), [{"id": new_id("msg"), **same} for _ in range(count)])


@on("postgresql")
def test_dead_and_slow_endpoints_delay_nobody(stack: Stack, receiver: Receiver) -> None:
    dead_url = f"http://127.0.0.1:{stack.ports[1]}/dead"
    receiver.answers["/slow"] = Answer(let_go=(held := threading.Event()))
    dead, slow = endpoint(stack, dead_url, "job.failed"), endpoint(stack, receiver.url("/slow"), "job.failed")
    add_backlog(stack, dead, dead_url, 10_000)
    add_backlog(stack, slow, receiver.url("/slow"), 500)
    receiver.wait_for("/slow", 4, 20)
    good = endpoint(stack, receiver.url("/good"), "job.queued")
    took: list[float] = []
    for number in range(1, 6):
        job_id = stack.tone()
        queued_at = stack.happens(job_id, "job.queued")
        message = receiver.wait_for("/good", number, 30)[-1]
        assert message.content["data"]["id"] == job_id
        took.append(message.at - queued_at)
    # Whoever waited for the slow one would wait for its 15 s.
    assert statistics.median(took) < _SOON, took
    assert max(took) < TIMEOUT - 3, took
    assert receiver.most["/slow"] == 4, "never more under way to one than its share"
    assert not held.is_set()
    stack.until(lambda: _delivered(stack, good) == 5, 20, "what became of the good ones to be written")


def _delivered(stack: Stack, endpoint_id: str) -> int:
    with stack.database.read() as connection:
        query = select(webhook_deliveries.c.status).where(webhook_deliveries.c.endpoint_id == endpoint_id)
        return [*connection.scalars(query)].count("delivered")


@pytest.mark.chaos
def test_every_event_is_told_once_though_the_dispatcher_is_killed(stack: Stack, receiver: Receiver) -> None:
    """Positions and messages are written together, under the lead's number: neither is ever there without the other."""
    endpoint_id = endpoint(stack, receiver.url("/every"))
    job_ids = []
    for _ in range(4):
        job_ids += [stack.tone(text=f"hello {number}") for number in range(8)]
        stack.dispatcher().kill()
        stack.dispatcher()
    assert set(stack.ends(job_ids)) == {"succeeded"}
    with stack.database.read() as connection:
        happened = connection.execute(
            select(events.c.job_id, events.c.seq, events.c.type).where(
                events.c.job_id.in_(job_ids), events.c.type.startswith("job.")
            )
        ).all()
    assert len(happened) == 3 * len(job_ids)
    stack.until(lambda: _delivered(stack, endpoint_id) == len(happened), 60, "every message")
    with stack.database.read() as connection:
        told = connection.execute(
            select(
                webhook_deliveries.c.id,
                webhook_deliveries.c.job_id,
                webhook_deliveries.c.seq,
                webhook_deliveries.c.type,
            ).where(webhook_deliveries.c.endpoint_id == endpoint_id)
        ).all()
    assert sorted(row[1:] for row in told) == sorted(tuple(row) for row in happened)
    assert {message.id for message in receiver.of("/every")} == {row.id for row in told}


@pytest.mark.chaos
@on("postgresql")
def test_a_killed_sender_leaves_a_test_message_that_comes_again(stack: Stack, receiver: Receiver) -> None:
    receiver.answers["/held"] = Answer(let_go=(held := threading.Event()))
    endpoints = EndpointStore(stack.database)
    endpoint_id = endpoint(stack, receiver.url("/held"))
    message_id = endpoints.test(endpoint_id)
    receiver.wait_for("/held", 1, 20)
    sender = stack.slot("webhook-1")
    children = psutil.Process(sender.pid).children(recursive=True)
    sender.kill()
    psutil.wait_procs(children, timeout=10)
    held.set()
    stack.slot("webhook-1")
    stack.until(lambda: _delivered(stack, endpoint_id) == 1, 60, "the second attempt")
    assert {message.id for message in receiver.of("/held")} == {message_id}
    assert len({message.body for message in receiver.of("/held")}) == 1
    assert json.loads(receiver.of("/held")[0].body)["type"] == "webhook.test"
