"""A real receiver on loopback: remembers what came, answers by the path as the test says, or holds its answers."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Message:
    """One request: where to, headers in lower case, the raw body, when (wall clock)."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.body)
        return content


@dataclass
class Answer:
    """What a path says, once `let_go` is set."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    let_go: threading.Event | None = None


class Receiver(ThreadingHTTPServer):
    """Answers 204 unless `answers` says otherwise for the path."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.messages: list[Message] = []
        self.answers: dict[str, Answer] = {}
        #: How many requests are being answered at once now, and at most so far, by path.
        self.under_way: dict[str, int] = {}
        self.most: dict[str, int] = {}
        self.changed = threading.Condition()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def url(self, path: str = "/hook") -> str:
        return f"http://{self.address}{path}"

    def of(self, path: str) -> list[Message]:
        with self.changed:
            return [message for message in self.messages if message.path == path]

    def wait_for(self, path: str, count: int, seconds: float) -> list[Message]:
        """The first `count` messages to the path, once they have come."""
        with self.changed:
            came = self.changed.wait_for(lambda: sum(m.path == path for m in self.messages) >= count, seconds)
        assert came, f"{len(self.of(path))} of {count} messages to {path} within {seconds} s"
        return self.of(path)[:count]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.server.changed:
            self.server.messages.append(Message(self.path, headers, body, time.time()))
            self.server.under_way[self.path] = self.server.under_way.get(self.path, 0) + 1
            self.server.most[self.path] = max(self.server.most.get(self.path, 0), self.server.under_way[self.path])
            self.server.changed.notify_all()
        answer = self.server.answers.get(self.path, Answer())
        if answer.let_go is not None:
            answer.let_go.wait(60)
        with self.server.changed:
            self.server.under_way[self.path] -= 1
        try:
            self.send_response(answer.status)
            for name, value in {"content-length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)
        except OSError:
            # The sender has given up, or was killed.
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Says nothing."""


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """A receiver that listens during the block; in the end it lets go of everything that it holds."""
    receiver = Receiver(port)
    thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        for answer in receiver.answers.values():
            if answer.let_go is not None:
                answer.let_go.set()
        receiver.shutdown()
        thread.join()
        receiver.server_close()
