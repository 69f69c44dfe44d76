"""The default models, each loaded once for all tests of this run, and the recordings they are tried on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import av
import jiwer
import numpy as np
import pytest
import soxr

from pipelines.catalog import Catalog, load_catalog
from workers.contract import Audio, Device, Segment, SynthesisRequest, Synthesizer
from workers.residency import Residency
from workers.weights import WeightStore, default_cache

ROOT = Path(__file__).parents[2]
SPEECH = ROOT / "tests" / "data" / "speech"
_T = TypeVar("_T")


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """The models of config.yml, and those of models.yml beside this file."""
    default, more = load_catalog(ROOT / "config.yml"), load_catalog(Path(__file__).with_name("models.yml"))
    return Catalog({**more.models, **default.models}, default.defaults)


@pytest.fixture(scope="session")
def residency(catalog: Catalog) -> Residency:
    """Where they are loaded."""
    return Residency(catalog, WeightStore(default_cache()), Device(threads=2))


@pytest.fixture(scope="session")
def engine(residency: Residency) -> Iterator[Callable[[str], Any]]:
    """`engine(name)` gives the loaded engine of a model of config.yml."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(residency.use(name))
    residency.unload_idle()
    assert residency.loaded() == []


@pytest.fixture(scope="session")
def recording() -> Callable[[str], Audio]:
    """A recording of tests/data/speech, at 16 kHz."""

    def load(name: str) -> Audio:
        with av.open(str(SPEECH / name)) as container:
            stream = container.streams.audio[0]
            frames = [frame.to_ndarray().ravel().astype(np.float32) for frame in container.decode(stream)]
            return Audio(np.concatenate(frames) / np.float32(32768), stream.rate)

    return load


@pytest.fixture(scope="session")
def transcripts() -> dict[str, dict[str, str]]:
    loaded: dict[str, dict[str, str]] = json.loads((SPEECH / "transcripts.json").read_text(encoding="utf-8"))
    return loaded


def only(kind: type[_T], chunks: Iterator[Any]) -> list[_T]:
    """The chunks of one type."""
    return [chunk for chunk in chunks if isinstance(chunk, kind)]


def said(chunks: Iterator[Any]) -> str:
    return " ".join(segment.text for segment in only(Segment, chunks))


def spoken(synthesizer: Synthesizer, request: SynthesisRequest) -> Audio:
    """The whole sound of one request."""
    pieces = only(Audio, synthesizer.synthesize(request))
    return Audio(np.concatenate([piece.samples for piece in pieces]), pieces[0].sample_rate)


def resampled(audio: Audio, rate: int) -> Audio:
    return Audio(soxr.resample(audio.samples, audio.sample_rate, rate).astype(np.float32), rate)


_WORDS = jiwer.Compose([jiwer.SubstituteRegexes({r"[^\w\s']": " "}), jiwer.ToLowerCase(), jiwer.RemoveMultipleSpaces(),
                        jiwer.Strip(), jiwer.ReduceToListOfListOfWords()])  # fmt: skip


def word_error_rate(reference: str, hypothesis: str) -> float:
    """The share of words that are wrong, whatever their case and punctuation."""
    rate: float = jiwer.wer(reference, hypothesis, reference_transform=_WORDS, hypothesis_transform=_WORDS)
    return rate
