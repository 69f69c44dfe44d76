"""Every container and codec that a user has, through the real helper process; every format that we write."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream

from media.client import MediaHelper
from media.formats import ENCODINGS, MEDIA_TYPES, AudioFormat, can_write, written_rate
from pipelines.errors import PermanentError
from workers.contract import Audio, Samples
from workers.wav import read_wav, write_wav

TONE = 440.0
SECONDS = 1.5


@pytest.fixture(scope="module")
def helper() -> Iterator[MediaHelper]:
    helper = MediaHelper()
    yield helper
    helper.close()


def tone(rate: int, seconds: float = SECONDS) -> Samples:
    return (0.5 * np.sin(2 * np.pi * TONE * np.arange(int(rate * seconds)) / rate)).astype(np.float32)


def written(path: Path, container: str, codec: str, rate: int = 44100, layout: str = "stereo") -> Path:
    """A file as another program would make it."""
    with av.open(str(path), "w", format=container) as output:
        options = {"strict": "experimental"}
        stream = cast("AudioStream", output.add_stream(codec, rate=rate, layout=layout, options=options))
        channels = len(stream.codec_context.layout.channels)
        planes = np.tile(tone(rate), (channels, 1))
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(planes), format="fltp", layout=layout)
        frame.sample_rate = rate
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def with_video(path: Path, container: str, *, sound: bool = True) -> Path:
    """A film of one second, with or without sound."""
    with av.open(str(path), "w", format=container) as output:
        video = output.add_stream("mpeg4", rate=10)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        audio = output.add_stream("aac", rate=48000, layout="stereo") if sound else None
        for number in range(10):
            picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number * 20, np.uint8), format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, 10)
            output.mux(video.encode(picture))
        output.mux(video.encode(None))
        if audio is not None:
            frame = av.AudioFrame.from_ndarray(np.tile(tone(48000), (2, 1)), format="fltp", layout="stereo")
            frame.sample_rate = 48000
            output.mux(audio.encode(frame))
            output.mux(audio.encode(None))
    return path


def assert_tone(audio: Audio, seconds: float = SECONDS, amplitude: float = 0.5) -> None:
    """The tone is in it: its length (AAC pads by up to two frames), its pitch, its loudness."""
    assert audio.seconds == pytest.approx(seconds, abs=0.3)
    middle = audio.samples[len(audio.samples) // 4 : 3 * len(audio.samples) // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert spectrum.argmax() * audio.sample_rate / len(middle) == pytest.approx(TONE, abs=5)
    assert np.sqrt(np.mean(middle**2)) * np.sqrt(2) == pytest.approx(amplitude, rel=0.1)


@pytest.mark.parametrize(
    ("name", "container", "codec", "rate", "layout", "source_format"),
    [
        ("pcm.wav", "wav", "pcm_s16le", 44100, "stereo", "wav/pcm_s16le"),
        ("deep.wav", "wav", "pcm_s24le", 96000, "stereo", "wav/pcm_s24le"),
        ("float.wav", "wav", "pcm_f32le", 48000, "mono", "wav/pcm_f32le"),
        ("phone.wav", "wav", "pcm_mulaw", 8000, "mono", "wav/pcm_mulaw"),
        ("a.mp3", "mp3", "libmp3lame", 44100, "stereo", "mp3/mp3"),
        ("a.flac", "flac", "flac", 44100, "5.1", "flac/flac"),
        ("a.oga", "ogg", "vorbis", 44100, "stereo", "ogg/vorbis"),
        ("a.opus", "ogg", "libopus", 48000, "stereo", "ogg/opus"),
        ("a.m4a", "ipod", "aac", 44100, "stereo", "mov/aac"),
        ("lossless.m4a", "ipod", "alac", 44100, "stereo", "mov/alac"),
        ("a.aac", "adts", "aac", 44100, "stereo", "aac/aac"),
        ("a.webm", "webm", "libopus", 48000, "stereo", "matroska/opus"),
        ("a.mka", "matroska", "pcm_s16le", 44100, "stereo", "matroska/pcm_s16le"),
    ],
)
def test_every_input_becomes_what_engines_want(  # noqa: PLR0917 - one parameter per column
    helper: MediaHelper,
    tmp_path: Path,
    name: str,
    container: str,
    codec: str,
    rate: int,
    layout: str,
    source_format: str,
) -> None:
    # The name says nothing true: only content counts.
    source = written(tmp_path / name, container, codec, rate, layout).rename(tmp_path / "upload.bin")
    info = helper.decode(source, tmp_path / "out.wav")
    audio = read_wav(tmp_path / "out.wav")
    assert (info.source_format, info.source_sample_rate) == (source_format, rate)
    assert info.source_channels == {"mono": 1, "stereo": 2, "5.1": 6}[layout]
    assert audio.sample_rate == info.sample_rate == 16000
    assert info.seconds == pytest.approx(audio.seconds)
    # Six equal channels add up differently: FFmpeg's matrix for mono weighs them.
    assert_tone(audio, amplitude=0.5 if layout != "5.1" else float(np.abs(audio.samples[4000:20000]).max()))


@pytest.mark.parametrize(("name", "container"), [("film.mp4", "mp4"), ("film.mkv", "matroska"), ("film.mov", "mov")])
def test_the_sound_of_a_film(helper: MediaHelper, tmp_path: Path, name: str, container: str) -> None:
    info = helper.decode(with_video(tmp_path / name, container), tmp_path / "out.wav", sample_rate=24000)
    assert info.source_sample_rate == 48000
    assert_tone(read_wav(tmp_path / "out.wav"))


def test_a_film_without_sound(helper: MediaHelper, tmp_path: Path) -> None:
    with pytest.raises(PermanentError) as caught:
        helper.decode(with_video(tmp_path / "film.mp4", "mp4", sound=False), tmp_path / "out.wav")
    assert caught.value.code == "audio_no_stream"
    assert not (tmp_path / "out.wav").exists()


def test_silence_is_sound(helper: MediaHelper, tmp_path: Path) -> None:
    (tmp_path / "in.wav").write_bytes(write_wav(Audio(np.zeros(8000, np.float32), 8000)))
    info = helper.decode(tmp_path / "in.wav", tmp_path / "out.wav")
    assert info.seconds == pytest.approx(1.0, abs=0.01)
    assert not read_wav(tmp_path / "out.wav").samples.any()


def test_resampling_keeps_what_fits_and_drops_what_does_not(helper: MediaHelper, tmp_path: Path) -> None:
    moment = np.arange(48000) / 48000
    below, above = np.sin(2 * np.pi * 3000 * moment), np.sin(2 * np.pi * 11000 * moment)
    (tmp_path / "in.wav").write_bytes(write_wav(Audio((0.4 * (below + above)).astype(np.float32), 48000)))
    helper.decode(tmp_path / "in.wav", tmp_path / "out.wav")
    samples = read_wav(tmp_path / "out.wav").samples[2000:14000]
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    frequencies = np.fft.rfftfreq(len(samples), 1 / 16000)
    kept = spectrum[np.abs(frequencies - 3000) < 50].max()
    folded = spectrum[np.abs(frequencies - 5000) < 50].max()
    assert 20 * np.log10(folded / kept) < -60


def test_two_streams_in_a_row(helper: MediaHelper, tmp_path: Path) -> None:
    first = written(tmp_path / "a.ogg", "ogg", "libopus", 48000, "stereo").read_bytes()
    second = written(tmp_path / "b.ogg", "ogg", "libopus", 48000, "stereo").read_bytes()
    (tmp_path / "chained.ogg").write_bytes(first + second)
    info = helper.decode(tmp_path / "chained.ogg", tmp_path / "out.wav")
    assert info.seconds == pytest.approx(2 * SECONDS, abs=0.2)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 44100])
@pytest.mark.parametrize("audio_format", list(ENCODINGS))
def test_every_format_is_written(helper: MediaHelper, tmp_path: Path, audio_format: AudioFormat, rate: int) -> None:
    source, target = tmp_path / "in.wav", tmp_path / "out"
    source.write_bytes(write_wav(Audio(tone(rate), rate)))
    info = helper.encode(source, target, audio_format)
    assert info.sample_rate == written_rate(audio_format, rate)
    assert info.seconds == pytest.approx(SECONDS, abs=0.01)
    if audio_format == "pcm":
        raw = np.frombuffer(target.read_bytes(), "<i2").astype(np.float32) / np.float32(32767)
        assert_tone(Audio(raw, info.sample_rate))
        return
    back = helper.decode(target, tmp_path / "back.wav", sample_rate=16000)
    assert_tone(read_wav(tmp_path / "back.wav"))
    assert back.source_format.split("/")[1] == {"wav": "pcm_s16le", "pcm": "pcm_s16le"}.get(audio_format, audio_format)


def test_a_rate_is_honoured_or_refused(helper: MediaHelper, tmp_path: Path) -> None:
    source = tmp_path / "in.wav"
    source.write_bytes(write_wav(Audio(tone(24000), 24000)))
    assert helper.encode(source, tmp_path / "out.opus", "opus", sample_rate=16000).sample_rate == 16000
    assert helper.encode(source, tmp_path / "out.wav", "wav", sample_rate=12345).sample_rate == 12345
    assert read_wav(tmp_path / "out.wav").sample_rate == 12345
    with pytest.raises(PermanentError) as caught:
        helper.encode(source, tmp_path / "bad.opus", "opus", sample_rate=44100)
    assert caught.value.code == "sample_rate_unsupported"
    assert not can_write("opus", 44100)
    assert set(MEDIA_TYPES) == set(ENCODINGS)


def test_lossless_formats_lose_nothing(helper: MediaHelper, tmp_path: Path) -> None:
    source = tmp_path / "in.wav"
    noise = np.random.default_rng(1).uniform(-1, 1, 24000).astype(np.float32)
    source.write_bytes(write_wav(Audio(noise, 24000)))
    helper.encode(source, tmp_path / "a.flac", "flac")
    helper.decode(tmp_path / "a.flac", tmp_path / "back.wav", sample_rate=24000)
    assert (tmp_path / "back.wav").read_bytes() == source.read_bytes()
    helper.encode(source, tmp_path / "a.pcm", "pcm")
    assert (tmp_path / "a.pcm").read_bytes() == source.read_bytes()[44:]


def test_the_worker_does_not_import_the_decoder(tmp_path: Path) -> None:
    (tmp_path / "in.wav").write_bytes(write_wav(Audio(tone(8000), 8000)))
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from media.client import MediaHelper\n"
        "helper = MediaHelper()\n"
        "assert helper.pid is None\n"
        f"helper.decode(Path({str(tmp_path / 'in.wav')!r}), Path({str(tmp_path / 'out.wav')!r}))\n"
        "assert helper.pid\n"
        "helper.close()\n"
        "print([name for name in ('av', 'numpy', 'multiprocessing') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=Path.cwd())
    assert done.stdout == "[]\n"


def test_no_process_is_left(tmp_path: Path) -> None:
    (tmp_path / "in.wav").write_bytes(write_wav(Audio(tone(8000), 8000)))
    helper = MediaHelper()
    helper.decode(tmp_path / "in.wav", tmp_path / "out.wav")
    pid = helper.pid
    assert pid
    helper.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
