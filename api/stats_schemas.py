"""The shape of GET /v1/stats, for the OpenAPI description, and what it may be asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from pipelines.catalog import Capability
from pipelines.jobs import JobStatus

Name = Annotated[str, StringConstraints(max_length=256)]


class StatsQuery(BaseModel):
    """The parameters of GET /v1/stats; those that are lists may be repeated, and any of their values matches."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime | None = Field(None, description="RFC 3339; default: an hour before `until`.")
    until: AwareDatetime | None = Field(None, description="RFC 3339; default: now.")
    status: list[JobStatus] = Field(default_factory=list, max_length=16, description="Of `series` alone.")
    kind: list[Capability] = Field(default_factory=list, max_length=16)
    model: list[Name] = Field(default_factory=list, max_length=64)
    queue: list[Name] = Field(
        default_factory=list, max_length=64, description="The queue that the jobs' models run on."
    )


class StatusCounts(BaseModel):
    """How many jobs have each status."""

    queued: int
    running: int
    cancelling: int
    succeeded: int
    failed: int
    cancelled: int
    expired: int


class StatusBucket(StatusCounts):
    """The same, of the jobs that were made in one bucket of time."""

    at: datetime = Field(description="Its beginning.")


class Percentiles(BaseModel):
    """Seconds, or times real time, that half, 90 % and 99 % of the jobs did not exceed; null if nothing was measured.

    Of histograms whose buckets are 20 % wide: at most 10 % beside the true number.
    """

    p50: float | None
    p90: float | None
    p99: float | None


class ModelStats(BaseModel):
    """How a model did: of the jobs that ended in the window, times of those that succeeded or failed."""

    model: str
    kind: Capability
    queue: str
    jobs: int
    succeeded: int
    failed: int
    wait: Percentiles = Field(description="From the submission to the first step.")
    run: Percentiles = Field(description="Of the steps that the model ran; of jobs that succeeded.")
    total: Percentiles = Field(description="From the submission to the end.")
    real_time_factor: Percentiles | None = Field(
        description="`run` over the length of the audio that was made, or else read; null where there was none."
    )


class Stats(BaseModel):
    """Jobs by the moment they were made, as they stand now."""

    since: datetime
    until: datetime
    bucket_seconds: Literal[60, 300, 900, 3600, 21600, 86400] = Field(
        description="The least that gives at most 120 buckets and whose counts are still kept: those of minutes for "
        "two days, of hours for 60 days. `since` and `until` are widened to whole buckets."
    )
    statuses: StatusCounts = Field(description="Of the window; the filter `status` does not apply.")
    total: StatusCounts = Field(description="Of all jobs there are; `kind`, `model` and `queue` apply.")
    series: list[StatusBucket] = Field(description="Each bucket of the window; all filters apply.")
    models: list[ModelStats]
    as_of: datetime = Field(description="What happened before is counted; it lags by a second while jobs move.")
