"""Sound that is encoded while it is made, through the real helper process."""

from __future__ import annotations

import io
import os
import random
import signal
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from av.container import InputContainer

from media.client import MediaHelper
from media.formats import AudioFormat, written_rate
from pipelines.errors import TransientError
from workers.contract import Audio
from workers.wav import read_wav, write_wav

FORMS: tuple[AudioFormat, ...] = ("mp3", "opus", "aac", "flac")
SECONDS = 1.6
#: What a format without a count of its samples may add, in samples of its rate.
ADDED = {"mp3": 1105 + 2 * 1152, "opus": 0, "aac": 3 * 1024, "flac": 0}


@pytest.fixture(scope="module")
def helper() -> Iterator[MediaHelper]:
    helper = MediaHelper()
    yield helper
    helper.close()


def sound(rate: int, seconds: float = SECONDS) -> bytes:
    """A rising tone in noise that is the same each time: repeated or lost samples would be heard."""
    time = np.arange(int(rate * seconds)) / rate
    noise = np.random.default_rng(7).normal(0, 0.02, len(time))
    samples = 0.4 * np.sin(2 * np.pi * (300 + 200 * time) * time) + noise
    return (samples * 32767).astype("<i2").tobytes()


def pieces(whole: bytes, seed: int) -> list[bytes]:
    """The same bytes in pieces of any length, odd ones too."""
    cuts = sorted(random.Random(seed).sample(range(len(whole)), 20))
    return [whole[start:end] for start, end in pairwise([0, *cuts, len(whole)])]


def decoded(encoded: bytes, form: AudioFormat) -> tuple[int, int]:
    """How many samples FFmpeg finds in it, at which rate. The decoder of Opus always works at 48 kHz."""
    with cast("InputContainer", av.open(io.BytesIO(encoded))) as container:
        samples = sum(frame.samples for frame in container.decode(container.streams.audio[0]))
        rate = container.streams.audio[0].rate
    assert form != "opus" or rate == 48000
    return samples, rate


@pytest.mark.parametrize("rate", [8000, 22050, 24000])
@pytest.mark.parametrize("form", FORMS)
def test_the_same_samples_give_the_same_bytes_in_any_pieces(helper: MediaHelper, form: AudioFormat, rate: int) -> None:
    whole = sound(rate)
    encoder = helper.stream(form, rate)
    first = encoder.feed(whole)
    all_of_it = first + encoder.finish()
    again = helper.stream(form, rate)
    so_far = b""
    for number, piece in enumerate(pieces(whole, seed=rate)):
        so_far += again.feed(piece)
        assert all_of_it.startswith(so_far), number
    assert so_far == first
    assert so_far + again.finish() == all_of_it
    samples, written = decoded(all_of_it, form)
    assert form == "opus" or written == written_rate(form, rate)
    assert 0 <= samples - SECONDS * written <= ADDED[form] + 2


@pytest.mark.parametrize("form", FORMS)
def test_the_bytes_come_early(helper: MediaHelper, form: AudioFormat) -> None:
    encoder = helper.stream(form, 24000)
    came = encoder.feed(sound(24000, 1.0))
    samples, rate = decoded(came, form)
    assert samples / rate > 0.88


@pytest.mark.parametrize("form", FORMS)
def test_a_decoder_of_ours_hears_the_same(helper: MediaHelper, form: AudioFormat, tmp_path: Path) -> None:
    whole = sound(24000)
    encoder = helper.stream(form, 24000)
    (tmp_path / "encoded").write_bytes(encoder.feed(whole) + encoder.finish())
    helper.decode(tmp_path / "encoded", tmp_path / "decoded.wav", sample_rate=24000)
    heard = read_wav(tmp_path / "decoded.wav").samples
    given = np.frombuffer(whole, "<i2").astype(np.float32) / 32768
    # The delay that the codec adds is found by the correlation; then what is left differs by its losses alone.
    delay = int(np.argmax(np.correlate(heard[: 2400 + 4000], given[2400 : 2400 + 2400], "valid"))) - 2400
    both = min(len(given), len(heard) - delay)
    there, here = given[2400 : both - 2400], heard[2400 + delay : both + delay - 2400]
    assert np.corrcoef(there, here)[0, 1] > 0.99


def test_streams_beside_one_another_and_beside_files(helper: MediaHelper, tmp_path: Path) -> None:
    whole = sound(16000)
    alone = helper.stream("mp3", 16000)
    expected = alone.feed(whole) + alone.finish()
    (tmp_path / "in.wav").write_bytes(write_wav(Audio(np.zeros(16000, np.float32), 16000)))
    one, other = helper.stream("mp3", 16000), helper.stream("flac", 16000)
    got = b""
    for piece in pieces(whole, seed=1):
        got += one.feed(piece)
        other.feed(piece[: len(piece) // 2])
        helper.decode(tmp_path / "in.wav", tmp_path / "out.wav")
    assert got + one.finish() == expected
    assert other.finish()


def test_a_helper_that_dies_ends_the_stream_and_not_the_next(helper: MediaHelper) -> None:
    encoder = helper.stream("opus", 24000)
    encoder.feed(sound(24000, 0.5))
    assert helper.pid is not None
    os.kill(helper.pid, signal.SIGKILL)
    with pytest.raises(TransientError) as caught:
        encoder.feed(sound(24000, 0.5))
    assert caught.value.code == "media_helper"
    following = helper.stream("opus", 24000)
    assert following.feed(sound(24000)) + following.finish()


def test_nothing_at_all_is_no_error(helper: MediaHelper) -> None:
    for form in FORMS:
        encoder = helper.stream(form, 24000)
        assert encoder.feed(b"") == b""
        encoder.finish()
        with pytest.raises(ValueError, match="finished"):
            encoder.feed(b"")
    with pytest.raises(ValueError, match="samples as they are"):
        helper.stream("pcm", 24000)
