"""Somebody who calls a door in a thread of their own, takes what comes piece by piece, and may leave."""

from __future__ import annotations

import threading
import time
from queue import Queue
from typing import Any

import httpx

from tests.api.making import Making
from tests.api.site import Site

#: How long a test waits for what should come at once.
SOON = 15.0
#: How long somebody waits who does not wait for the answer.
_PATIENCE = 1.0


class Caller:
    """A request under way."""

    def __init__(self, site: Site, path: str, body: dict[str, Any], **headers: str) -> None:
        self._pieces: Queue[bytes | None] = Queue()
        self._begun = threading.Event()
        self._client = httpx.Client(base_url=site.url, timeout=SOON, trust_env=False)
        self._request = self._client.build_request("POST", path, headers=headers, **sent(body))
        self.response: httpx.Response | None = None
        self.broken_off = False
        self._thread = threading.Thread(target=self._call)
        self._thread.start()

    def _call(self) -> None:
        with self._client:
            try:
                self.response = self._client.send(self._request, stream=True)
                self._begun.set()
                for piece in self.response.iter_raw():
                    self._pieces.put(piece)
            except httpx.TransportError:
                self.broken_off = True
            finally:
                self._begun.set()
                self._pieces.put(None)

    def begun(self) -> httpx.Response:
        """The head of the answer."""
        assert self._begun.wait(SOON)
        assert self.response is not None
        return self.response

    def hears(self, expected: bytes) -> None:
        """Waits until all of this has come, and no more than it."""
        heard = b""
        while len(heard) < len(expected):
            piece = self._pieces.get(timeout=SOON)
            assert piece is not None
            heard += piece
        assert heard == expected

    def to_the_end(self) -> bytes:
        """Everything that comes from now on."""
        heard = b""
        while (piece := self._pieces.get(timeout=SOON)) is not None:
            heard += piece
        self._thread.join(SOON)
        return heard


def sent(body: dict[str, Any]) -> dict[str, Any]:
    """The body as httpx takes it: a form if there is a `file` in it, else JSON."""
    if "file" not in body:
        return {"json": body}
    fields = dict(body)
    return {"files": {"file": ("recording.wav", fields.pop("file"))}, "data": fields}


def ordered(site: Site, path: str, body: dict[str, Any], key: str) -> str:
    """The id of the job that this request makes, which is not waited for; the same key finds it again."""
    headers = {"Idempotency-Key": key, "Prefer": "respond-async"}
    answer = site.http.post(path, headers=headers, **sent(body))
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def taken(site: Site, job_id: str, form: str) -> Making:
    """The job with the test as its worker."""
    return Making(site, job_id, site.claim(job_id), form)


def leave(site: Site, path: str, body: dict[str, Any], **headers: str) -> None:
    """Calls, and is gone before there is an answer."""
    with httpx.Client(base_url=site.url, timeout=httpx.Timeout(SOON, read=_PATIENCE), trust_env=False) as http:
        try:
            http.post(path, headers=headers, **sent(body))
        except httpx.ReadTimeout:
            return
    raise AssertionError("it was answered")


def jobs_once(site: Site, count: int, text: str = "") -> list[str]:
    """The ids of the jobs that say `text`, newest first, once there are `count`: who left may have left before that."""
    end = time.monotonic() + SOON
    while True:
        listed = site.http.get("/v1/jobs").json()["data"]
        found = [str(job["id"]) for job in listed if not text or job["request"]["input"].get("text") == text]
        if len(found) >= count or time.monotonic() > end:
            return found
        time.sleep(0.05)  # until the service has written them


def status_after(site: Site, job_id: str, seconds: int = int(SOON)) -> str:
    """The job's status once it changes from what it is, or at the end of the time."""
    job = site.http.get(f"/v1/jobs/{job_id}")
    if job.json()["status"] not in {"queued", "running"}:
        return str(job.json()["status"])
    later = site.http.get(f"/v1/jobs/{job_id}?wait={seconds}", headers={"If-None-Match": job.headers["etag"]})
    return str((job if later.status_code == 304 else later).json()["status"])
