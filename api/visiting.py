"""A request at one of the doors: its job, how long it waits for it, and what every answer of a door says of the job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

from fastapi import Request
from starlette.responses import Response

from api.attending import keeps_job
from api.documents import job_answer
from api.errors import WaitExceeded
from api.gate import Place
from api.growth import check_success
from api.headers import Preference, parse_idempotency_key, parse_prefer
from api.ordering import finished, order
from api.services import Services, services_of
from storage.queries import JobRows
from storage.submitting import NewArtifact

_NONE: Mapping[str, bytes | NewArtifact] = MappingProxyType({})


@dataclass
class Visit:
    """One request; made before its body is looked at, so that headers that make no sense cost nothing."""

    services: Services
    request: Request
    prefer: Preference
    #: The request's idempotency key.
    key: str | None
    job_id: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, request: Request) -> Visit:
        """InvalidRequest for headers that cannot be read."""
        keeps_job(request)
        key = parse_idempotency_key(request.headers.get("idempotency-key"))
        return cls(services_of(request), request, parse_prefer(request.headers.getlist("prefer")), key)

    @property
    def defers(self) -> bool:
        """Whether the client would rather have the job's document than wait (any longer): `Prefer`."""
        return self.prefer.respond_async or self.prefer.wait is not None

    def wait_outside(self) -> None:
        """Takes a place among the streams if there is anything to wait for; Unavailable without room."""
        place: Place = self.request.state.place
        if not self.defers or self.prefer.wait:
            place.must_wait_outside()

    async def order(
        self,
        body: dict[str, Any],
        *,
        recordings: Mapping[str, bytes | NewArtifact] = _NONE,
        stream: str | None = None,
        job_id: str | None = None,
    ) -> None:
        """Submits a native request, as `api.ordering.order` does; from here on every answer names the job.

        Unavailable without room to wait: before there is a job.
        """
        self.wait_outside()
        submitted = await order(self.services, body, recordings=recordings, key=self.key, stream=stream, job_id=job_id)
        self.job_id = self.request.state.job_id = submitted.id
        self.headers = {"x-job-id": submitted.id, "location": f"{self.services.links.base}/v1/jobs/{submitted.id}"}
        if submitted.replayed:
            self.headers["idempotency-replayed"] = "true"
        self.request.state.job_headers = self.headers

    async def ended(self) -> JobRows | None:
        """The job once it has succeeded; None where `Prefer` asks for an answer before: `accepted` is it then.

        JobEnded if it ended otherwise, WaitExceeded if it takes longer than a door waits; ClientDisconnect.
        """
        limit = self.services.settings.door_wait_seconds
        if self.defers:
            if not self.prefer.wait:
                return None
            limit = min(limit, self.prefer.wait)
        try:
            rows = await finished(self.services, self.request, self.job_id, limit)
        except WaitExceeded:
            if self.defers:
                return None
            raise
        if self.defers:
            self.headers["preference-applied"] = self.prefer.applied
        return succeeded(rows)

    async def accepted(self) -> Response:
        """202 with the job's document."""
        headers = dict(self.headers)
        if self.prefer.respond_async and not self.prefer.wait:
            headers["preference-applied"] = "respond-async"
        return await self.services.reading(partial(job_answer, self.services, self.job_id, status=202, headers=headers))


def succeeded(rows: JobRows) -> JobRows:
    """The same rows; JobEnded with the job's own problem if it ended otherwise."""
    check_success(rows)
    return rows
