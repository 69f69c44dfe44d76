"""From the probability of speech per frame to stretches of speech, by the rules that Silero publishes with its model.

All places and lengths are in samples: whole numbers for what is found, fractions allowed for what is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise


@dataclass(frozen=True)
class Rules:
    """`threshold` and `neg_threshold` are probabilities, the lengths are samples."""

    #: Speech begins where its probability reaches this …
    threshold: float
    #: … and pauses where it falls below this.
    neg_threshold: float
    #: What is not longer is dropped.
    min_speech: float
    #: What is longer is cut.
    max_speech: float
    #: A shorter pause does not end a stretch …
    min_silence: float
    #: … but where one has to be cut, a pause longer than this is a place for it: the longest, or else the last.
    min_silence_at_cut: float
    cut_at_longest: bool
    #: Added on both sides, as far as the recording and half the pause to a neighbour allow.
    pad: float


def regions(probabilities: Sequence[float], frame: int, length: int, rules: Rules) -> list[tuple[int, int]]:
    """Start and end of each stretch, in order and without overlap; `length` is the recording's."""
    finder = _Finder(rules)
    for index, probability in enumerate(probabilities):
        finder.hear(index * frame, probability)
    return _padded(finder.ended(length), rules.pad, length)


@dataclass
class _Finder:
    """Hears frame by frame, and notes each stretch once it has ended."""

    rules: Rules
    found: list[tuple[int, int]] = field(default_factory=list)
    #: Where the stretch at hand began; None while nobody speaks.
    start: int | None = None
    #: Where the pause at hand began; None while somebody speaks.
    silent_since: int | None = None
    #: Pauses of the stretch at hand, as their beginning and length.
    pauses: list[tuple[int, int]] = field(default_factory=list)
    #: Where the last pause began that is a place to cut, and where speech went on behind it.
    last_pause: int | None = None
    resumed: int = 0

    def hear(self, at: int, probability: float) -> None:
        """Takes the frame that begins at the sample `at`."""
        spoken = probability >= self.rules.threshold
        if spoken and self.silent_since is not None:
            self._resume(at, self.silent_since)
        if self.start is None:
            self.start = at if spoken else None
            return
        start = self._cut(self.start, at) if at - self.start > self.rules.max_speech else self.start
        if start is not None and probability < self.rules.neg_threshold:
            self._pause(start, at)

    def ended(self, length: int) -> list[tuple[int, int]]:
        """All stretches, after the last frame of a recording of `length`."""
        if self.start is not None and length - self.start > self.rules.min_speech:
            self.found.append((self.start, length))
        return self.found

    def _resume(self, at: int, since: int) -> None:
        if at - since > self.rules.min_silence_at_cut:
            self.pauses.append((since, at - since))
        self.silent_since = None
        if self.last_pause is not None and self.resumed < self.last_pause:
            self.resumed = at

    def _cut(self, start: int, at: int) -> int | None:
        """Ends a stretch that has become too long, at a pause if it had one, else here; says where the next began."""
        end, begin = at, None
        if self.rules.cut_at_longest and self.pauses:
            end, lasted = max(self.pauses, key=lambda pause: pause[1])
            begin = end + lasted
        elif self.last_pause is not None:
            end, begin = self.last_pause, self.resumed if self.resumed >= self.last_pause else None
        self.found.append((start, end))
        self._begin(begin)
        return begin

    def _pause(self, start: int, at: int) -> None:
        since = at if self.silent_since is None else self.silent_since
        self.silent_since = since
        if not self.rules.cut_at_longest and at - since > self.rules.min_silence_at_cut:
            self.last_pause = since
        if at - since < self.rules.min_silence:
            return
        if since - start > self.rules.min_speech:
            self.found.append((start, since))
        self._begin(None)

    def _begin(self, start: int | None) -> None:
        self.start, self.silent_since, self.last_pause, self.resumed = start, None, None, 0
        self.pauses = []


def _padded(found: list[tuple[int, int]], pad: float, length: int) -> list[tuple[int, int]]:
    """The stretches, longer by `pad` on both sides; two that would overlap share the pause between them."""
    if not found:
        return []
    starts, ends = [int(max(0, found[0][0] - pad))], []
    for (_, end), (start, _) in pairwise(found):
        gap = start - end
        shared = gap < 2 * pad
        ends.append(end + gap // 2 if shared else int(min(length, end + pad)))
        starts.append(start - gap // 2 if shared else int(max(0, start - pad)))
    ends.append(int(min(length, found[-1][1] + pad)))
    return list(zip(starts, ends, strict=True))
