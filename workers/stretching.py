"""Speech at another pace and the same pitch: overlap-add of pieces that are chosen by how well they continue.

W. Verhelst, M. Roelands, "An overlap-add technique based on waveform similarity (WSOLA) for high quality time-scale
modification of speech", ICASSP 1993. Onsets keep their own pace, so that no plosive is heard twice, or not at all:
S. Grofit, Y. Lavner, "Time-scale modification of audio signals using enhanced WSOLA with management of transients",
IEEE Trans. Audio, Speech and Language Processing 16 (2008).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from workers.contract import Samples

SLOWEST: Final = 0.25
FASTEST: Final = 4.0

#: A piece is faded in over its first half and out over its second: each is longer than a period of 70 Hz.
_HALF_SECONDS: Final = 0.015
#: How far from its place a piece may be taken: more than half such a period.
_REACH_SECONDS: Final = 0.01
#: Pieces are compared at about this rate first, which is quick and holds what makes the pitch.
_COARSE_RATE: Final = 6000
#: Below it, as the sum of the squares of a piece, there is nothing to compare.
_NOTHING: Final = 1e-7

#: An onset is a frame of 5 ms with so many times the energy of the four before it, in the differences of samples.
_ONSET_SECONDS: Final = 0.005
_ONSET_RISE: Final = 8.0
#: And not so much weaker than the strongest, in energy.
_ONSET_FLOOR: Final = 1e-3
#: What keeps its own pace around it, so that one piece holds it and no other; and the most of all that may.
_BEFORE_SECONDS: Final = 2 * _HALF_SECONDS + _REACH_SECONDS
_AFTER_SECONDS: Final = _REACH_SECONDS + 0.008
_MOST_KEPT: Final = 0.4


def stretched(samples: Samples, sample_rate: int, speed: float) -> Samples:
    """`speed` times as fast: float32 [n] → [round(n / speed)]; 1 gives the samples themselves.

    ValueError outside 0.25–4.
    """
    if not SLOWEST <= speed <= FASTEST:
        msg = f"the speed must be from {SLOWEST:g} to {FASTEST:g}, not {speed:g}"
        raise ValueError(msg)
    if speed == 1.0 or len(samples) == 0:
        return samples
    wanted = max(1, round(len(samples) / speed))
    half = max(1, round(_HALF_SECONDS * sample_rate))
    # The faster, the less time is there to keep: what is left never goes more than twice as fast as it should.
    kept = _onsets(samples, sample_rate, _MOST_KEPT if speed < 1 else min(_MOST_KEPT, 1 / (2 * speed - 1)))
    places = _places(len(samples), wanted, half, kept)
    return _overlapped(_Search(samples, sample_rate, half), places, half)[:wanted]


def _overlapped(search: _Search, places: NDArray[np.int64], half: int) -> Samples:
    """Each half a piece's end under the beginning of the next: float32 [places × half]."""
    rise = (0.5 - 0.5 * np.cos(np.pi * (np.arange(half) + 0.5) / half)).astype(np.float32)
    fall = 1 - rise
    made = np.empty((len(places), half), np.float32)
    at = 0
    made[0] = search.piece(0)
    for number, place in enumerate(places[1:], 1):
        natural = at + half
        at = search.best(natural, int(place))
        # A piece that follows the one before it by itself needs no fade, and keeps its samples to the bit.
        made[number] = search.piece(at) if at == natural else search.piece(natural) * fall + search.piece(at) * rise
    return made.ravel()


