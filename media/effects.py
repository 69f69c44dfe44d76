"""What can be done to a whole sound of ours, and what is measured of it: plain values for both sides of the helper."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effects:
    """In the order of the fields. Times are seconds, levels decibels."""

    #: The samples of the source that are kept; no `end` = to the last. With one, the length is right to the sample.
    begin: int = 0
    end: int | None = None
    #: How much faster it goes; the pitch stays.
    speed: float = 1.0
    #: None = as the source has it.
    sample_rate: int | None = None
    channels: int = 1
    fade_in: float = 0.0
    #: Only with an `end`.
    fade_out: float = 0.0
    gain: float = 0.0
    #: The highest true peak, in dBTP; None = nothing is held back.
    ceiling: float | None = None

    def samples(self, source_rate: int, sample_rate: int) -> int | None:
        """How many there are in the end; None without an `end`."""
        if self.end is None:
            return None
        return max(1, round((self.end - self.begin) / self.speed * sample_rate / source_rate))


@dataclass(frozen=True)
class Measured:
    """A sound by its numbers. `loudness` is LUFS (ITU-R BS.1770, gated), `peak` dBTP; None of silence.

    `loudness` is None of what is shorter than one block of the measure, 0.4 s, too.
    """

    samples: int
    sample_rate: int
    channels: int
    loudness: float | None
    peak: float | None

    @property
    def seconds(self) -> float:
        return self.samples / self.sample_rate
