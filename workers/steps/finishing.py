"""Post-processing: what a request asks to be done to the whole sound, measured before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from media.effects import Effects, Measured
from media.formats import MEDIA_TYPES, AudioFormat, written_rate
from pipelines.postprocessing import USUAL_PEAK
from workers.steps.context import Output, Result, StepContext
from workers.steps.silence import Samples16

#: How near is near enough: loudness in LU, the true peak in dB.
_NEAR: Final = 0.2
_NEAR_PEAK: Final = 0.05
#: What is held back at its peaks is less loud, and a lossy format moves the peaks: so often it is tried anew.
_ATTEMPTS: Final = 6
#: Gain against the limit beyond what the measure asks for, in dB: more only distorts.
_MOST_PUSH: Final = 12.0
#: Formats that are not what was put into them, and are measured by what comes out.
_LOSSY: Final = frozenset({"mp3", "opus", "aac"})
#: One block of the measure of loudness, in seconds.
_BLOCK: Final = 0.4


@dataclass(frozen=True)
class _Goal:
    """Loudness in LUFS and the highest peak in dBTP; None = whatever comes."""

    loudness: float | None
    limit: float | None

    @classmethod
    def of(cls, asked: Mapping[str, Any]) -> _Goal:
        loudness = asked.get("loudness")
        return cls(loudness, asked.get("peak", None if loudness is None else USUAL_PEAK))

    def missing(self, measured: Measured) -> float:
        """The gain in dB that is missing; 0 where loudness is not asked for, or cannot be measured."""
        if self.loudness is None or measured.loudness is None:
            return 0.0
        return self.loudness - measured.loudness

    def excess(self, measured: Measured) -> float:
        """By how many dB the peaks are too high; 0 or less = they are not."""
        return 0.0 if self.limit is None or measured.peak is None else measured.peak - self.limit

    def reached(self, measured: Measured) -> bool:
        return abs(self.missing(measured)) <= _NEAR and self.excess(measured) <= _NEAR_PEAK

    def error(self, measured: Measured) -> tuple[float, float]:
        """Smaller is better; a limit that is kept comes before loudness."""
        return max(0.0, self.excess(measured) - _NEAR_PEAK), abs(self.missing(measured))


def finish(context: StepContext) -> Result:
    """WAV → the format that was asked for, with what was asked to be done; the job's document says what was."""
    asked: Mapping[str, Any] = context.work.options["asked"]
    form: AudioFormat = context.work.options["format"]
    passes = _Passes(context, form, asked)
    made = passes.best()
    media_type, extension = MEDIA_TYPES[form]
    output = Output("audio", media_type, extension, made.path, made.measured.seconds, made.measured.sample_rate)
    return Result([output], said={"post_processing": passes.told(made)})


@dataclass(frozen=True)
class _Made:
    """One attempt: the file, what the filters were told, and what a listener measures."""

    path: Path
    effects: Effects
    measured: Measured


