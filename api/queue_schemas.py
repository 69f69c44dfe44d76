"""The shape of queues, for the OpenAPI description."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field


class Queue(BaseModel):
    """A queue as it stands."""

    name: str
    purpose: Literal["models", "media", "webhooks"]
    waiting: int = Field(
        description="Due jobs that are not published; a job whose way leads to a paused queue counts there. Of "
        "`webhook`: deliveries that are due."
    )
    published: int = Field(description="Jobs that were handed to the broker and are not claimed.")
    running: int = Field(description="Jobs that slots work on, or deliveries under way.")
    oldest_seconds: float | None = Field(description="For how long the oldest of `waiting` and `published` has been.")
    slots: int = Field(description="Live ones.")
    busy: int = Field(description="Of these, how many work.")
    rate_per_minute: float = Field(description="Steps, or attempts to deliver, over the last five full minutes.")
    depth: int | None = Field(description="Messages in the broker as the dispatcher last saw it.")
    paused_at: datetime | None


class QueueList(BaseModel):
    """Every queue of this deployment."""

    object: Literal["list"]
    data: list[Queue]
    next: None
