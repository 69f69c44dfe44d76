"""A small typed client of the HTTP API: what the command line, the demo and the benchmarks speak through."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from harmony.sse import parse_events

#: A JSON object as the API sends it; its fields are those of the OpenAPI description.
Document = dict[str, Any]

TERMINAL = frozenset({"succeeded", "failed", "cancelled", "expired"})
_END_EVENTS = frozenset(f"job.{status}" for status in TERMINAL)
#: The longest that one long-poll asks the server to hold it, in seconds.
_HOLD = 30
#: How long an answer may take beyond that.
_PATIENCE = 30.0


class ApiProblem(Exception):
    """The server refused: its problem document (RFC 9457), or as much of one as its answer allows."""

    def __init__(self, status: int, document: Document) -> None:
        self.status = status
        self.document = document
        self.code = str(document.get("code", f"http_{status}"))
        super().__init__(str(document.get("detail") or document.get("title") or f"HTTP status {status}"))

    @property
    def fields(self) -> list[tuple[str, str]]:
        """Each wrong field with what is wrong with it."""
        return [(item["field"], item["message"]) for item in self.document.get("errors") or []]


@dataclass(frozen=True)
class JobEvent:
    """One line of a job's history."""

    seq: int
    type: str
    data: Document


class Client:
    """Speaks to one server. Raises ApiProblem for what it refuses, httpx.TransportError if it cannot be reached."""

    def __init__(self, base_url: str, *, timeout: float = _PATIENCE) -> None:
        self.base_url = base_url.rstrip("/")
        # A proxy from the environment must not see what goes to this machine.
        self._http = httpx.Client(
            base_url=self.base_url, timeout=timeout, trust_env=not _is_loopback(base_url), follow_redirects=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def submit(
        self, job: Mapping[str, Any], *, audio: Path | None = None, idempotency_key: str | None = None
    ) -> Document:
        """The accepted job. `audio` is streamed as a multipart file and stands for `input.audio`."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        if audio is None:
            return self._json("POST", "/v1/jobs", json=dict(job), headers=headers)
        with audio.open("rb") as file:
            parts = {"job": (None, json.dumps(job), "application/json"), "audio": (audio.name, file)}
            return self._json("POST", "/v1/jobs", files=parts, headers=headers)

    def get(self, job_id: str) -> Document:
        """The job as it stands."""
        return self._json("GET", f"/v1/jobs/{job_id}")

    def wait(self, job_id: str, *, timeout: float | None = None) -> Document:
        """The job once it has ended, by long-polling; TimeoutError after `timeout` seconds."""
        for job in self.changes(job_id, timeout=timeout):
            if job["status"] in TERMINAL:
                return job
        raise TimeoutError(f"{job_id} has not ended within {timeout:g} seconds")

    def changes(self, job_id: str, *, timeout: float | None = None) -> Iterator[Document]:
        """The job now and at each change, by long-polling, until it has ended or `timeout` seconds are over."""
        deadline = None if timeout is None else time.monotonic() + timeout
        path, tag, hold = f"/v1/jobs/{job_id}", "", 0
        while True:
            # By the entity tag, a change between two requests is told at once.
            headers = {"If-None-Match": tag} if tag else {}
            response = self._request("GET", path, params={"wait": hold}, headers=headers, timeout=hold + _PATIENCE)
            if response.status_code != httpx.codes.NOT_MODIFIED:
                tag = response.headers.get("etag", "")
                job: Document = response.json()
                yield job
                if job["status"] in TERMINAL:
                    return
            left = _HOLD if deadline is None else min(_HOLD, math.ceil(deadline - time.monotonic()))
            if left <= 0:
                return
            hold = left

    def events(self, job_id: str, *, last_event_id: int | None = None) -> Iterator[JobEvent]:
        """The job's events as they happen, to its end; a stream that breaks off is resumed where it was."""
        last, ended = last_event_id, False
        while not ended:
            for event in self._stream(job_id, last):
                if event is None:
                    return
                last, ended = event.seq, event.type in _END_EVENTS
                yield event

    def list(self, **filters: str | int) -> Document:
        """One page of jobs: `{"data": […], "next": cursor | null}`; filters as in `GET /v1/jobs`."""
        return self._json("GET", "/v1/jobs", params=filters)

    def cancel(self, job_id: str) -> Document:
        return self._json("POST", f"/v1/jobs/{job_id}/cancel")

    def models(self) -> Document:
        return self._json("GET", "/v1/models")

    def download(self, artifact: Mapping[str, Any], to: Path) -> Path:
        """Writes the artifact to `to` by the link that its job's document gives."""
        with self._http.stream("GET", artifact["url"]) as response, to.open("wb") as file:
            _raise_for(response)
            for chunk in response.iter_bytes():
                file.write(chunk)
        return to

    def _stream(self, job_id: str, last: int | None) -> Iterator[JobEvent | None]:
        """The events of one connection; None if there will be no more."""
        headers = {"Accept": "text/event-stream"}
        if last is not None:
            headers["Last-Event-ID"] = str(last)
        # Between two events there may be minutes; the server's comments keep the connection alive.
        quiet = httpx.Timeout(_PATIENCE, read=90.0)
        with self._http.stream("GET", f"/v1/jobs/{job_id}/events", headers=headers, timeout=quiet) as response:
            _raise_for(response)
            if response.status_code == httpx.codes.NO_CONTENT:
                yield None
                return
            try:
                for event in parse_events(response.iter_lines()):
                    if event.id:
                        yield JobEvent(int(event.id), event.type, json.loads(event.data))
            except (httpx.ReadError, httpx.RemoteProtocolError):
                return  # broken off; the caller resumes, and a server that is gone refuses the new connection

    def _json(self, method: str, path: str, **arguments: Any) -> Document:  # noqa: ANN401 - httpx's own
        document: Document = self._request(method, path, **arguments).json()
        return document

    def _request(self, method: str, path: str, **arguments: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        response = self._http.request(method, path, **arguments)
        _raise_for(response)
        return response


def _raise_for(response: httpx.Response) -> None:
    if response.is_success or response.status_code == httpx.codes.NOT_MODIFIED:
        return
    response.read()
    try:
        document = response.json()
    except ValueError:
        document = None
    raise ApiProblem(response.status_code, document if isinstance(document, dict) else {})


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
