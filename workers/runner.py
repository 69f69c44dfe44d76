"""One message's step, from the claim to its end: what happens around the work itself."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pipelines.catalog import Catalog
from pipelines.errors import PermanentError, ResourceError, StepCancelled, StepError
from pipelines.ids import parse_step_id
from pipelines.jobs import ArtifactRef
from pipelines.problems import step_problem
from storage.artifacts import ArtifactStore
from storage.claims import Claim, SlotChild, Work
from storage.database import DatabaseUnavailable
from storage.ending import Ended
from storage.jobs import JobStore
from storage.logs import bound
from storage.submitting import NewArtifact
from workers.heartbeat import ClaimLost, Heartbeat, Pulse
from workers.limits import run_limit
from workers.media.client import MediaHelper
from workers.residency import Residency
from workers.steps import Output, Result, Scratch, StepContext, perform

log = logging.getLogger(__name__)

_T = TypeVar("_T")

#: How long a finished step's result waits for a database that is away, in seconds.
_COMMIT_PATIENCE = 120.0


@dataclass(frozen=True)
class StepRunner:
    """Runs the steps of one slot, one at a time."""

    jobs: JobStore
    store: ArtifactStore
    catalog: Catalog
    residency: Residency
    media: MediaHelper
    child: SlotChild
    heartbeat: Heartbeat

    def run(self, step_id: str, publication: int) -> bool:
        """Whether the chain may move on: the step is done, now or before."""
        job_id, index = parse_step_id(step_id)
        with bound(job=job_id, step=index):
            try:
                claim = self.jobs.claim_step(
                    job_id, index, publication=publication, child=self.child, limit=self._limit
                )
            except DatabaseUnavailable:
                # The row still says that the step is due; the dispatcher sends another message.
                log.warning("claim_failed reason=database_unavailable")
                return False
            if not isinstance(claim, Claim):
                return claim
            return self._run_claimed(claim) is Ended.SUCCEEDED

    def _limit(self, work: Work) -> float:
        return run_limit(work, self.catalog)

    def _run_claimed(self, claim: Claim) -> Ended:
        started = time.monotonic()
        with self.heartbeat.keep(claim) as pulse:
            ended = self._end(claim, pulse)
        log.info("step_%s action=%s seconds=%.3f", ended, claim.work.action, time.monotonic() - started)
        return ended

    def _end(self, claim: Claim, pulse: Pulse) -> Ended:
        try:
            with Scratch() as scratch:
                result = self._perform(claim, pulse, scratch)
                outputs = [self._stored(claim, output) for output in result.outputs]
        except StepError as error:
            # What was told to stop may only say that it did; the pulse knows why.
            return self._end_badly(claim, pulse.reason_to_stop() or error)
        return _committed(lambda: self.jobs.complete_step(claim, outputs, result.document))

    def _end_badly(self, claim: Claim, error: StepError) -> Ended:
        if isinstance(error, StepCancelled):
            return _committed(lambda: self.jobs.stop_step(claim))
        if isinstance(error, ClaimLost):
            return Ended.LATE
        log.warning("step_failed code=%s cause=%s", error.code, error.cause)
        problem = step_problem(error)
        return _committed(lambda: self.jobs.fail_step(claim, error.cause, error=problem))

    def _perform(self, claim: Claim, pulse: Pulse, scratch: Scratch) -> Result:
        context = StepContext(claim.work, self.store, self.residency, self.media, scratch, pulse)
        try:
            return perform(context)
        except StepError:
            raise
        except MemoryError as error:
            msg = "There was not enough memory for this step."
            raise ResourceError(msg) from error
        except Exception as error:
            # An engine's own fault, and perhaps a user's words in its message: only the type goes into the job.
            log.exception("step_crashed type=%s", type(error).__name__)
            msg = f"The engine failed with {type(error).__name__}; the log of the worker says where."
            raise PermanentError(msg, code="engine_error") from error

    def _stored(self, claim: Claim, output: Output | ArtifactRef) -> NewArtifact:
        if isinstance(output, ArtifactRef):
            key, size, sha256 = output.key, output.bytes, output.sha256
        else:
            # The attempt's own folder: a late attempt writes beside the visible result, never over it.
            work = claim.work
            key = f"jobs/{work.job_id}/steps/{work.index}/{claim.fence}/{output.role}.{output.extension}"
            stored = output.put(self.store, key)
            size, sha256 = stored.bytes, stored.sha256
        return NewArtifact(
            role=output.role,
            key=key,
            media_type=output.media_type,
            bytes=size,
            sha256=sha256,
            seconds=output.seconds,
            sample_rate=output.sample_rate,
        )


def _committed(write: Callable[[], _T]) -> _T:
    """Writes the step's end, waiting for a database that is away; the fencing number guards what comes late."""
    give_up = time.monotonic() + _COMMIT_PATIENCE
    while True:
        try:
            return write()
        except DatabaseUnavailable:
            if time.monotonic() > give_up:
                raise
            log.warning("commit_waits reason=database_unavailable")
            time.sleep(random.uniform(0.2, 0.8))  # noqa: S311 - jitter needs no cryptographic randomness
