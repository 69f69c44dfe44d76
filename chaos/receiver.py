"""A webhook receiver outside the blast: verifies every message with the published library, and sometimes misbehaves."""

from __future__ import annotations

import random
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from standardwebhooks import Webhook, WebhookVerificationError

from tests.services.process import HOST

#: The deployment's secret, and the one that some jobs bring along.
DEFAULT_SECRET = "whsec_Y2hhb3MtY2hhb3MtY2hhb3MtY2hhb3MtY2hhb3M="  # noqa: S105 - of deployments that live for minutes
OWN_SECRET = "whsec_b3duLW93bi1vd24tb3duLW93bi1vd24tb3duLW93bi1v"  # noqa: S105 - the same

#: How it answers the first time it sees a message, by weight; the second time it always accepts.
_MANNERS = {"accept": 85, "refuse": 10, "hang_up": 5}


@dataclass
class Heard:
    """What came about one event of one job."""

    #: How often each `webhook-id` came for it: there should be one.
    ids: Counter[str] = field(default_factory=Counter)
    accepted: bool = False


class Receiver:
    """Listens while it is entered. `heard` is keyed by job id and event type."""

    def __init__(self, seed: int) -> None:
        self.invalid: list[str] = []
        self.requests = 0
        self.heard: defaultdict[tuple[str, str], Heard] = defaultdict(Heard)
        self._behaved = False
        self._random = random.Random(seed)
        self._seen = set[str]()
        self._lock = threading.Lock()
        self._keys = {"/default": Webhook(DEFAULT_SECRET), "/own": Webhook(OWN_SECRET)}
        self._server = ThreadingHTTPServer((HOST, 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="receiver", daemon=True)

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
        return f"{HOST}:{self._server.server_address[1]}"

    def webhook(self, events: list[str], *, own_secret: bool) -> dict[str, Any]:
        """What a job's `webhook` says so that it is told here."""
        if own_secret:
            return {"url": f"http://{self.address}/own", "events": events, "secret": OWN_SECRET}
        return {"url": f"http://{self.address}/default", "events": events}

    def behave(self) -> None:
        """Accepts everything from now on."""
        self._behaved = True

    def _take(self, path: str, body: bytes, headers: dict[str, str]) -> str:
        """How to answer."""
        with self._lock:
            self.requests += 1
            try:
                message = self._keys[path].verify(body, headers)
            except (KeyError, WebhookVerificationError) as error:
                self.invalid.append(f"{path} {headers.get('webhook-id')}: {type(error).__name__}")
                return "refuse"
            heard = self.heard[message["data"]["id"], message["type"]]
            webhook_id = headers["webhook-id"]
            heard.ids[webhook_id] += 1
            first = webhook_id not in self._seen
            self._seen.add(webhook_id)
            (manner,) = self._random.choices(list(_MANNERS), weights=list(_MANNERS.values()))
            if not first or self._behaved:
                manner = "accept"
            heard.accepted = heard.accepted or manner == "accept"
            return manner

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                manner = receiver._take(self.path, body, headers)
                if manner == "hang_up":
                    self.close_connection = True
                    return
                self.send_response(204 if manner == "accept" else 500)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except ConnectionError:
                    # The sender was killed or frozen in the middle of it: that is what it is here for.
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                """Says nothing: the report tells what came."""

        return Handler
