"""A receiver's check of webhooks, against what the server signs."""

from __future__ import annotations

import json
import time

import pytest

from harmony.client import WebhookRefused, verify_webhook
from pipelines.signing import new_secret, signed_headers

BODY = json.dumps({"type": "job.succeeded", "timestamp": "2026-01-01T00:00:00Z", "data": {"id": "job_1"}}).encode()
OLD, NEW = new_secret(), new_secret()


def headers(*secrets: str, age: float = 0.0) -> dict[str, str]:
    return signed_headers(secrets, "msg_1", int(time.time() - age), BODY)


def test_one_right_secret_and_one_right_signature_are_enough() -> None:
    assert verify_webhook(BODY, headers(NEW), NEW)["data"] == {"id": "job_1"}
    # While they rotate, the server signs with both, or the receiver knows both.
    assert verify_webhook(BODY, headers(NEW, OLD), OLD)["type"] == "job.succeeded"
    assert verify_webhook(BODY, headers(NEW), [OLD, NEW])["type"] == "job.succeeded"
    shouted = {name.title(): value for name, value in headers(NEW).items()}
    assert verify_webhook(BODY, shouted, NEW)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"webhook-id": "msg_2"}, "no signature"),
        ({"webhook-id": "msg.1"}, "no signature"),
        ({"webhook-signature": "v1,AAAA"}, "no signature"),
        ({"webhook-signature": ""}, "no signature"),
        ({"webhook-timestamp": "soon"}, "no number"),
        ({"webhook-timestamp": "9" * 5000}, "no number"),
    ],
)
def test_what_is_changed_is_refused(change: dict[str, str], why: str) -> None:
    with pytest.raises(WebhookRefused, match=why):
        verify_webhook(BODY, headers(NEW) | change, NEW)


def test_another_moment_is_another_message() -> None:
    later = {"webhook-timestamp": str(int(time.time()) + 3)}
    with pytest.raises(WebhookRefused, match="no signature"):
        verify_webhook(BODY, headers(NEW) | later, NEW)


def test_other_bytes_another_secret_and_missing_headers_are_refused() -> None:
    with pytest.raises(WebhookRefused):
        verify_webhook(BODY + b" ", headers(NEW), NEW)
    with pytest.raises(WebhookRefused):
        verify_webhook(BODY, headers(OLD), NEW)
    with pytest.raises(WebhookRefused, match="webhook-id is missing"):
        verify_webhook(BODY, {}, NEW)


@pytest.mark.parametrize("age", [301, -301])
def test_what_is_of_another_time_is_refused(age: float) -> None:
    assert verify_webhook(BODY, headers(NEW, age=age * 0.9), NEW)
    with pytest.raises(WebhookRefused, match="too long ago"):
        verify_webhook(BODY, headers(NEW, age=age), NEW)


def test_what_is_no_secret_is_said_without_repeating_it() -> None:
    with pytest.raises(ValueError, match="begins with whsec_"):
        verify_webhook(BODY, headers(NEW), "hunter2")
