"""What can go wrong, as exceptions.

ClientError
├── ApiProblem          the server refused: its problem document
├── JobFailed           the job ended without a result
├── DownloadBroken      the bytes that came are not those that the server has
└── WebhookRefused      a message is not from whom it says it is, or is too old

Who cannot be reached is httpx.TransportError; what takes longer than it may is TimeoutError.
"""

from __future__ import annotations

import httpx

from harmony.client.documents import Document, Job, Result
from harmony.client.retrying import seconds_to_wait


class ClientError(Exception):
    """The root."""


class ApiProblem(ClientError):
    """The server refused: its problem document (RFC 9457), or as much of one as its answer allows."""

    def __init__(self, status: int, document: Document, retry_after: float | None = None) -> None:
        self.status = status
        self.document = document
        #: Stable, to branch on; `http_…` where the answer has none.
        self.code = str(document.get("code", f"http_{status}"))
        #: Seconds after which the same request may succeed.
        self.retry_after = retry_after
        super().__init__(str(document.get("detail") or document.get("title") or f"HTTP status {status}"))

    @property
    def fields(self) -> list[tuple[str, str]]:
        """Each wrong field with what is wrong with it."""
        return [(item["field"], item["message"]) for item in self.document.get("errors") or []]

    @property
    def request_id(self) -> str | None:
        """What the server's log has it under."""
        return self.document.get("request_id")


class JobFailed(ClientError):
    """The job ended without a result; `job` says why."""

    def __init__(self, job: Job) -> None:
        self.job = job
        error = job["error"]
        self.code = job["status"] if error is None else error["code"]
        super().__init__(f"{job['id']} {job['status']}" + ("" if error is None else f": {error['detail']}"))


class DownloadBroken(ClientError):
    """The bytes that came are not those that the server has: their SHA-256 or their number is another."""


class WebhookRefused(ClientError):
    """The message is not signed with the secret, or not of now: nothing in it can be believed."""


def problem_of(response: httpx.Response) -> ApiProblem:
    """The refusal as an exception; the response has been read."""
    try:
        document = response.json()
    except ValueError:
        document = None
    document = document if isinstance(document, dict) else {}
    if (request_id := response.headers.get("x-request-id")) is not None:
        document.setdefault("request_id", request_id)
    return ApiProblem(response.status_code, document, seconds_to_wait(response.headers.get("retry-after")))


def result_of(job: Job) -> Result:
    """What the job made; JobFailed if it made nothing (yet)."""
    if job["status"] != "succeeded" or job["result"] is None:
        raise JobFailed(job)
    return job["result"]
