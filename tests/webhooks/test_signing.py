"""Signatures, checked by the published library of the standard."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from base64 import b64encode
from pathlib import Path

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from pipelines.signing import new_secret, secret_key, sign, signed_headers

BODY = json.dumps({"type": "job.succeeded", "text": "Grüße"}, ensure_ascii=False).encode()


def test_the_published_library_accepts_our_signature() -> None:
    secret = new_secret()
    headers = signed_headers([secret], "msg_1", int(time.time()), BODY)
    assert Webhook(secret).verify(BODY, headers) == json.loads(BODY)
    for wrong in ({"webhook-id": "msg_2"}, {"webhook-timestamp": str(int(time.time()) + 1)}):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(BODY, headers | wrong)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY + b" ", headers)


def test_either_secret_is_enough_while_they_rotate() -> None:
    old, new = new_secret(), new_secret()
    now = int(time.time())
    headers = signed_headers([new, old], "msg_1", now, BODY)
    assert Webhook(old).verify(BODY, headers) == Webhook(new).verify(BODY, headers)


def test_a_secret_without_padding_is_the_same() -> None:
    key = bytes(range(32))
    padded = "whsec_" + b64encode(key).decode()
    assert secret_key(padded) == secret_key(padded.rstrip("=")) == key
    assert len(secret_key(new_secret())) == 32
    assert new_secret() != new_secret()


@pytest.mark.parametrize(
    "secret",
    ["", "hunter2", "whsec_", "whsec_!!!!", "whsec_" + b64encode(bytes(23)).decode(),
     "whsec_" + b64encode(bytes(65)).decode(), "whsec_ü", "whpk_" + b64encode(bytes(32)).decode()],
)  # fmt: skip
def test_what_is_no_secret_is_refused_without_repeating_it(secret: str) -> None:
    with pytest.raises(ValueError, match="webhook secret") as caught:
        secret_key(secret)
    assert len(secret) < 7 or secret[6:] not in str(caught.value)


def test_an_id_with_a_full_stop_is_refused() -> None:
    with pytest.raises(ValueError, match="full stop"):
        sign(new_secret(), "msg.1", 1, BODY)


def test_importing_is_light() -> None:
    program = (
        "import sys, workers.webhooks\nprint([n for n in ('h11', 'httpx', 'numpy', 'celery') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=Path.cwd())
    assert done.stdout == "[]\n"
