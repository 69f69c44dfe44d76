"""Inputs that mean harm, and a helper that dies: each costs one request, and the next one works."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
from av.audio.frame import AudioFrame

from media.client import MediaHelper
from media.protocol import MediaLimits
from pipelines.errors import PermanentError, StepCancelled, TransientError
from workers.contract import Audio
from workers.wav import read_wav, write_wav

HOUR = 3600


@pytest.fixture
def helper() -> Iterator[MediaHelper]:
    helper = MediaHelper(MediaLimits(audio_seconds=60, wall_seconds=30))
    yield helper
    helper.close()


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.wav"
    path.write_bytes(write_wav(Audio(np.full(16000, 0.1, np.float32), 16000)))
    return path


@pytest.fixture(scope="module")
def bomb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten hours of silence in a few hundred kilobytes."""
    path = tmp_path_factory.mktemp("bomb") / "bomb.flac"
    with av.open(str(path), "w", format="flac") as output:
        stream = output.add_stream("flac", rate=8000, layout="mono", options={"frame_size": "16384"})
        silence = np.zeros((1, 8000 * 60), np.int16)
        for _ in range(600):
            frame = AudioFrame.from_ndarray(silence, format="s16", layout="mono")
            frame.sample_rate = 8000
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    assert path.stat().st_size < 2_000_000
    return path


def refused(helper: MediaHelper, source: Path, target: Path) -> str:
    """The code of the refusal; nothing is left behind."""
    with pytest.raises(PermanentError) as caught:
        helper.decode(source, target)
    assert not target.exists()
    return caught.value.code


def assert_works(helper: MediaHelper, good: Path, target: Path) -> None:
    assert helper.decode(good, target).seconds == 1.0
    assert len(read_wav(target).samples) == 16000


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "audio_empty"),
        (b"\0" * 5000, "audio_undecodable"),
        (np.random.default_rng(7).bytes(200_000), "audio_undecodable"),
        (b"This is a letter, not a recording. " * 200, "audio_undecodable"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n", "audio_undecodable"),
        (b"ffconcat version 1.0\nfile /etc/hosts\n", "audio_undecodable"),
        (
            b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nm=audio 5004 RTP/AVP 0\r\n",
            "audio_undecodable",
        ),
        (b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0", "audio_undecodable"),
        (b"\x7fELF" + b"\0" * 3000, "audio_undecodable"),
        (b"<?xml version='1.0'?><MPD><BaseURL>http://127.0.0.1/</BaseURL></MPD>", "audio_undecodable"),
    ],
    ids=["empty", "zeros", "noise", "text", "playlist", "concat", "sdp", "stub", "program", "dash"],
)
def test_what_is_not_audio(helper: MediaHelper, tmp_path: Path, good: Path, content: bytes, code: str) -> None:
    (tmp_path / "in").write_bytes(content)
    assert refused(helper, tmp_path / "in", tmp_path / "out.wav") == code
    assert_works(helper, good, tmp_path / "out.wav")


def test_a_recording_without_samples_is_empty(helper: MediaHelper, tmp_path: Path) -> None:
    (tmp_path / "in.wav").write_bytes(write_wav(Audio(np.zeros(0, np.float32), 16000)))
    assert refused(helper, tmp_path / "in.wav", tmp_path / "out.wav") == "audio_empty"


def test_a_header_that_promises_too_much(helper: MediaHelper, tmp_path: Path, good: Path) -> None:
    data = bytearray(good.read_bytes())
    struct.pack_into("<I", data, 40, 0xFFFFFFF0)
    (tmp_path / "in.wav").write_bytes(data)
    assert_works(helper, tmp_path / "in.wav", tmp_path / "out.wav")


