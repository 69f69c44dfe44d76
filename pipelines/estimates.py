"""What work is expected to take, and when there will be room again: from what was learned, else from defaults."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: Seconds of work per unit before anything is learned. A unit is a character of text, or a byte of the recording.
#: 15 characters are a second of speech, made in 0.3 s; 32,000 bytes are a second of plain PCM at 16 kHz.
DEFAULT_SECONDS: Mapping[str, float] = {
    "speech": 0.3 / 15,
    "transcription": 0.2 / 32_000,
    "translation": 0.2 / 32_000,
    "embedding": 0.05 / 32_000,
    "vad": 0.01 / 32_000,
}
#: Of a kind that has no line above.
_OTHERWISE = 0.2 / 32_000

#: The least that a job costs: its rows and messages.
_LEAST_SECONDS = 0.01

#: Bounds of Retry-After, in seconds.
SOONEST = 1
LATEST = 3600
#: Added at random, as a share of the wait, so that those who were refused together do not return together.
_JITTER = 0.1


@dataclass(frozen=True)
class Learned:
    """What the dispatcher measured lately."""

    #: Seconds of work per unit, by `work_key`.
    work: Mapping[str, float] = field(default_factory=dict)
    #: Jobs, and their expected seconds of work, that ended per second; zero while nothing is known.
    jobs_per_second: float = 0.0
    work_per_second: float = 0.0

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> Learned:
        """From the dispatcher's row; an empty one has learned nothing."""
        return cls(document.get("work", {}), document.get("jobs_per_second", 0.0), document.get("work_per_second", 0.0))

    def document(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "work": dict(self.work),
            "jobs_per_second": self.jobs_per_second,
            "work_per_second": self.work_per_second,
        }

    def seconds(self, kind: str, model: str, units: float) -> float:
        """What a job with this much to do is expected to take."""
        rate = self.work.get(work_key(kind, model), DEFAULT_SECONDS.get(kind, _OTHERWISE))
        return max(_LEAST_SECONDS, units * rate)


def work_key(kind: str, model: str) -> str:
    """How `Learned.work` names a model doing this kind of job."""
    return f"{kind} {model}"


@dataclass(frozen=True)
class Excess:
    """What must go before there is room: jobs, and seconds of work."""

    jobs: float = 0.0
    seconds: float = 0.0


def seconds_until_room(excess: Excess, learned: Learned, *, share: float = 1.0, slots: int = 1) -> float:
    """How long that takes at the pace learned, of which `share` falls to whoever asks.

    While no job has ended lately, every live slot is taken to do a second of work per second.
    """
    work_pace = learned.work_per_second or float(max(1, slots))
    job_pace = learned.jobs_per_second or work_pace
    return max(excess.jobs / job_pace, excess.seconds / work_pace) / max(share, 1e-6)


def retry_after(seconds: float) -> int:
    """The header's value: never sooner than `seconds`, a little later at random, within bounds."""
    later = seconds * random.uniform(1.0, 1.0 + _JITTER)  # noqa: S311 - jitter needs no cryptographic randomness
    return max(SOONEST, min(LATEST, math.ceil(later)))
