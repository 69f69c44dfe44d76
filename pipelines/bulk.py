"""What can be done with many jobs at once, and with which of them."""

from __future__ import annotations

from enum import StrEnum

from pipelines.jobs import JobStatus

#: Counting stops here: an order means all that match, but nobody waits for a number beyond.
MOST_COUNTED = 100_000
#: Ids that one order may name.
MOST_IDS = 1000


class BulkAction(StrEnum):
    """The same as the route of that name does with one job."""

    CANCEL = "cancel"
    RETRY = "retry"
    DELETE = "delete"

    def applies_to(self, status: JobStatus) -> bool:
        """Whether a job in this state is changed by it."""
        return status in _APPLIES_TO[self]

    @property
    def states(self) -> tuple[JobStatus, ...]:
        """All of those."""
        return _APPLIES_TO[self]


_APPLIES_TO = {
    BulkAction.CANCEL: (JobStatus.QUEUED, JobStatus.RUNNING),
    BulkAction.RETRY: (JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.EXPIRED),
    BulkAction.DELETE: tuple(status for status in JobStatus if status.is_terminal),
}
