"""One message's step, from the claim to its end: what happens around the work itself."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from media.client import MediaHelper
from pipelines.catalog import Catalog
from pipelines.errors import StepCancelled, StepError
from pipelines.failpoints import Place, reach
from pipelines.ids import parse_step_id
from pipelines.jobs import ArtifactRef
from pipelines.problems import step_problem
from storage.artifacts import ArtifactStore
from storage.claims import Claim, SlotChild, Work
from storage.database import DatabaseUnavailable
from storage.jobs import JobStore
from storage.logs import bound
from storage.outcomes import Ended
from storage.submitting import NewArtifact
from workers.causes import as_step_error
from workers.heartbeat import ClaimLost, Heartbeat, Pulse
from workers.limits import run_limit
from workers.patience import committed, patiently
from workers.residency import Residency
from workers.steps import Output, Result, Scratch, StepContext, perform

log = logging.getLogger(__name__)


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
                outputs = [self._stored(claim, pulse, output) for output in result.outputs]
                reach(Place.OUTPUT_STORED)
        except Exception as error:  # noqa: BLE001 - whatever it is, the step ends with a cause, and _explained logs it
            # What was told to stop may only say that it did; the pulse knows why.
            return self._end_badly(claim, pulse.reason_to_stop() or _explained(error))
        try:
            return committed(lambda: self.jobs.complete_step(claim, outputs, result.document, result.said))
        except SQLAlchemyError as error:
            # A result that no row can hold: it would be the same result again.
            return self._end_badly(claim, _explained(error))

    def _end_badly(self, claim: Claim, error: StepError) -> Ended:
        if isinstance(error, StepCancelled):
            return committed(lambda: self.jobs.stop_step(claim))
        if isinstance(error, ClaimLost):
            return Ended.LATE
        log.warning("step_failed code=%s cause=%s", error.code, error.cause)
        problem = step_problem(error)
        return committed(lambda: self.jobs.fail_step(claim, error.cause, error=problem))

    def _perform(self, claim: Claim, pulse: Pulse, scratch: Scratch) -> Result:
        context = StepContext(claim.work, self.store, self.residency, self.media, scratch, pulse, self.jobs)
        return perform(context)

    def _stored(self, claim: Claim, pulse: Pulse, output: Output | ArtifactRef) -> NewArtifact:
        if isinstance(output, ArtifactRef):
            key, size, sha256 = output.key, output.bytes, output.sha256
        else:
            # The attempt's own folder: a late attempt writes beside the visible result, never over it.
            work = claim.work
            key = f"jobs/{work.job_id}/steps/{work.index}/{claim.fence}/{output.role}.{output.extension}"
            stored = patiently(pulse, lambda: output.put(self.store, key))
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


def _explained(error: Exception) -> StepError:
    """The error with its cause; what did not know its own is logged with its place, and perhaps a user's words."""
    known = as_step_error(error)
    if known is not error:
        log.error("step_crashed type=%s code=%s", type(error).__name__, known.code, exc_info=error)
    return known
