"""Which built-in voice is nearest: by cosine, among those of a like pitch."""

import pytest

from pipelines.nearest import BuiltIn, cosine, nearest
from pipelines.voices import Space

VOICES = {"low": (1.0, 0.0), "high": (0.8, 0.6), "other": (0.0, 1.0)}
KNOWN = BuiltIn(Space("s", "1"), VOICES, {"low": 100.0, "high": 200.0, "other": 220.0})


def test_the_largest_cosine_wins_whatever_the_lengths() -> None:
    found = nearest((3.0, 2.0), VOICES)
    assert found is not None
    assert found.voice == "high"
    assert found.similarity == pytest.approx(0.9985, abs=1e-4)
    assert nearest((1.0, 0.0), {}) is None
    assert cosine((0.0, 0.0), (1.0, 0.0)) == 0.0


@pytest.mark.parametrize(
    ("pitch", "alike"),
    [
        (None, ["low", "high", "other"]),
        (105.0, ["low"]),
        (210.0, ["high", "other"]),
        # Nobody is near: those that come nearest.
        (900.0, ["other", "high", "low"]),
    ],
)
def test_only_voices_of_a_like_pitch_are_compared(pitch: float | None, alike: list[str]) -> None:
    assert sorted(KNOWN.alike_in_pitch(VOICES, pitch)) == sorted(alike)