class _Search:
    """Finds where to go on in the signal, which is silence before its beginning and behind its end."""

    def __init__(self, samples: Samples, sample_rate: int, half: int) -> None:
        self._half = half
        self._reach = max(1, round(_REACH_SECONDS * sample_rate))
        self._step = max(1, sample_rate // _COARSE_RATE)
        self._before = self._reach + self._step
        #: The last place from which a whole piece can be taken.
        self._most = max(0, len(samples) - 2 * half)
        behind = self._reach + 5 * half + 2 * self._step
        padded = np.pad(samples, (self._before, behind + -(len(samples) + self._before + behind) % self._step))
        self._fine = padded
        self._coarse = padded.reshape(-1, self._step).mean(axis=1)

    def piece(self, at: int) -> Samples:
        """Half a piece from sample `at` on."""
        start = self._before + at
        return self._fine[start : start + self._half]

    def best(self, natural: int, place: int) -> int:
        """Of the samples near `place` the one at which the sound goes on most like at `natural`."""
        most = max(self._most, place)
        if abs(natural - place) <= self._reach and natural <= most:
            return natural
        first, last = max(-self._reach, place - self._reach), min(place + self._reach, most)
        step = self._step
        near = _alike(self._coarse, self._at(natural) // step, self._at(first) // step, self._at(last) // step,
                      self._half // step)  # fmt: skip
        if near is None:
            return place
        around = near * step - self._before
        low, high = max(first, around - step), min(last, around + step)
        found = _alike(self._fine, self._at(natural), self._at(low), self._at(max(low, high)), self._half)
        return place if found is None else found - self._before

    def _at(self, sample: int) -> int:
        return self._before + sample


def _alike(signal: Samples, wanted: int, first: int, last: int, size: int) -> int | None:
    """Where from `first` to `last` the `size` samples are most like those at `wanted`: normalised cross-correlation.

    None where there is nothing to compare.
    """
    pattern = signal[wanted : wanted + size]
    if float(pattern @ pattern) < _NOTHING:
        return None
    part = signal[first : last + size]
    products = np.correlate(part, pattern, "valid")
    sums = np.cumsum(np.concatenate(([0.0], np.square(part, dtype=np.float64))))
    energies = sums[size:] - sums[:-size]
    return first + int(np.argmax(products / np.sqrt(energies + _NOTHING)))


def _places(count: int, wanted: int, half: int, kept: list[tuple[int, int]]) -> NDArray[np.int64]:
    """Where in `count` samples each half piece of `wanted` belongs; what is `kept` goes at its own pace.

    The last piece ends with the signal.
    """
    end, stop = (count - 2 * half, wanted - 2 * half) if min(count, wanted) > 4 * half else (count, wanted)
    inside = [(begin, until) for begin, until in kept if until < end]
    own = sum(until - begin for begin, until in inside)
    pace = (stop - own) / (end - own)
    inputs, outputs = [0.0], [0.0]
    for begin, until in inside:
        reached = outputs[-1] + (begin - inputs[-1]) * pace
        outputs += [reached, reached + until - begin]
        inputs += [begin, until]
    inputs += [end, end + 3 * half]
    outputs += [stop, stop + 3 * half]
    starts = np.arange(-(-wanted // half)) * half
    return np.rint(np.interp(starts, outputs, inputs)).astype(np.int64)


def _onsets(samples: Samples, sample_rate: int, most: float) -> list[tuple[int, int]]:
    """What lies around the onsets, the strongest up to a share of `most`; in order of time, without overlap."""
    frame = max(1, round(_ONSET_SECONDS * sample_rate))
    count = len(samples) // frame
    if count < 2:  # noqa: PLR2004 - a rise has a before
        return []
    edges = np.diff(samples[: count * frame], prepend=samples[:1]).astype(np.float64)
    energy = np.square(edges).reshape(count, frame).sum(axis=1)
    sums = np.concatenate(([0.0], np.cumsum(energy)))
    here = np.arange(count)
    since = np.maximum(here - 4, 0)
    before = (sums[here] - sums[since]) / np.maximum(here - since, 1)
    floor = float(energy.max()) * _ONSET_FLOOR + _NOTHING
    rises = np.where(energy > floor, energy / (before + floor / _ONSET_RISE), 0.0)
    taken = np.zeros(count, bool)
    reach = (-(-round(_BEFORE_SECONDS * sample_rate) // frame), -(-round(_AFTER_SECONDS * sample_rate) // frame))
    for number in np.argsort(-rises, kind="stable"):
        if rises[number] < _ONSET_RISE or taken.mean() > most - sum(reach) / count:
            break
        taken[max(0, number - reach[0]) : number + reach[1] + 1] = True
    changes = np.flatnonzero(np.diff(taken, prepend=False, append=False))
    return [(int(begin) * frame, int(until) * frame) for begin, until in changes.reshape(-1, 2)]
