"""JobStore: the one writer of job state. Each change and its event commit together, under the job's row lock.

The methods stand in one file each where they are long: submitting, claiming, ending, cancelling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from pipelines.errors import Cause
from pipelines.failpoints import Commit
from storage.backlog import Room
from storage.cancelling import Cancelled, cancel_job
from storage.chunks import MOST_CHUNKS, PCM, NewChunk, add_chunks, chunks_after, open_stream, stream_of
from storage.claiming import claim_step, heartbeat
from storage.claims import Claim, Held, Limit, SlotChild, Told
from storage.database import Database
from storage.ending import complete_step, fail_step, hand_back, lose_claim, lose_lapsed, stop_step
from storage.outcomes import Ended
from storage.retention import delete_job
from storage.retrying import Retry, retry
from storage.submitting import NewArtifact, Submission, Submitted, submit


class JobStore:
    """What may happen to a job. Every method is one transaction; DatabaseUnavailable means that nothing happened."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def submit(self, submission: Submission, room: Room | None = None) -> Submitted:
        """Job, steps, inputs, labels and first event at once; the same idempotency key gives the same job.

        SubmitterFull if it would be more than its submitter has `room` for.
        """
        with self._database.write(Commit.SUBMIT) as connection:
            return submit(connection, submission, room)

    def claim_step(self, job_id: str, index: int, *, publication: int, child: SlotChild, limit: Limit) -> Claim | bool:
        """The step, leased to `child`; True if it is done already (the chain moves on), False to be ignored."""
        with self._database.write(Commit.CLAIM, durable=False) as connection:
            return claim_step(connection, job_id, index, publication=publication, child=child, limit=limit)

    def heartbeat(self, claim: Claim, progress: float) -> Told:
        """Renews the lease; says whether to go on, and in which format somebody listens."""
        with self._database.write(Commit.RENEW, durable=False) as connection:
            return heartbeat(connection, claim, progress)

    def add_chunks(self, claim: Claim, new: Sequence[NewChunk]) -> Told:
        """Shows what the step has made so far, with one event, only under the claim's fencing number.

        Says what a heartbeat says; anything but GO_ON means that nothing was written. Outlives a loss of power: what a
        listener has read must not be made a second time, in another breath.
        """
        with self._database.write(Commit.CHUNKS) as connection:
            return add_chunks(connection, claim, new)

    def own_chunks(self, claim: Claim) -> list[Row[Any]]:
        """What all attempts of the claim's step have shown so far, in order."""
        with self._database.read() as reading:
            return chunks_after(reading, claim.work.job_id, claim.work.index, -1, MOST_CHUNKS)

    def stream_of(self, job_id: str) -> str | None:
        """In which format somebody listens; NotFound for a job that is not there."""
        with self._database.read() as reading:
            return stream_of(reading, job_id)

    def open_stream(self, job_id: str, form: str) -> str:
        """Somebody listens in `form`: `pcm`, or the job's own format, which never goes back to `pcm`; what it is now.

        NotFound for a job that is not there.
        """
        stream = self.stream_of(job_id)
        if stream == form or stream not in {None, PCM}:
            # As for every listener but the first.
            return stream
        with self._database.write() as connection:
            return open_stream(connection, job_id, form)

    def complete_step(
        self,
        claim: Claim,
        outputs: Sequence[NewArtifact],
        document: Mapping[str, Any] | None = None,
        said: Mapping[str, Any] | None = None,
    ) -> Ended:
        """Makes the outputs visible and moves the job on, only under the claim's fencing number.

        `document` is what the job's own document says of its result, beside the artifacts, if this step is its last;
        what is `said` it says whichever step is. Only the end of the job must outlive a loss of power; a step before it
        would be run again.
        """
        with self._database.write(Commit.COMPLETE, durable=claim.work.is_last) as connection:
            return complete_step(connection, claim, outputs, document, said)

    def fail_step(self, claim: Claim, cause: Cause, *, error: dict[str, object]) -> Ended:
        """Puts the step back or fails the job, by the budget of the cause."""
        with self._database.write(Commit.FAIL) as connection:
            return fail_step(connection, claim, cause, error)

    def stop_step(self, claim: Claim) -> Ended:
        """The engine stopped because the job is being cancelled."""
        with self._database.write(Commit.STOP) as connection:
            return stop_step(connection, claim)

    def lose_claim(self, held: Held, cause: Cause, detail: str, end_holder: Callable[[], None] | None = None) -> Ended:
        """Takes a step back from a slot that is gone, or whose child must be ended.

        `end_holder` ends that child while the job's row is locked: it cannot finish this step and begin another's
        meanwhile, so the blow never hits a neighbour.
        """
        with self._database.write(Commit.LOSE) as connection:
            return lose_claim(connection, held, cause, detail, end_holder)

    def lose_lapsed(self, held: Held, detail: str) -> Ended:
        """The same for a slot that seems gone, unless it renewed its lease since somebody looked."""
        with self._database.write(Commit.LOSE) as connection:
            return lose_lapsed(connection, held, detail)

    def hand_back(self, held: Held, end_holder: Callable[[], None]) -> Ended:
        """Gives a step back that its slot will not end in time, charged to nobody: it is due again at once.

        `end_holder` ends the child while the job's row is locked, as in `lose_claim`.
        """
        with self._database.write(Commit.HAND_BACK) as connection:
            return hand_back(connection, held, end_holder)

    def cancel(self, job_id: str) -> Cancelled:
        """Cancels at once what no slot holds, else asks the slot to stop; NotFound, Conflict if it ended otherwise."""
        with self._database.write(Commit.CANCEL) as connection:
            return cancel_job(connection, job_id)

    def retry(self, asked: Retry, room: Room | None = None) -> Submitted:
        """A new job from a finished one, which begins at its first unfinished step, or an earlier one.

        NotFound, Conflict while the job goes on, Gone once its bytes are removed, InvalidRequest for a wrong step;
        SubmitterFull as in `submit`.
        """
        with self._database.write(Commit.SUBMIT) as connection:
            return retry(connection, asked, room)

    def delete(self, job_id: str) -> None:
        """Removes a finished job with all that belongs to it; NotFound, Conflict while it goes on.

        Its bytes go soon after, except for those that another job's rows name.
        """
        with self._database.write(Commit.DELETE) as connection:
            delete_job(connection, job_id)
