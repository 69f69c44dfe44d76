"""Learns from finished jobs how long work takes, and how fast it goes: for estimates and for honest Retry-After."""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.estimates import Learned, work_key
from storage.finished import Finished

#: What a measurement still counts after one more of the same kind and model: some fifty jobs are remembered.
_FADING = 0.98

#: Throughput is that of the shortest of these windows, in seconds, that saw enough jobs end; else of the longest. Only
#: seconds in which something ran count: a service that stood idle is not slow.
_WINDOWS = (30, 120, 600)
_ENOUGH = 10

_DIGITS = 9


class Learning:
    """Filled from rows; a dispatcher that takes the lead learns again from the newest ones."""

    def __init__(self) -> None:
        #: The newest attempt that was learned from.
        self.attempt = 0
        self._work: dict[str, tuple[float, float]] = {}
        #: Whole second → jobs that ended in it, and what they were expected to take.
        self._ended: dict[int, tuple[int, float]] = {}
        #: Whole seconds in which a job ran that has ended since.
        self._busy: set[int] = set()

    def learn(self, finished: Iterable[Finished], now: float) -> None:
        """Adds measurements made at `now`, by a clock that never steps; those that are known already are left out."""
        for job in finished:
            if job.attempt <= self.attempt:
                continue
            self.attempt = job.attempt
            second = int(now - job.ago)
            count, cost = self._ended.get(second, (0, 0.0))
            self._ended[second] = (count + 1, cost + job.cost)
            began = max(now - job.ago - job.seconds, now - _WINDOWS[-1])
            self._busy.update(range(int(began), second + 1))
            # What failed ran for as long as it took to fail.
            if job.succeeded and job.units > 0 and job.seconds >= 0:
                key = work_key(job.kind, job.model)
                seconds, units = self._work.get(key, (0.0, 0.0))
                self._work[key] = (seconds * _FADING + job.seconds, units * _FADING + job.units)

    def learned(self, now: float) -> Learned:
        """What is known at `now`, by the same clock."""
        for second in [second for second in self._ended if second < now - _WINDOWS[-1]]:
            del self._ended[second]
        self._busy = {second for second in self._busy if second >= now - _WINDOWS[-1]}
        jobs, work = self._pace(now)
        rates = {key: round(seconds / units, _DIGITS) for key, (seconds, units) in self._work.items()}
        return Learned(rates, round(jobs, _DIGITS), round(work, _DIGITS))

    def _pace(self, now: float) -> tuple[float, float]:
        if not self._ended:
            return 0.0, 0.0
        for window in _WINDOWS:
            within = [ended for second, ended in self._ended.items() if second >= now - window]
            jobs = sum(count for count, _ in within)
            if jobs >= _ENOUGH or window == _WINDOWS[-1]:
                break
        span = max(1, sum(second >= now - window for second in self._busy))
        return jobs / span, sum(cost for _, cost in within) / span
