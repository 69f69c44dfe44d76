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
    #: Some of what the step makes can be had already.
    STEP_CHUNK = "step.chunk"
    STEP_SUCCEEDED = "step.succeeded"
    STEP_FAILED = "step.failed"
    STEP_RETRYING = "step.retrying"
    STEP_CANCELLED = "step.cancelled"
    #: After the end: what the job took and made is no longer kept.
    RESULTS_REMOVED = "results.removed"


#: What a webhook may ask for: the moves of the job, not of its steps.
WEBHOOK_EVENTS = tuple(event for event in EventType if event.startswith("job."))

#: A step is over, whatever became of it.
STEP_ENDS = (EventType.STEP_SUCCEEDED, EventType.STEP_FAILED, EventType.STEP_CANCELLED)


class EndpointEvent(StrEnum):
    """What webhook endpoints are told beside the moves of jobs."""

    #: Another endpoint was disabled, because it said 410 or failed for days.
    DISABLED = "webhook.disabled"
    #: Asked for by hand, to see whether messages arrive.
    TEST = "webhook.test"


#: What an endpoint may ask for.
ENDPOINT_EVENTS: tuple[str, ...] = (*WEBHOOK_EVENTS, EndpointEvent.DISABLED)

#: How the job stood when this happened, as messages tell it.
TOLD_STATUS = {
    EventType.JOB_QUEUED: JobStatus.QUEUED,
    EventType.JOB_STARTED: JobStatus.RUNNING,
    EventType.JOB_CANCELLING: JobStatus.CANCELLING,
    EventType.JOB_SUCCEEDED: JobStatus.SUCCEEDED,
    EventType.JOB_FAILED: JobStatus.FAILED,
    EventType.JOB_CANCELLED: JobStatus.CANCELLED,
    EventType.JOB_EXPIRED: JobStatus.EXPIRED,
}

#: What a job's history may end with.
LAST_EVENTS = frozenset({*(f"job.{status}" for status in JobStatus if status.is_terminal), "results.removed"})

#: How a job ended, as an event.
END_EVENTS = {
    JobStatus.SUCCEEDED: EventType.JOB_SUCCEEDED,
    JobStatus.FAILED: EventType.JOB_FAILED,
    JobStatus.CANCELLED: EventType.JOB_CANCELLED,
    JobStatus.EXPIRED: EventType.JOB_EXPIRED,
}
