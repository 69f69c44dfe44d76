"""Pitch shifting of speech that keeps its length and its formants.

The waveform is stretched by waveform similarity (WSOLA, Verhelst and Roelands, ICASSP 1993), then resampled back to its
length, which moves the pitch and the formants alike; cepstral envelopes of the sound before and after (as in Röbel and
Rodet, DAFx 2005) put the formants back where they were. A converter is given the shifted sound: its timbre is still
that of the source's embedding, so only the melody has moved.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from workers.contract import Samples

#: Seconds of a frame of the stretching, and how far it looks for the best fit: half the longest period of a voice.
_FRAME: Final = 0.03
_REACH: Final = 0.008
#: Samples of a frame of the envelopes, a power of two; four of them overlap.
_ENVELOPE: Final = 1024
_OVERLAP: Final = 4
#: Seconds of the cepstrum that describe a mouth rather than a pitch: less than the period of a high voice.
_MOUTH: Final = 0.0016
#: The most that an envelope is raised or lowered, in nepers (±20 dB), and the least magnitude that is told from none.
_MOST: Final = 2.3
_LEAST: Final = 1e-4
#: Frames whose envelopes are worked out together, and that are done between two pauses; changes nothing but memory.
_BLOCK: Final = 2048

#: A long piece of work that pauses now and then, so that who has asked for it may stop; it returns what it has made.
Work = Generator[None, None, Samples]


def shifted(samples: Samples, rate: int, semitones: float) -> Samples:
    """What `shifting` makes, in one go."""
    return _made(shifting(samples, rate, semitones))


def shifting(samples: Samples, rate: int, semitones: float) -> Work:
    """float32 [n] to the same length, higher by `semitones` (lower where negative)."""
    if semitones == 0 or len(samples) < round(2 * _FRAME * rate):
        return samples
    factor = 2.0 ** (semitones / 12)
    longer = yield from _stretching(samples, rate, factor)
    moved = np.asarray(soxr.resample(longer, rate * factor, rate), np.float32)[: len(samples)]
    formed = yield from _with_envelope_of(samples, np.pad(moved, (0, len(samples) - len(moved))), rate)
    # Under one envelope, fewer or more harmonics are quieter or louder.
    return formed * np.float32(_loudness(samples) / max(_loudness(formed), 1e-9))


def stretched(samples: Samples, rate: int, factor: float) -> Samples:
    """float32 [n] to about n · factor samples of the same pitch."""
    return _made(_stretching(samples, rate, factor))


def _made(work: Work) -> Samples:
    while True:
        try:
            next(work)
        except StopIteration as end:
            made: Samples = end.value
            return made


def _stretching(samples: Samples, rate: int, factor: float) -> Work:
    hop = round(_FRAME * rate / 2)
    reach = round(_REACH * rate)
    window = np.hanning(2 * hop + 1)[:-1].astype(np.float32)
    count = round(len(samples) * factor / hop) + 1
    # Frames are taken around their nominal place, and their natural continuation must exist, too.
    lead = 3 * hop + reach
    padded = np.pad(samples, (lead, 4 * hop + 2 * reach))
    out = np.zeros((count + 1) * hop, np.float32)
    place = lead - round(hop / factor)
    for index in range(count):
        if index % _BLOCK == 0:
            yield
        if index:
            nominal = lead + min(round((index - 1) * hop / factor), len(samples))
            place = nominal - reach + _best_fit(padded, nominal - reach, padded[place + hop : place + 3 * hop], reach)
        out[index * hop : (index + 2) * hop] += window * padded[place : place + 2 * hop]
    return out[hop : hop + round(len(samples) * factor)]


def _best_fit(sound: Samples, first: int, wanted: Samples, reach: int) -> int:
    """How far after `first`, up to 2 · reach, the stretch begins that is most like `wanted`."""
    candidates = sound[first : first + 2 * reach + len(wanted)]
    likeness = np.correlate(candidates, wanted, mode="valid")
    energy = np.concatenate(([0.0], np.cumsum(candidates.astype(np.float64) ** 2)))
    power = energy[len(wanted) :] - energy[: -len(wanted)]
    return int(np.argmax(likeness / np.sqrt(power + 1e-9)))


def _with_envelope_of(model: Samples, sound: Samples, rate: int) -> Work:
    """`sound` with the spectral envelope of `model` at each moment; both have one length."""
    hop = _ENVELOPE // _OVERLAP
    margin = _ENVELOPE - hop
    count = -(-(len(sound) + margin) // hop)
    fill = (margin, count * hop - len(sound))
    ours, theirs = np.pad(sound, fill), np.pad(model, fill)
    out = np.zeros(len(ours), np.float32)
    window = np.sqrt(np.hanning(_ENVELOPE + 1)[:-1]).astype(np.float32)
    keep = round(_MOUTH * rate)
    for start in range(0, count, _BLOCK):
        stop = min(count, start + _BLOCK)
        span = slice(start * hop, (stop - 1) * hop + _ENVELOPE)
        spectrum = np.fft.rfft(_frames(ours[span], hop) * window)
        wanted = np.fft.rfft(_frames(theirs[span], hop) * window)
        gain = np.clip(_envelope(wanted, keep) - _envelope(spectrum, keep), -_MOST, _MOST)
        parts = (np.fft.irfft(spectrum * np.exp(gain)) * window).astype(np.float32)
        _overlap_add(out[span], parts, hop)
        yield
    # Hann windows in four overlapping layers sum to two.
    whole: Samples = out[margin : margin + len(sound)] * np.float32(2 / _OVERLAP)
    return whole


def _loudness(samples: Samples) -> float:
    return math.sqrt(np.mean(np.square(samples), dtype=np.float64))


def _frames(sound: Samples, hop: int) -> Samples:
    return np.lib.stride_tricks.sliding_window_view(sound, _ENVELOPE)[::hop]


def _envelope(spectrum: NDArray[np.complex128], keep: int) -> NDArray[np.float64]:
    """The smooth part of log magnitudes [frames, bins]: the cepstrum up to `keep` samples."""
    cepstrum = np.fft.irfft(np.log(np.abs(spectrum) + _LEAST))
    cepstrum[:, keep + 1 : -keep] = 0
    smooth: NDArray[np.float64] = np.fft.rfft(cepstrum).real
    return smooth


def _overlap_add(out: Samples, frames: Samples, hop: int) -> None:
    """Adds frames, which begin `hop` apart, into `out` in place; every fourth at once, as those do not overlap."""
    for layer in range(_OVERLAP):
        rows = frames[layer::_OVERLAP]
        start = layer * hop
        out[start : start + rows.size] += rows.reshape(-1)
