"""A small webhook receiver on loopback: verifies each message with the published library, and remembers it."""

from __future__ import annotations

import secrets
import threading
from base64 import b64encode
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from standardwebhooks import Webhook, WebhookVerificationError


def new_secret() -> str:
    """A secret in the form of Standard Webhooks."""
    return "whsec_" + b64encode(secrets.token_bytes(32)).decode()


class WebhookReceiver:
    """Listens while it is entered; `wait_for` gives the verified messages about a job."""

    def __init__(self, secret: str) -> None:
        self.refused = 0
        self._messages: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self._seen = set[str]()
        self._changed = threading.Condition()
        self._webhook = Webhook(secret)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="webhooks", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def address(self) -> str:
        """`host:port`, as HARMONY_EGRESS_ALLOW wants it."""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}/webhooks"

    def wait_for(self, job_id: str, event: str, timeout: float) -> bool:
        """Whether a verified message of type `event` about the job has come within `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(
                lambda: any(message["type"] == event for message in self._messages[job_id]), timeout
            )

    def _take(self, body: bytes, headers: dict[str, str]) -> int:
        try:
            message = self._webhook.verify(body, headers)
        except WebhookVerificationError:
            with self._changed:
                self.refused += 1
            return 400
        with self._changed:
            # The same id again is the same message: delivery is at least once.
            if headers["webhook-id"] not in self._seen:
                self._seen.add(headers["webhook-id"])
                self._messages[message["data"]["id"]].append(message)
            self._changed.notify_all()
        return 204

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.send_response(receiver._take(body, headers))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Says nothing: the demo's table tells what came."""

        return Handler
