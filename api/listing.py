"""What a list of jobs may be asked for."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from pipelines.catalog import Capability
from pipelines.errors import InvalidRequest
from pipelines.jobs import JobStatus
from storage.queries import JobFilter

Name = Annotated[str, StringConstraints(max_length=256)]
_CURSOR = re.compile(r"job_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class ListQuery(BaseModel):
    """The parameters of GET /v1/jobs; those that are lists may be repeated, and any of their values matches."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=200, description="Jobs on one page.")
    after: str | None = Field(None, max_length=64, description="`next` of the page before.")
    before: str | None = Field(None, max_length=64, description="Id of a job: the page in front of it, newer ones.")
    status: list[JobStatus] = Field(default_factory=list, max_length=16)
    kind: list[Capability] = Field(default_factory=list, max_length=16)
    model: list[Name] = Field(default_factory=list, max_length=64)
    voice: list[Name] = Field(default_factory=list, max_length=64)
    created_after: AwareDatetime | None = Field(None, description="RFC 3339.")
    created_before: AwareDatetime | None = Field(None, description="RFC 3339.")
    label: list[Annotated[str, StringConstraints(max_length=400)]] = Field(
        default_factory=list, max_length=32, description="`key:value`; all of them must match."
    )
    q: str | None = Field(None, min_length=1, max_length=256, description="Beginning of an id or of a label's value.")


def job_filter(query: ListQuery) -> JobFilter:
    """The filter in the words of storage; InvalidRequest for a cursor or a label that is none."""
    if query.after is not None and query.before is not None:
        raise InvalidRequest.of("before", "cannot be given beside after", code="invalid_cursor")
    for name, cursor in (("after", query.after), ("before", query.before)):
        if cursor is not None and not _CURSOR.fullmatch(cursor):
            raise InvalidRequest.of(name, "is not a cursor that this list gave", code="invalid_cursor")
    return JobFilter(
        statuses=tuple(query.status),
        kinds=tuple(query.kind),
        models=tuple(query.model),
        voices=tuple(query.voice),
        created_after=_seconds(query.created_after),
        created_before=_seconds(query.created_before),
        labels=_labels(query.label),
        text=query.q,
    )


def _labels(given: list[str]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for item in given:
        key, colon, value = item.partition(":")
        if not colon or not key:
            raise InvalidRequest.of("label", "must be written key:value", code="invalid_request")
        if labels.setdefault(key, value) != value:
            raise InvalidRequest.of("label", f"no job has two values of {key}", code="invalid_request")
    return labels


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
