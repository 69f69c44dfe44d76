"""The thread that keeps a claim's lease and brings back what its row wants: go on, stop, too long, lost."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pipelines.errors import StepCancelled, StepError
from pipelines.failpoints import Place, reach
from storage.claims import Claim, Signal
from storage.database import DatabaseUnavailable
from storage.jobs import JobStore

BEAT_SECONDS = 2.0
_LOOK_SECONDS = 0.5

log = logging.getLogger(__name__)


class ClaimLost(StepError):
    """Somebody else holds the step: whatever this attempt has is worth nothing."""

    cause = "lost"
    code = "claim_lost"


class StepTimeout(StepError):
    """The step ran past its limit."""

    cause = "timeout"
    code = "step_timeout"


class Pulse:
    """A claim's standing, as its last heartbeat told it. The step reports progress here, between two chunks."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.progress = 0.0
        self.signal = Signal.GO_ON
        #: The format in which somebody listens; None = nobody does, as far as is known.
        self.stream = claim.stream
        self.next_beat = time.monotonic() + BEAT_SECONDS
        self.limit_at = time.monotonic() + claim.limit - _LOOK_SECONDS

    def check(self, progress: float) -> None:
        """Notes `progress` (0–1) and raises if the step should not go on."""
        self.progress = progress
        reach(Place.CHUNK)
        if (reason := self.reason_to_stop()) is not None:
            raise reason

    def reason_to_stop(self) -> StepError | None:
        """Why the step should not go on; None if it should."""
        match self.signal:
            case Signal.GO_ON:
                return None
            case Signal.CANCEL:
                return StepCancelled("The job was cancelled.")
            case Signal.TIMEOUT:
                return StepTimeout(f"The step ran longer than its limit of {self.claim.limit:g} s.")
            case Signal.LOST:
                return ClaimLost("The claim was given to another slot.")


class Heartbeat:
    """One thread for the process. It looks up now and then by itself, so that a short step costs it nothing."""

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs
        self._pulse: Pulse | None = None
        threading.Thread(target=self._run, name="heartbeat", daemon=True).start()

    @contextmanager
    def keep(self, claim: Claim) -> Iterator[Pulse]:
        """Renews `claim` until the block ends."""
        self._pulse = pulse = Pulse(claim)
        try:
            yield pulse
        finally:
            self._pulse = None

    def _run(self) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            pulse = self._pulse
            if pulse is None or time.monotonic() < pulse.next_beat:
                continue
            try:
                self._beat(pulse)
            except Exception:
                # Without this thread every later claim of the process would be lost: it goes on, whatever it was.
                log.exception("heartbeat_failed reason=crashed")

    def _beat(self, pulse: Pulse) -> None:
        try:
            signal, stream = self._jobs.heartbeat(pulse.claim, pulse.progress)
        except DatabaseUnavailable:
            # The lease may run out; the fencing number, not this thread, decides whether the result still counts.
            log.warning("heartbeat_failed reason=database_unavailable")
        else:
            # The row's limit is a moment of a clock that may have stepped since.
            early = signal is Signal.TIMEOUT and time.monotonic() < pulse.limit_at
            pulse.signal = Signal.GO_ON if early else signal
            pulse.stream = stream or pulse.stream
            pulse.next_beat = time.monotonic() + BEAT_SECONDS
