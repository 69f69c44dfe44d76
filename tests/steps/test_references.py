"""The stretches that a voice is known by, the time that steps have, and how a conversion keeps its length."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from pipelines.catalog import load_catalog
from pipelines.errors import PermanentError
from pipelines.jobs import Action, ArtifactRef
from storage.claims import Work
from workers.contract import Audio, SpeechRegion
from workers.limits import run_limit
from workers.references import LONGEST, clipped_share, seconds_of, stretches
from workers.resampling import resampled
from workers.steps.converting import as_long_as

ROOT = Path(__file__).parents[2]
RATE = 8000


def regions(*pairs: tuple[float, float]) -> list[SpeechRegion]:
    return [SpeechRegion(*pair) for pair in pairs]


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ([(0, 3), (3.4, 5)], [(0, 5)]),
        ([(0, 3), (3.6, 5)], [(0, 3), (3.6, 5)]),
        # No stretch grows beyond its most; a long one is cut into equal parts.
        ([(0, 6), (6.2, 12)], [(0, 6), (6.2, 12)]),
        ([(1, 26)], [(1, 1 + 25 / 3), (1 + 25 / 3, 1 + 50 / 3), (1 + 50 / 3, 26)]),
        # Snippets are left out, unless they are all there is.
        ([(0, 2), (4, 4.3)], [(0, 2)]),
        ([(0, 0.4), (1, 1.4), (2, 2.4)], [(0, 0.4), (1, 1.4), (2, 2.4)]),
    ],
)
def test_stretches_are_joined_and_cut(found: list[tuple[float, float]], wanted: list[tuple[float, float]]) -> None:
    made = stretches(regions(*found))
    assert [(part.start, part.end) for part in made] == [pytest.approx(pair) for pair in wanted]


def test_no_stretch_is_too_long_and_none_overlap() -> None:
    random = np.random.default_rng(3)
    for _ in range(50):
        edges = np.sort(random.uniform(0, 120, 24)).tolist()
        made = stretches(regions(*zip(edges[::2], edges[1::2], strict=True)))
        assert all(0 < part.end - part.start <= LONGEST + 1e-9 for part in made)
        assert all(first.end <= second.start for first, second in pairwise(made))
        assert seconds_of(made) > 0


def test_clipping_is_a_share() -> None:
    assert clipped_share(Audio(np.array([1, -1, 0.5, 0.99], np.float32), RATE)) == 0.5


def test_a_sound_keeps_its_length_at_another_rate() -> None:
    sound = Audio(np.sin(np.arange(RATE, dtype=np.float32) / 10), RATE)
    assert len(resampled(sound, 16000).samples) == 2 * RATE
    assert resampled(sound, RATE) is sound


@pytest.mark.parametrize("off", [0, 1, -1, 700, -700])
def test_a_converter_may_be_off_by_a_frame(off: int) -> None:
    source = Audio(np.zeros(RATE, np.float32), RATE)
    made = Audio(np.ones(2 * RATE + off, np.float32), 2 * RATE)
    whole = as_long_as(source, [made])
    assert len(whole.samples) == 2 * RATE
    assert int(np.sum(whole.samples == 0)) == max(0, -off)


@pytest.mark.parametrize("samples", [0, RATE // 2, 2 * RATE])
def test_a_converter_that_loses_its_place_is_an_error(samples: int) -> None:
    source = Audio(np.zeros(RATE, np.float32), RATE)
    with pytest.raises(PermanentError, match="converter"):
        as_long_as(source, [Audio(np.ones(samples, np.float32), RATE)])


def artifact(role: str, media_type: str, size: int, seconds: float | None = None) -> ArtifactRef:
    return ArtifactRef("art_1", role, "key", media_type, size, "00", seconds)


SOUND = artifact("audio", "audio/wav", 1_000_000, 30.0)
JSON = artifact("embedding", "application/json", 1_000_000)


@pytest.mark.parametrize(
    ("action", "inputs", "seconds"),
    [
        (Action.SEGMENT, [SOUND], 30),
        (Action.EMBED, [SOUND, JSON], 30),
        (Action.CONVERT, [SOUND, JSON, JSON], 30),
        # Ten seconds of 80 bands at 80 frames a second.
        (Action.VOCODE, [artifact("mel", "application/octet-stream", 80 * 4 * 80 * 10)], 10),
    ],
)
def test_a_step_has_time_by_the_sound_it_takes(action: Action, inputs: list[ArtifactRef], seconds: float) -> None:
    catalog = load_catalog(ROOT / "config.yml")
    tone = catalog.get("tone")
    assert tone is not None
    work = Work("job_1", 0, 1, "speech", action, "cpu", "tone", {}, "cpu", inputs)
    assert run_limit(work, catalog) == tone.family.limit_seconds + tone.family.limit_per_second * seconds
