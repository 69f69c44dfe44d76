"""JobStore: the one writer of job state. Each change and its event commit together, under the job's row lock.

The methods stand in one file each where they are long: submitting, claiming, ending, cancelling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipelines.errors import Cause
from storage.cancelling import Cancelled, cancel_job
from storage.claiming import claim_step, heartbeat
from storage.claims import Claim, Held, Limit, Signal, SlotChild
from storage.database import Database
from storage.ending import Ended, complete_step, fail_step, lose_claim, stop_step
from storage.submitting import NewArtifact, Submission, Submitted, submit


class JobStore:
    """What may happen to a job. Every method is one transaction; DatabaseUnavailable means that nothing happened."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def submit(self, submission: Submission) -> Submitted:
        """Job, steps, inputs, labels and first event at once; the same idempotency key gives the same job."""
        with self._database.write() as connection:
            return submit(connection, submission)

    def claim_step(self, job_id: str, index: int, *, publication: int, child: SlotChild, limit: Limit) -> Claim | bool:
        """The step, leased to `child`; True if it is done already (the chain moves on), False to be ignored."""
        with self._database.write(durable=False) as connection:
            return claim_step(connection, job_id, index, publication=publication, child=child, limit=limit)

    def heartbeat(self, claim: Claim, progress: float) -> Signal:
        """Renews the lease and says whether to go on."""
        with self._database.write(durable=False) as connection:
            return heartbeat(connection, claim, progress)

    def complete_step(
        self, claim: Claim, outputs: Sequence[NewArtifact], document: Mapping[str, Any] | None = None
    ) -> Ended:
        """Makes the outputs visible and moves the job on, only under the claim's fencing number.

        `document` is what the job's own document says of its result, beside the artifacts. Only the end of the job must
        outlive a loss of power; a step before it would be run again.
        """
        with self._database.write(durable=claim.work.is_last) as connection:
            return complete_step(connection, claim, outputs, document)

    def fail_step(self, claim: Claim, cause: Cause, *, error: dict[str, object]) -> Ended:
        """Puts the step back or fails the job, by the budget of the cause."""
        with self._database.write() as connection:
            return fail_step(connection, claim, cause, error)

    def stop_step(self, claim: Claim) -> Ended:
        """The engine stopped because the job is being cancelled."""
        with self._database.write() as connection:
            return stop_step(connection, claim)

    def lose_claim(self, held: Held, cause: Cause, detail: str, end_holder: Callable[[], None] | None = None) -> Ended:
        """Takes a step back from a slot that is gone, or whose child must be ended.

        `end_holder` ends that child while the job's row is locked: it cannot finish this step and begin another's
        meanwhile, so the blow never hits a neighbour.
        """
        with self._database.write() as connection:
            return lose_claim(connection, held, cause, detail, end_holder)

    def cancel(self, job_id: str) -> Cancelled:
        """Cancels at once what no slot holds, else asks the slot to stop; NotFound, Conflict if it ended otherwise."""
        with self._database.write() as connection:
            return cancel_job(connection, job_id)
