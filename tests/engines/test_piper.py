"""The engine over a stand-in of the package piper, and over the real one where it is installed.

HARMONY_TEST_PIPER_PYTHON names a Python with piper-tts; the package is GPL-3 and not part of the test environment.
"""

import importlib.util
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.catalog import Catalog
from pipelines.errors import PermanentError, TransientError
from tests.engines.conftest import only, resampled, said, spoken, word_error_rate
from workers.contract import Audio, Device, RecognitionRequest, SynthesisRequest
from workers.engines.piper.engine import Piper
from workers.weights import WeightStore, default_cache

#: As much of piper-tts as the bridge uses: a sentence of 0.1 s × length_scale for each full stop.
STAND_IN = """
import os, struct, time

class SynthesisConfig:
    def __init__(self, **given):
        self.given = given

class _Sentence:
    sample_rate = 22050
    def __init__(self, level, count):
        self.audio_int16_bytes = struct.pack("<h", level) * count

class PiperVoice:
    @classmethod
    def load(cls, path):
        open(path).close()
        return cls()
    def synthesize(self, text, config):
        if "fail" in text:
            raise ValueError(text)
        for part in text.split(".")[:-1]:
            if "long" in part:
                time.sleep(60)
            yield _Sentence(os.getpid() % 1000 + 1, round(2205 * config.given["length_scale"]))
"""


@pytest.fixture
def piper(catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Piper]:
    (tmp_path / "piper.py").write_text(STAND_IN)
    (tmp_path / "voice.onnx").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    engine = Piper.load(catalog.models["piper-joe"], tmp_path, Device())
    yield engine
    engine.close()


def request(text: str, **options: Any) -> SynthesisRequest:
    return SynthesisRequest(text, "joe", "en-US", options)


def process(piper: Piper) -> int:
    [program] = piper._idle
    return program._process.pid


def test_sentences_come_one_by_one_with_silence_between(piper: Piper) -> None:
    pieces = only(Audio, piper.synthesize(request("One. Two. Three.", sentence_silence=0.5)))
    assert [round(piece.seconds, 3) for piece in pieces] == [0.1, 0.5, 0.1, 0.5, 0.1]
    assert [bool(piece.samples.any()) for piece in pieces] == [True, False, True, False, True]
    assert {piece.sample_rate for piece in pieces} == {22050}
    assert len(only(Audio, piper.synthesize(request("One. Two.", sentence_silence=0.0)))) == 2


def test_speed_shortens(piper: Piper) -> None:
    assert spoken(piper, request("One.", speed=2.0)).seconds == pytest.approx(0.05, abs=0.001)


def test_one_program_serves_call_after_call(piper: Piper) -> None:
    first = process(piper)
    spoken(piper, request("One."))
    assert process(piper) == first


def test_a_killed_program_is_a_passing_fault_and_the_next_call_starts_another(piper: Piper) -> None:
    [program] = piper._idle
    chunks = piper.synthesize(request("One. " * 20000))
    next(chunks)
    os.kill(program._process.pid, signal.SIGKILL)
    with pytest.raises(TransientError) as caught:
        list(chunks)
    assert caught.value.code == "engine_failed"
    assert spoken(piper, request("One.")).seconds == pytest.approx(0.1, abs=0.001)


def test_a_program_that_died_between_calls_is_started_anew(piper: Piper) -> None:
    [program] = piper._idle
    program._process.kill()
    program._process.wait()
    assert spoken(piper, request("One.")).seconds == pytest.approx(0.1, abs=0.001)


def test_calls_at_the_same_time_do_not_mix(piper: Piper) -> None:
    one, two = piper.synthesize(request("One. Two.")), piper.synthesize(request("One. Two."))
    pairs = [
        (a.samples[0], b.samples[0])
        for a, b in zip(one, two, strict=True)
        if isinstance(a, Audio) and isinstance(b, Audio)
    ]
    # A sentence, a pause, a sentence: each program has a level of its own.
    assert len(pairs) == 3
    assert pairs[0] == pairs[2]
    assert len(set(pairs[0])) == 2
    assert pairs[1] == (0, 0)


def test_a_call_that_is_broken_off_leaves_nothing_for_the_next(piper: Piper) -> None:
    chunks = piper.synthesize(request("One. " * 50))
    next(chunks)
    chunks.close()  # type: ignore[attr-defined] # a generator, as the contract says by Iterator
    assert len(only(Audio, piper.synthesize(request("One.")))) == 1


@pytest.mark.alone
def test_a_call_that_is_broken_off_does_not_wait_for_the_sentence_at_hand(piper: Piper) -> None:
    chunks = piper.synthesize(request("One. A long one."))
    next(chunks)
    begun = time.monotonic()
    chunks.close()  # type: ignore[attr-defined] # as above
    # Waiting for it would take as long as an idle program is given to end, five seconds.
    assert time.monotonic() - begun < 3


def test_what_piper_raises_is_told_by_its_kind_alone(piper: Piper) -> None:
    with pytest.raises(TransientError, match=r"^Piper failed: ValueError\.$"):
        list(piper.synthesize(request("fail.")))
    assert spoken(piper, request("One.")).seconds > 0


def test_closing_ends_the_program(piper: Piper) -> None:
    [program] = piper._idle
    piper.close()
    assert program._process.returncode == 0


@pytest.mark.parametrize("python", [sys.executable, "/nowhere/python"])
def test_without_piper_it_says_what_to_install(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: str
) -> None:
    (tmp_path / "piper.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    model = replace(catalog.models["piper-joe"], settings={"python": python})
    with pytest.raises(PermanentError, match=r"pip install 'harmony-speech-engine\[piper\]'") as caught:
        Piper.load(model, tmp_path, Device())
    assert caught.value.code == "missing_dependency"


def test_a_voice_that_cannot_be_loaded_is_no_missing_package(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "piper.py").write_text(STAND_IN)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(TransientError, match="ended before it could speak"):
        Piper.load(catalog.models["piper-joe"], tmp_path / "nothing", Device())


def test_piper_is_not_imported_here() -> None:
    assert "piper" not in sys.modules


@pytest.mark.models
def test_the_real_voice_is_understood(catalog: Catalog, engine: Callable[[str], Any]) -> None:
    python = os.environ.get("HARMONY_TEST_PIPER_PYTHON") or sys.executable
    if python == sys.executable and importlib.util.find_spec("piper") is None:
        pytest.skip("piper-tts (GPL-3) is not installed here; HARMONY_TEST_PIPER_PYTHON names a Python that has it")
    model = replace(catalog.models["piper-joe"], settings={"python": python})
    assert model.weights is not None
    joe = Piper.load(model, WeightStore(default_cache()).ensure(model.weights, model.name), Device())
    try:
        text = "The tree is very old. Birds live in its branches."
        audio = spoken(joe, request(text, noise_scale=0.0, noise_w=0.0))
        again = spoken(joe, request(text, noise_scale=0.0, noise_w=0.0))
        slower = spoken(joe, request(text, noise_scale=0.0, noise_w=0.0, speed=0.5))
    finally:
        joe.close()
    assert np.array_equal(audio.samples, again.samples)
    assert slower.seconds > 1.5 * audio.seconds
    assert audio.sample_rate == 22050
    heard = said(engine("whisper-tiny.en").transcribe(resampled(audio, 16000), RecognitionRequest("en")))
    assert word_error_rate(text, heard) <= 0.2
