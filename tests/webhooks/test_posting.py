"""Posting to real receivers: pinned addresses, TLS with the name, and every way in which a receiver misbehaves."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from pipelines.egress import EgressRules
from pipelines.signing import new_secret
from workers.webhooks import MAX_RESPONSE, Delivery, WebhookClient

NAME = "hooks.example.org"
BODY = json.dumps({"type": "job.succeeded"}).encode()


class Receiver(ThreadingHTTPServer):
    """A receiver that remembers what came, and answers by the path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.end_headers()
            return
        status = int(self.path.removeprefix("/status/")) if self.path.startswith("/status/") else 200
        self.send_response(status)
        self.end_headers()
        if self.path == "/endless":
            try:
                while True:
                    self.wfile.write(b"x" * 1000)
            except OSError:
                return
        self.wfile.write(b"thank you")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Says nothing."""


@contextmanager
def serving(receiver: Receiver) -> Iterator[Receiver]:
    thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.shutdown()
        thread.join()
        receiver.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with serving(Receiver()) as receiver:
        yield receiver


@contextmanager
def raw(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server for one connection that does what `answer` says; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield int(listener.getsockname()[1])
        thread.join()


def allowed(port: int, host: str = "127.0.0.1") -> EgressRules:
    return EgressRules.parse(f"{host}:{port}")


def leading_to(*addresses: str) -> Callable[..., list[tuple[Any, ...]]]:
    """A resolver under which every name has these addresses."""

    def resolver(host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return resolver


def test_a_signed_message_arrives(receiver: Receiver) -> None:
    secret = new_secret()
    url = f"http://127.0.0.1:{receiver.port}/hook?a=b"
    delivery = WebhookClient(allowed(receiver.port)).deliver(url, [secret], "msg_1", BODY)
    assert (delivery.status, delivery.error, delivery.response_head) == (200, None, "thank you")
    assert delivery.succeeded
    assert 0 < delivery.seconds < 5
    ((path, headers, body),) = receiver.received
    assert path == "/hook?a=b"
    assert headers["host"] == f"127.0.0.1:{receiver.port}"
    assert headers["content-type"] == "application/json"
    assert Webhook(secret).verify(body, headers) == json.loads(BODY)


@pytest.mark.parametrize("status", [201, 204, 400, 410, 429, 500, 503])
def test_the_status_is_told(receiver: Receiver, status: int) -> None:
    delivery = WebhookClient(allowed(receiver.port)).post(f"http://127.0.0.1:{receiver.port}/status/{status}", {}, BODY)
    assert delivery.status == status
    assert delivery.succeeded == (status < 300)


def test_when_to_come_back_is_read_in_both_spellings() -> None:
    in_an_hour = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    said = {"120": (120, 120), in_an_hour: (3500, 3600), "Wed, 21 Oct 2015 07:28:00 GMT": (-(10**10), 0)}
    for value, (least, most) in said.items():
        seconds = Delivery(503, 0.1, None, "", {}, {"retry-after": value}).retry_after
        assert seconds is not None
        assert least <= seconds <= most


@pytest.mark.parametrize(
    "value",
    ["soon", "-5", "1.5", "٣", "Wed, 99 Oct 2015 07:28:00 GMT", f"Mon, 01 Jan {'9' * 20} 00:00:00 GMT", ""],
)
def test_what_does_not_say_when_is_as_if_unsaid(value: str) -> None:
    assert Delivery(503, 0.1, None, "", {}, {"retry-after": value}).retry_after is None


def test_redirects_are_not_followed(receiver: Receiver) -> None:
    delivery = WebhookClient(allowed(receiver.port)).post(f"http://127.0.0.1:{receiver.port}/redirect", {}, BODY)
    assert delivery.status == 302
    assert not delivery.succeeded
    assert [path for path, _, _ in receiver.received] == ["/redirect"]


def test_an_endless_answer_is_read_to_its_head(receiver: Receiver) -> None:
    delivery = WebhookClient(allowed(receiver.port)).post(f"http://127.0.0.1:{receiver.port}/endless", {}, BODY)
    assert delivery.status == 200
    assert len(delivery.response_head) == MAX_RESPONSE


def test_proxies_of_the_environment_are_ignored(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    url = f"http://127.0.0.1:{receiver.port}/"
    assert WebhookClient(allowed(receiver.port)).post(url, {}, BODY).status == 200


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://127.0.0.1:{port}/", "address_refused"),
        ("https://127.0.0.1:{port}/", "address_refused"),
        ("https://0x7f.1:{port}/", "address_refused"),
        ("https://localhost:{port}/", "address_refused"),
        ("http://example.org:{port}/", "url_invalid"),
        ("https://user:pass@example.org:{port}/", "url_invalid"),
        ("gopher://example.org/", "url_invalid"),
    ],
)
def test_what_may_not_be_called_is_not(receiver: Receiver, url: str, error: str) -> None:
    delivery = WebhookClient(EgressRules()).post(url.format(port=receiver.port), {}, BODY)
    assert (delivery.status, delivery.error) == (None, error)
    assert receiver.received == []


@pytest.mark.parametrize(
    "addresses",
    [("127.0.0.1",), ("8.8.8.8", "127.0.0.1"), ("169.254.169.254",), ("::ffff:127.0.0.1",), ("fe80::1%lo",)],
)
def test_a_name_that_leads_inside_is_refused(receiver: Receiver, addresses: tuple[str, ...]) -> None:
    client = WebhookClient(EgressRules(), leading_to(*addresses))
    assert client.post(f"https://{NAME}:{receiver.port}/", {}, BODY).error == "address_refused"
    assert receiver.received == []


def test_the_name_is_resolved_once(receiver: Receiver) -> None:
    """A name that changes its mind after the check (DNS rebinding) finds nobody who asks again."""
    asked: list[str] = []

    def rebinding(host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        asked.append(host)
        return leading_to("127.0.0.1")(host, port)

    client = WebhookClient(allowed(receiver.port, NAME), rebinding)
    assert client.post(f"http://{NAME}:{receiver.port}/", {}, BODY).status == 200
    assert asked == [NAME]
    assert receiver.received[0][1]["host"] == f"{NAME}:{receiver.port}"


def test_the_second_address_is_tried(receiver: Receiver) -> None:
    client = WebhookClient(allowed(receiver.port, NAME), leading_to("127.0.0.2", "127.0.0.1"))
    assert client.post(f"http://{NAME}:{receiver.port}/", {}, BODY).status == 200


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for the name, signed by itself, with its key."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [shutil.which("openssl") or "openssl",
         "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}", "-keyout", "key.pem", "-out", "cert.pem"],
        check=True, capture_output=True, cwd=folder,
    )  # fmt: skip
    (folder / "both.pem").write_bytes((folder / "cert.pem").read_bytes() + (folder / "key.pem").read_bytes())
    return folder / "both.pem"


@pytest.fixture
def tls_receiver(certificate: Path) -> Iterator[Receiver]:
    receiver = Receiver()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    # The handshake happens in the connection's thread, not in accept().
    receiver.socket = context.wrap_socket(receiver.socket, server_side=True, do_handshake_on_connect=False)
    with serving(receiver) as served:
        yield served


def test_tls_keeps_the_name_on_a_pinned_address(tls_receiver: Receiver, certificate: Path) -> None:
    rules = EgressRules.parse(f"{NAME}:{tls_receiver.port},other.example.org:{tls_receiver.port}")
    client = WebhookClient(rules, leading_to("127.0.0.1"), context=ssl.create_default_context(cafile=str(certificate)))
    assert client.post(f"https://{NAME}:{tls_receiver.port}/", {}, BODY).status == 200
    assert tls_receiver.received[0][1]["host"] == f"{NAME}:{tls_receiver.port}"
    other = client.post(f"https://other.example.org:{tls_receiver.port}/", {}, BODY)
    assert (other.status, other.error) == (None, "tls_failed")


def test_an_unknown_authority_is_refused(tls_receiver: Receiver) -> None:
    client = WebhookClient(allowed(tls_receiver.port, NAME), leading_to("127.0.0.1"))
    assert client.post(f"https://{NAME}:{tls_receiver.port}/", {}, BODY).error == "tls_failed"
    assert tls_receiver.received == []


def test_an_unknown_name() -> None:
    def nobody(*_: object, **__: object) -> list[tuple[Any, ...]]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    assert WebhookClient(EgressRules(), nobody).post(f"https://{NAME}/", {}, BODY).error == "name_unknown"
    assert WebhookClient(EgressRules(), leading_to()).post(f"https://{NAME}/", {}, BODY).error == "name_unknown"


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    assert WebhookClient(allowed(port)).post(f"http://127.0.0.1:{port}/", {}, BODY).error == "connection_failed"


def drip(connection: socket.socket) -> None:
    """A byte at a time: each read succeeds, the whole never ends."""
    try:
        for byte in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10_000:
            connection.sendall(bytes([byte]))
            time.sleep(0.02)
    except OSError:
        return


@pytest.mark.parametrize("answer", [drip, lambda connection: connection.recv(1 << 20) and connection.recv(1 << 20)])
def test_one_budget_covers_everything(answer: Callable[[socket.socket], None]) -> None:
    with raw(answer) as port:
        delivery = WebhookClient(allowed(port), timeout=0.5).post(f"http://127.0.0.1:{port}/", {}, BODY)
    assert delivery.error == "timeout"
    assert 0.4 < delivery.seconds < 15, "the answer takes minutes"


def test_a_slow_resolver_is_within_the_budget() -> None:
    done = threading.Event()

    def slow(*_: object, **__: object) -> list[tuple[Any, ...]]:
        done.wait(10)
        return []

    delivery = WebhookClient(EgressRules(), slow, timeout=0.2).post(f"https://{NAME}/", {}, BODY)
    done.set()
    assert delivery.error == "timeout"


@pytest.mark.parametrize(
    "content", [b"", b"\0\xff rubbish\r\n\r\n", b"HTTP/1.1 200 OK\r\nA" + b"x" * 200_000, b"SSH-2.0-x\r\n"]
)
def test_what_is_not_http(content: bytes) -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(1 << 16)
        try:
            connection.sendall(content)
        except OSError:
            return

    with raw(answer) as port:
        delivery = WebhookClient(allowed(port), timeout=5).post(f"http://127.0.0.1:{port}/", {}, BODY)
    assert delivery.status is None
    assert delivery.error in {"bad_response", "connection_failed"}


def test_threads_share_a_client(receiver: Receiver) -> None:
    client = WebhookClient(allowed(receiver.port))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: client.post(f"http://127.0.0.1:{receiver.port}/{n}", {}, BODY), range(32)))
    assert all(answer.status == 200 for answer in answers)
    assert {path for path, _, _ in receiver.received} == {f"/{n}" for n in range(32)}
