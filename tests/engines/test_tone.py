import multiprocessing
import signal
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipelines.errors import PermanentError, TransientError
from tests.engines.conftest import only, said, spoken
from workers.contract import (
    Audio,
    Embedding,
    EmbeddingRequest,
    Progress,
    RecognitionRequest,
    Segment,
    SpeakerEncoder,
    SpeechDetector,
    SpeechRegion,
    SynthesisRequest,
    Synthesizer,
    Transcriber,
)
from workers.engines.tone.engine import Tone

TEXT = "A tone for a text."


@pytest.fixture(scope="module")
def tone(engine: Callable[[str], Any]) -> Any:
    return engine("tone")


def test_it_is_every_kind_of_engine(tone: Any) -> None:
    assert all(isinstance(tone, kind) for kind in (Synthesizer, Transcriber, SpeechDetector, SpeakerEncoder))


def test_the_text_decides_length_and_pitch(tone: Any) -> None:
    first = spoken(tone, SynthesisRequest(TEXT, "sine", None))
    assert first.seconds == pytest.approx(0.05 * len(TEXT))
    assert spoken(tone, SynthesisRequest("", None, None)).seconds == pytest.approx(0.2)
    other = spoken(tone, SynthesisRequest(TEXT[::-1], "sine", None))
    square = spoken(tone, SynthesisRequest(TEXT, "square", None))
    assert len({sound.samples.tobytes() for sound in (first, other, square)}) == 3
    assert np.array_equal(spoken(tone, SynthesisRequest(TEXT, "sine", None)).samples, first.samples)


def test_it_is_fast(tone: Any) -> None:
    took = []
    for _ in range(20):
        before = time.perf_counter()
        list(tone.synthesize(SynthesisRequest(TEXT, "sine", None)))
        took.append(time.perf_counter() - before)
    assert min(took) < 0.001


def test_chunks_add_up_to_the_same_sound(tone: Any) -> None:
    whole = spoken(tone, SynthesisRequest(TEXT, "sine", None))
    chunks = list(tone.synthesize(SynthesisRequest(TEXT, "sine", None, {"chunks": 7})))
    assert len(only(Audio, iter(chunks))) == 7
    assert np.array_equal(np.concatenate([chunk.samples for chunk in only(Audio, iter(chunks))]), whole.samples)
    assert only(Progress, iter(chunks))[-1].fraction == 1.0


def test_a_delay_can_be_cut_short(tone: Any) -> None:
    before = time.perf_counter()
    work = tone.synthesize(SynthesisRequest(TEXT, "sine", None, {"chunks": 2, "delay_ms": 60000}))
    assert [next(work) for _ in range(2)] == [Progress(0.0), Progress(0.0)]
    work.close()
    assert 0.04 < time.perf_counter() - before < 5


def test_a_transcript_follows_from_the_sound(tone: Any) -> None:
    audio = spoken(tone, SynthesisRequest(TEXT * 10, "sine", None))
    heard = said(tone.transcribe(audio, RecognitionRequest()))
    assert len(heard.split()) == 9
    assert said(tone.transcribe(audio, RecognitionRequest(options={"chunks": 3}))) == heard
    translated = said(tone.transcribe(audio, RecognitionRequest(translate=True)))
    assert len(translated.split()) == 9
    assert translated != heard
    assert only(Segment, tone.transcribe(audio, RecognitionRequest()))[-1].end == pytest.approx(audio.seconds)


def test_regions_and_vectors_follow_from_the_sound(tone: Any) -> None:
    sound = spoken(tone, SynthesisRequest(TEXT, "sine", None)).samples
    gap = np.zeros(8000, np.float32)
    audio = Audio(np.concatenate([gap, sound, gap]), 8000)
    [region] = only(SpeechRegion, tone.detect(audio, {}))
    assert (region.start, region.end) == pytest.approx((1.0, 1.9), abs=0.03)
    [embedding] = only(Embedding, tone.embed(audio, EmbeddingRequest({"chunks": 4})))
    assert embedding.vector.shape == (16,)
    assert np.linalg.norm(embedding.vector) == pytest.approx(1.0, abs=1e-5)
    [silent] = only(Embedding, tone.embed(Audio(gap, 8000), EmbeddingRequest()))
    assert np.linalg.norm(silent.vector) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(("how", "error"), [("permanent", PermanentError), ("transient", TransientError)])
def test_it_fails_as_asked_after_half_of_the_chunks(tone: Any, how: str, error: type[Exception]) -> None:
    work = tone.synthesize(SynthesisRequest(TEXT, "sine", None, {"fail": how, "chunks": 4}))
    made = [next(work) for _ in range(4)]
    assert len(only(Audio, iter(made))) == 2
    with pytest.raises(error):
        next(work)


def test_it_crashes_as_asked(catalog: Any) -> None:
    model = catalog.get("tone")
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(model, "crash"))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


def test_it_hangs_as_asked(catalog: Any) -> None:
    model = catalog.get("tone")
    parent, child = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(model, "hang", child))
    process.start()
    assert parent.poll(60)
    process.join(0.5)
    assert process.is_alive()
    process.kill()
    process.join()


def _run(model: Any, how: str, started: Any = None) -> None:
    if started is not None:
        started.send("started")
    list(Tone(model).synthesize(SynthesisRequest(TEXT, "sine", None, {"fail": how})))
