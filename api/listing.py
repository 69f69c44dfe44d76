"""What a list of jobs may be asked for."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from pipelines.catalog import Capability
from pipelines.errors import InvalidRequest
from pipelines.jobs import JobStatus
from storage.filters import JobFilter

Name = Annotated[str, StringConstraints(max_length=256)]
_CURSOR = re.compile(r"job_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class FilterQuery(BaseModel):
    """Which jobs are meant; of those that are lists any value matches."""

    model_config = ConfigDict(extra="forbid")

    status: list[JobStatus] = Field(default_factory=list, max_length=16)
    kind: list[Capability] = Field(default_factory=list, max_length=16)
    model: list[Name] = Field(default_factory=list, max_length=64)
    voice: list[Name] = Field(default_factory=list, max_length=64)
    queue: list[Name] = Field(
        default_factory=list, max_length=64, description="The queue that the job's model runs on."
    )
    code: list[Name] = Field(
        default_factory=list,
        max_length=16,
        description="Code of the error of a failed or expired job; `worker_lost` are the dead letters.",
    )
    created_after: AwareDatetime | None = Field(None, description="RFC 3339.")
    created_before: AwareDatetime | None = Field(None, description="RFC 3339.")
    label: list[Annotated[str, StringConstraints(max_length=400)]] = Field(
        default_factory=list, max_length=32, description="`key:value`; all of them must match."
    )
    q: str | None = Field(None, min_length=1, max_length=256, description="Beginning of an id or of a label's value.")


class ListQuery(FilterQuery):
    """The parameters of GET /v1/jobs; those that are lists may be repeated."""

    limit: int = Field(50, ge=1, le=200, description="Jobs on one page.")
    after: str | None = Field(None, max_length=64, description="`next` of the page before.")
    before: str | None = Field(None, max_length=64, description="Id of a job: the page in front of it, newer ones.")


def check_cursors(query: ListQuery) -> None:
    """InvalidRequest for a cursor that is none."""
    if query.after is not None and query.before is not None:
        raise InvalidRequest.of("before", "cannot be given beside after", code="invalid_cursor")
    for name, cursor in (("after", query.after), ("before", query.before)):
        if cursor is not None and not _CURSOR.fullmatch(cursor):
            raise InvalidRequest.of(name, "is not a cursor that this list gave", code="invalid_cursor")


def job_filter(query: FilterQuery, place: str = "") -> JobFilter:
    """The filter in the words of storage; InvalidRequest for a label that is none. `place` is where it stands."""
    return JobFilter(
        statuses=tuple(query.status),
        kinds=tuple(query.kind),
        models=tuple(query.model),
        voices=tuple(query.voice),
        queues=tuple(query.queue),
        codes=tuple(query.code),
        created_after=_seconds(query.created_after),
        created_before=_seconds(query.created_before),
        labels=labels_of(query.label, f"{place}label"),
        text=query.q,
    )


def labels_of(given: list[str], name: str) -> dict[str, str]:
    """`key:value` as a mapping; InvalidRequest for what is none, `name` being the field that holds them."""
    labels: dict[str, str] = {}
    for item in given:
        key, colon, value = item.partition(":")
        if not colon or not key:
            raise InvalidRequest.of(name, "must be written key:value", code="invalid_request")
        if labels.setdefault(key, value) != value:
            raise InvalidRequest.of(name, f"nothing has two values of {key}", code="invalid_request")
    return labels


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
