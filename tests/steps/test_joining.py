"""What is between two clauses: as long as it should be, whatever the engine left, and without clicks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from workers.contract import Samples
from workers.joining import FADE_SECONDS, PAUSES, End, Joiner

RATE = 24000


def spoken(lead: float, seconds: float, tail: float, *, floor: float = 0.0, level: float = 0.3) -> Samples:
    """A steady sound between two stretches of an engine's own silence, which has a noise of its own."""
    noise = np.random.default_rng(1)
    times = np.arange(round(seconds * RATE)) / RATE
    sound = level * np.cos(2 * np.pi * 200 * times)
    whole = np.concatenate([np.zeros(round(lead * RATE)), sound, np.zeros(round(tail * RATE))])
    return (whole + floor * noise.standard_normal(len(whole))).astype(np.float32)


def pauses(samples: Samples, level: float = 0.01) -> list[float]:
    """The stretches without sound between the first sound and the last, in seconds."""
    loud = np.flatnonzero(np.abs(samples) > level)
    return [(after - before) / RATE for before, after in pairwise(loud) if after - before > 0.02 * RATE]


@pytest.mark.parametrize("edges", [(0.0, 0.0), (0.3, 0.45), (0.01, 0.02), (1.5, 2.0)])
@pytest.mark.parametrize("floor", [0.0, 0.0003])
def test_pauses_are_those_of_the_text_and_not_of_the_engine(edges: tuple[float, float], floor: float) -> None:
    ends: list[End] = ["clause", "sentence", "paragraph", "text"]
    joiner, piece = Joiner(RATE), spoken(edges[0], 0.5, edges[1], floor=floor)
    whole = np.concatenate([joiner.piece(piece, end, is_first=end == "clause", is_last=end == "text") for end in ends])
    assert pauses(whole) == pytest.approx([0.12, 0.3, 0.6], abs=0.012)
    # The first edge and the last are the engine's own.
    assert len(whole) / RATE == pytest.approx(edges[0] + 4 * 0.5 + 1.02 + edges[1], abs=0.03)
    first = round((edges[0] + 0.4) * RATE)
    assert np.array_equal(whole[:first], piece[:first])
    last = round((edges[1] + 0.4) * RATE)
    assert np.array_equal(whole[len(whole) - last :], piece[len(piece) - last :])


def test_no_joint_clicks() -> None:
    """Sound that reaches the cut ends in a fade, so no sample jumps by more than the sound itself does."""
    joiner = Joiner(RATE)
    piece = spoken(0.0, 0.5, 0.0)
    whole = np.concatenate([joiner.piece(piece, "clause", is_first=False, is_last=False) for _ in range(4)])
    assert np.abs(np.diff(whole, prepend=0.0, append=0.0)).max() <= 1.2 * np.abs(np.diff(piece)).max()
    fade = round(FADE_SECONDS * RATE)
    begun = round(0.03 * RATE)
    assert whole[begun] == 0
    assert np.array_equal(whole[begun + fade : begun + 5000], piece[fade:5000])


def test_pauses_shrink_with_the_pace() -> None:
    joiner, piece = Joiner(RATE, speed=2.0), spoken(0.3, 0.5, 0.4)
    whole = np.concatenate([joiner.piece(piece, "sentence", is_first=i == 0, is_last=i == 2) for i in range(3)])
    assert pauses(whole) == pytest.approx([0.15, 0.15], abs=0.012)


def test_a_silent_piece_is_one_pause_and_each_piece_stands_by_itself() -> None:
    joiner = Joiner(RATE)
    silent = np.full(RATE * 3, 1e-6, np.float32)
    for end, seconds in PAUSES.items():
        assert len(joiner.piece(silent, end, is_first=False, is_last=False)) == pytest.approx(seconds * RATE, abs=1)
        assert len(joiner.piece(np.zeros(0, np.float32), end, is_first=True, is_last=False)) > 0
    assert len(joiner.piece(silent, "text", is_first=False, is_last=True)) == 0
    assert np.array_equal(joiner.piece(silent, "text", is_first=True, is_last=True), silent)
    piece = spoken(0.3, 0.5, 0.4)
    once = joiner.piece(piece, "clause", is_first=False, is_last=False)
    again = Joiner(RATE).piece(piece, "clause", is_first=False, is_last=False)
    assert np.array_equal(once, again)
    assert np.array_equal(piece, spoken(0.3, 0.5, 0.4)), "the engine's samples are not written to"


def test_a_soft_end_is_kept() -> None:
    """A last consonant 40 dB below the vowel is speech; what is 60 dB below it is not."""
    joiner = Joiner(RATE)
    loud, soft = spoken(0.0, 0.5, 0.0), spoken(0.0, 0.2, 0.0, level=0.003)
    noise = spoken(0.0, 0.5, 0.0, level=0.0002)
    kept = joiner.piece(np.concatenate([loud, soft, noise]), "clause", is_first=True, is_last=False)
    assert len(kept) / RATE == pytest.approx(0.7 + PAUSES["clause"] - 0.03, abs=0.006)
