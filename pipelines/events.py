"""The lines of a job's history. `seq` numbers them without gaps; SSE and webhooks carry the same types."""

from __future__ import annotations

from enum import StrEnum

from pipelines.jobs import JobStatus


class EventType(StrEnum):
    """Everything that can happen to a job."""

    JOB_QUEUED = "job.queued"
    JOB_STARTED = "job.started"
    JOB_CANCELLING = "job.cancelling"
    JOB_SUCCEEDED = "job.succeeded"
    JOB_FAILED = "job.failed"
    JOB_CANCELLED = "job.cancelled"
    JOB_EXPIRED = "job.expired"
    STEP_STARTED = "step.started"
    STEP_PROGRESS = "step.progress"
    STEP_SUCCEEDED = "step.succeeded"
    STEP_FAILED = "step.failed"
    STEP_RETRYING = "step.retrying"
    STEP_CANCELLED = "step.cancelled"


#: What a webhook may ask for: the moves of the job, not of its steps.
WEBHOOK_EVENTS = tuple(event for event in EventType if event.startswith("job."))

#: How a job ended, as an event.
END_EVENTS = {
    JobStatus.SUCCEEDED: EventType.JOB_SUCCEEDED,
    JobStatus.FAILED: EventType.JOB_FAILED,
    JobStatus.CANCELLED: EventType.JOB_CANCELLED,
    JobStatus.EXPIRED: EventType.JOB_EXPIRED,
}
