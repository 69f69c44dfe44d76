"""A hub of one machine: it speaks the resolve protocol of model hubs, and can be told to fail as real ones do."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

COMMIT = hashlib.sha1(b"first", usedforsecurity=False).hexdigest()
NEXT_COMMIT = hashlib.sha1(b"second", usedforsecurity=False).hexdigest()


@dataclass
class Hub:
    """One repository `acme/voice` with a branch `main`, its large files on another host as those of real hubs are."""

    #: commit → path → content.
    commits: dict[str, dict[str, bytes]]
    main: str = COMMIT
    #: Paths whose content lies on the other host, with its SHA-256 stated.
    large: tuple[str, ...] = ("model.bin",)
    #: If set, this token opens the repository.
    token: str | None = None
    #: Bodies end after so many bytes, and the connection with them; one entry a request, None = whole.
    cuts: list[int | None] = field(default_factory=list)
    #: Whether ranges are honoured.
    ranges: bool = True
    #: The body of large files, where it is not what is stated.
    wrong: bytes | None = None
    #: The requests in order: method, host part (`hub` or `cdn`), path, Range and Authorization headers.
    seen: list[tuple[str, str, str, str | None, str | None]] = field(default_factory=list)
    endpoint: str = ""
    cdn: str = ""

    def gets(self) -> list[tuple[str, str | None]]:
        """Host and range of each fetch of content."""
        return [
            (host, wanted) for method, host, path, wanted, _ in self.seen if method == "GET" and _is_content(host, path)
        ]


def _is_content(host: str, path: str) -> bool:
    return host == "cdn" or not path.endswith("model.bin")


@contextmanager
def hub(**commits: dict[str, bytes]) -> Iterator[Hub]:
    """A running hub; the keywords are `first` and `second`, the contents of its two commits."""
    made = Hub({COMMIT: commits["first"], NEXT_COMMIT: commits.get("second", {})})
    with _serving(made, "hub") as made.endpoint, _serving(made, "cdn") as made.cdn:
        yield made


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: Hub
    host: str

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Silent: the tests read what was seen."""

    def _answer(self) -> None:
        state, token = self.state, self.headers.get("Authorization")
        state.seen.append((self.command, self.host, self.path, self.headers.get("Range"), token))
        repo, _, rest = unquote(self.path).lstrip("/").partition("/resolve/")
        revision, _, path = rest.partition("/")
        commit = state.main if revision == "main" else revision
        content = state.commits.get(commit, {}).get(path)
        if self.host == "cdn":
            self._send(state.commits[commit][path] if state.wrong is None else state.wrong, {"ETag": '"cdn-own"'})
        elif state.token is not None and token != f"Bearer {state.token}":
            self._say(401, {})
        elif repo == "acme/old-name":
            self._say(307, {"Location": f"/acme/voice/resolve/{rest}"})
        elif repo != "acme/voice" or content is None:
            self._say(404, {"X-Error-Code": "EntryNotFound"})
        elif path in state.large:
            linked = {"X-Linked-Etag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Linked-Size": str(len(content))}
            location = f"{state.cdn}/acme/voice/resolve/{commit}/{path}"
            self._say(302, {"X-Repo-Commit": commit, "ETag": '"redirect"', "Location": location, **linked})
        else:
            blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
            body = content if state.wrong is None or self.command == "HEAD" else state.wrong
            self._send(body, {"X-Repo-Commit": commit, "ETag": f'"{blob}"'})

    def _say(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in {**headers, "Content-Length": "0"}.items():
            self.send_header(key, value)
        self.end_headers()

    def _send(self, content: bytes, headers: dict[str, str]) -> None:
        start, cuts = 0, self.state.cuts
        if self.state.ranges and (wanted := self.headers.get("Range")):
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            headers = {**headers, "Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        self.send_response(206 if "Content-Range" in headers else 200)
        for key, value in {**headers, "Content-Length": str(len(content) - start)}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        cut = cuts.pop(0) if cuts else None
        self.close_connection = self.close_connection or cut is not None
        self.wfile.write(content[start:] if cut is None else content[start : start + cut])


@contextmanager
def _serving(state: Hub, host: str) -> Iterator[str]:
    handler = type("Handler", (_Handler,), {"state": state, "host": host})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