def test_a_rate_of_zero_and_many_channels(helper: MediaHelper, tmp_path: Path, good: Path) -> None:
    data = bytearray(good.read_bytes())
    struct.pack_into("<I", data, 24, 0)
    (tmp_path / "in.wav").write_bytes(data)
    assert refused(helper, tmp_path / "in.wav", tmp_path / "out.wav") in {"audio_undecodable", "audio_empty"}
    struct.pack_into("<HIIH", data, 22, 0xFFFF, 16000, 0xFFFFFFFF, 0xFFFF)
    (tmp_path / "in.wav").write_bytes(data)
    assert refused(helper, tmp_path / "in.wav", tmp_path / "out.wav") in {"audio_undecodable", "audio_empty"}
    assert_works(helper, good, tmp_path / "out.wav")


def test_a_truncated_file_gives_what_is_there(helper: MediaHelper, tmp_path: Path, good: Path) -> None:
    for audio_format in ("flac", "mp3", "opus", "aac"):
        whole, cut = tmp_path / "whole", tmp_path / "cut"
        helper.encode(good, whole, audio_format)
        cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
        try:
            seconds = helper.decode(cut, tmp_path / "out.wav").seconds
        except PermanentError as error:
            # One flac frame may hold more than half of a second's recording.
            assert error.code in {"audio_undecodable", "audio_empty"}  # noqa: PT017 - some cuts decode
        else:
            assert 0.2 < seconds < 0.95
    assert_works(helper, good, tmp_path / "out.wav")