class _Passes:
    """Everything that is done with one sound, each pass in the media helper."""

    def __init__(self, context: StepContext, form: AudioFormat, asked: Mapping[str, Any]) -> None:
        self._context = context
        self._form = form
        self._asked = asked
        self._goal = _Goal.of(asked)
        self._source = context.fetched()
        self._samples = Samples16(self._source)
        self._shape = self._shaped()
        self._before = self._measure(self._source, Effects())

    def best(self) -> _Made:
        """The first attempt that reaches the goal, else the nearest."""
        goal, plain = self._goal, self._shape
        if goal.limit is not None:
            # Only the loudness and the peaks of what is left of the sound count.
            plain = _towards(goal, self._shape, self._measure(self._source, self._shape), 0.0)
        made = [self._attempt(plain)]
        while not goal.reached(made[-1].measured) and len(made) < _ATTEMPTS:
            effects = _towards(goal, made[-1].effects, made[-1].measured, plain.gain + _MOST_PUSH)
            if effects == made[-1].effects:
                break
            made.append(self._attempt(effects))
        best = min(made, key=lambda one: goal.error(one.measured))
        # All attempts are written to the same files.
        return best if best is made[-1] else self._attempt(best.effects)

    def told(self, made: _Made) -> dict[str, Any]:
        """What the job's document says of it."""
        after, goal, rate = made.measured, self._goal, self._samples.rate
        said: dict[str, Any] = {
            "loudness": {"before": _rounded(self._before.loudness), "after": _rounded(after.loudness)},
            "peak": {"before": _rounded(self._before.peak), "after": _rounded(after.peak)},
            "gain": _rounded(made.effects.gain),
            "sample_rate": after.sample_rate,
            "channels": after.channels,
        }
        if goal.loudness is not None:
            said["loudness"] |= {"target": goal.loudness, "reached": abs(goal.missing(after)) <= 0.5}  # noqa: PLR2004
            if after.loudness is None:
                short = after.seconds < _BLOCK
                said["loudness"] |= {"reached": False, "reason": "too_short" if short else "silent"}
        if goal.limit is not None:
            said["peak"]["limit"] = goal.limit
        if "trim_silence" in self._asked:
            begin, end = self._shape.begin, self._shape.end or 0
            cut = {"start": begin / rate, "end": (self._samples.count - end) / rate}
            said["trimmed"] = {side: round(seconds, 3) for side, seconds in cut.items()}
        return said | {name: self._asked[name] for name in ("speed", "fade_in", "fade_out") if name in self._asked}

    def _shaped(self) -> Effects:
        """All but loudness and peak."""
        asked, samples = self._asked, self._samples
        trim = asked.get("trim_silence")
        begin, end = (0, samples.count) if trim is None else samples.heard(trim["threshold_db"], trim["keep_ms"] / 1000)
        speed = float(asked.get("speed", 1.0))
        seconds = (end - begin) / samples.rate / speed
        return Effects(
            begin,
            end,
            speed,
            int(asked.get("sample_rate") or written_rate(self._form, samples.rate)),
            int(asked.get("channels", 1)),
            min(float(asked.get("fade_in", 0.0)), seconds),
            min(float(asked.get("fade_out", 0.0)), seconds),
        )

    def _attempt(self, effects: Effects) -> _Made:
        wav = self._context.scratch.path("finished.wav")
        measured = self._context.media.render(self._source, wav, effects, should_stop=self._context.should_stop)
        self._context.check(0.0)
        if self._form == "wav":
            return _Made(wav, effects, measured)
        target = self._context.scratch.path(f"finished.{MEDIA_TYPES[self._form][1]}")
        self._context.media.encode(
            wav, target, self._form, sample_rate=measured.sample_rate, should_stop=self._context.should_stop
        )
        if self._form in _LOSSY and self._goal.limit is not None:
            heard = self._measure(target, Effects(channels=effects.channels))
            measured = replace(measured, loudness=heard.loudness, peak=heard.peak)
        return _Made(target, effects, measured)

    def _measure(self, path: Path, effects: Effects) -> Measured:
        measured = self._context.media.measure(path, effects, should_stop=self._context.should_stop)
        self._context.check(0.0)
        return measured


def _towards(goal: _Goal, effects: Effects, measured: Measured, most: float) -> Effects:
    """The effects that bring what measures so to the goal; `most` bounds the gain once the limiter holds back."""
    gain = effects.gain + goal.missing(measured)
    if effects.ceiling is not None:
        gain = min(gain, most)
    ceiling = effects.ceiling
    if goal.limit is not None and measured.peak is not None:
        highest = measured.peak + gain - effects.gain if ceiling is None else measured.peak
        if highest > goal.limit:
            # A limiter that is on already lets something through between the samples that it knows.
            ceiling = goal.limit if ceiling is None else ceiling - (highest - goal.limit) - _NEAR_PEAK / 2
    return replace(effects, gain=gain, ceiling=ceiling)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
