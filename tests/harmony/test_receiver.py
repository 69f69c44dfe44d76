import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from standardwebhooks import Webhook

from harmony.receiver import WebhookReceiver, new_secret


@pytest.fixture
def secret() -> str:
    return new_secret()


@pytest.fixture
def receiver(secret: str) -> Iterator[WebhookReceiver]:
    with WebhookReceiver(secret) as running:
        yield running


def post(receiver: WebhookReceiver, secret: str, *, message_id: str = "msg_1", tamper: bool = False) -> int:
    body = json.dumps({"type": "job.succeeded", "data": {"id": "job_1"}})
    now = datetime.now(UTC)
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(time.time())),
        "webhook-signature": Webhook(secret).sign(message_id, now, body),
    }
    content = body.replace("succeeded", "failed") if tamper else body
    return httpx.post(receiver.url, content=content, headers=headers, trust_env=False).status_code


def test_a_signed_message_is_taken_and_found(receiver: WebhookReceiver, secret: str) -> None:
    assert not receiver.wait_for("job_1", "job.succeeded", 0)
    assert post(receiver, secret) == 204
    assert receiver.wait_for("job_1", "job.succeeded", 5)
    assert not receiver.wait_for("job_1", "job.failed", 0)


def test_a_message_that_was_changed_or_signed_by_another_is_refused(receiver: WebhookReceiver, secret: str) -> None:
    assert post(receiver, secret, tamper=True) == 400
    assert post(receiver, new_secret()) == 400
    assert receiver.refused == 2
    assert not receiver.wait_for("job_1", "job.succeeded", 0)