def test_damage_anywhere_never_costs_more_than_its_request(helper: MediaHelper, tmp_path: Path, good: Path) -> None:
    random = np.random.default_rng(3)
    for audio_format in ("flac", "mp3", "opus", "aac", "wav"):
        helper.encode(good, tmp_path / "whole", audio_format)
        for _ in range(8):
            data = np.frombuffer((tmp_path / "whole").read_bytes(), np.uint8).copy()
            data[random.integers(0, len(data), max(len(data) // 50, 4))] = random.integers(0, 256)
            (tmp_path / "in").write_bytes(data.tobytes())
            try:
                helper.decode(tmp_path / "in", tmp_path / "out.wav")
            except PermanentError as error:
                assert error.code in {"audio_undecodable", "audio_empty", "audio_too_long"}  # noqa: PT017 - some damage decodes
    assert_works(helper, good, tmp_path / "out.wav")


def test_ten_hours_in_a_megabyte_stop_at_the_limit(helper: MediaHelper, bomb: Path, good: Path, tmp_path: Path) -> None:
    begin = time.monotonic()
    with pytest.raises(PermanentError, match="longer than 60 seconds") as caught:
        helper.decode(bomb, tmp_path / "out.wav")
    assert caught.value.code == "audio_too_long"
    assert time.monotonic() - begin < 5
    assert_works(helper, good, tmp_path / "out.wav")


@pytest.mark.parametrize(
    "limits",
    [
        MediaLimits(audio_seconds=20 * HOUR, cpu_seconds=0),
        MediaLimits(audio_seconds=20 * HOUR, wall_seconds=0.3),
        MediaLimits(audio_seconds=20 * HOUR, output_bytes=1 << 20),
    ],
    ids=["cpu", "wall", "output"],
)
def test_every_limit_holds(limits: MediaLimits, bomb: Path, good: Path, tmp_path: Path) -> None:
    helper = MediaHelper(limits)
    assert refused(helper, bomb, tmp_path / "out.wav") == "decode_limit"
    helper.limits = MediaLimits()
    assert_works(helper, good, tmp_path / "out.wav")
    helper.close()


def test_memory_is_limited(good: Path, tmp_path: Path) -> None:
    """A limit below what the helper has already: not one byte more, whatever asks for it."""
    helper = MediaHelper(MediaLimits(memory_bytes=1 << 20))
    assert refused(helper, good, tmp_path / "out.wav") in {"decode_limit", "audio_undecodable"}
    helper.limits = MediaLimits()
    assert_works(helper, good, tmp_path / "out.wav")
    limits = Path(f"/proc/{helper.pid}/limits").read_text().splitlines()
    (line,) = [line for line in limits if line.startswith("Max address space")]
    assert line.split()[3] == str(helper.limits.memory_bytes)
    helper.close()


def test_memory_stays_flat(bomb: Path, tmp_path: Path) -> None:
    helper = MediaHelper(MediaLimits(audio_seconds=20 * HOUR))
    info = helper.decode(bomb, tmp_path / "out.wav", sample_rate=8000)
    assert info.seconds == 10 * HOUR
    peak = Path(f"/proc/{helper.pid}/status").read_text().partition("VmHWM:")[2].split()[0]
    assert int(peak) < 100_000
    helper.close()


def test_a_helper_killed_between_requests(helper: MediaHelper, good: Path, tmp_path: Path) -> None:
    for _ in range(5):
        assert_works(helper, good, tmp_path / "out.wav")
        pid = helper.pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        while helper.pid:
            time.sleep(0.005)
        assert_works(helper, good, tmp_path / "out.wav")
        assert helper.pid != pid


@pytest.mark.parametrize(
    ("how", "error", "code"),
    [(signal.SIGSEGV, PermanentError, "audio_undecodable"), (signal.SIGKILL, TransientError, "media_helper")],
)
def test_a_helper_that_dies_at_work(  # noqa: PLR0917 - fixtures and one parameter per column
    bomb: Path, good: Path, tmp_path: Path, how: signal.Signals, error: type[Exception], code: str
) -> None:
    helper = MediaHelper(MediaLimits(audio_seconds=20 * HOUR))
    assert_works(helper, good, tmp_path / "out.wav")
    (tmp_path / "out.wav").unlink()

    def strike() -> None:
        while not (tmp_path / "out.wav").exists():
            time.sleep(0.005)
        assert helper.pid
        os.kill(helper.pid, how)

    striker = threading.Thread(target=strike)
    striker.start()
    with pytest.raises(error) as caught:
        helper.decode(bomb, tmp_path / "out.wav")
    striker.join()
    assert getattr(caught.value, "code", None) == code
    assert not (tmp_path / "out.wav").exists()
    assert_works(helper, good, tmp_path / "out.wav")
    helper.close()


def test_a_request_can_be_stopped(bomb: Path, good: Path, tmp_path: Path) -> None:
    helper = MediaHelper(MediaLimits(audio_seconds=20 * HOUR))
    begin = time.monotonic()
    with pytest.raises(StepCancelled):
        helper.decode(bomb, tmp_path / "out.wav", should_stop=lambda: time.monotonic() - begin > 0.3)
    assert not (tmp_path / "out.wav").exists()
    assert_works(helper, good, tmp_path / "out.wav")
    helper.close()


def test_threads_share_one_helper_and_outlive_the_first(good: Path, tmp_path: Path) -> None:
    """The kernel ends a helper with the thread that started it; here that thread is one of the helper's own."""
    helper = MediaHelper()
    first = threading.Thread(target=helper.decode, args=(good, tmp_path / "first.wav"))
    first.start()
    first.join()
    pid = helper.pid
    assert pid
    assert_works(helper, good, tmp_path / "out.wav")
    assert helper.pid == pid
    helper.close()


def test_the_helper_dies_with_its_worker(good: Path, tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from media.client import MediaHelper\n"
        "helper = MediaHelper()\n"
        "helper.decode(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "print(helper.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", program, str(good), str(tmp_path / "out.wav")], stdout=subprocess.PIPE, cwd=Path.cwd()
    )
    assert worker.stdout
    orphan = psutil.Process(int(worker.stdout.readline()))
    worker.kill()
    worker.wait()
    worker.stdout.close()
    assert psutil.wait_procs([orphan], timeout=5)[1] == [] or orphan.status() == psutil.STATUS_ZOMBIE


def test_a_fork_starts_its_own_helper(helper: MediaHelper, good: Path, tmp_path: Path) -> None:
    assert_works(helper, good, tmp_path / "out.wav")
    pid = helper.pid
    child = os.fork()
    if child == 0:
        ok = False
        try:
            ok = helper.decode(good, tmp_path / "child.wav").seconds == 1.0 and helper.pid != pid
        finally:
            os._exit(0 if ok else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert_works(helper, good, tmp_path / "out.wav")
    assert helper.pid == pid
