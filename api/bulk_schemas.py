"""The shapes of orders for many jobs: the body that is read, and the answers for the OpenAPI description."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.listing import FilterQuery
from pipelines.bulk import MOST_IDS, BulkAction


class BulkRequest(BaseModel):
    """The body of `POST /v1/jobs/bulk`: either `ids` or `filter`; an empty filter means all jobs."""

    model_config = ConfigDict(extra="forbid")

    action: BulkAction = Field(description="What the route of that name does with one job.")
    ids: list[Annotated[str, StringConstraints(min_length=1, max_length=64)]] | None = Field(
        None, min_length=1, max_length=MOST_IDS, description="These jobs."
    )
    filter: FilterQuery | None = Field(None, description="The jobs that a list with these parameters holds.")
    dry_run: bool = Field(False, description="Only count.")


class BulkCount(BaseModel):
    """What an order would mean."""

    action: BulkAction
    matching: int = Field(description="Jobs that are meant; counting stops at 100,000.")
    exact: bool = Field(description="false: there are more.")
    applicable: int = Field(description="Of these, jobs in a state that the action applies to.")


class BulkProblem(BaseModel):
    """A job that was left as it is."""

    job_id: str
    code: str
    detail: str


class BulkOrder(BaseModel):
    """An order and how far it is.

    Of what a filter finds, jobs in a state that the action does not apply to are counted neither as done nor as
    skipped, nor are those that no longer match.
    """

    id: str
    action: BulkAction
    status: Literal["running", "finished", "cancelled"]
    matching: int = Field(description="Jobs that were meant when it was ordered; counting stops at 100,000.")
    exact: bool = Field(description="false: there were more; they are meant too.")
    done: int = Field(description="Jobs that were cancelled, deleted, or retried by a new job.")
    skipped: int = Field(description="Jobs that the action could not be done with.")
    errors: list[BulkProblem] = Field(description="Of the first 20 that were skipped.")
    waits: Literal["queue_full", "submitter_full"] | None = Field(
        description="Why it does not go on: as much waits as may; retries are made as room comes."
    )
    created_at: datetime
    finished_at: datetime | None
