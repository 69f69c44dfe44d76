"""The side of whoever has a helper: starts it when first needed, gives it one request at a time, ends it in time.

A plain subprocess, because Celery's children are daemonic and may not have `multiprocessing` children. PyAV is never
imported here.
"""

from __future__ import annotations

import itertools
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from media.effects import Effects, Measured
from media.feeding import StreamEncoder
from media.formats import AudioFormat, can_write, written_rate
from media.protocol import MediaInfo, MediaLimits, receive, receive_sound, send, send_sound
from pipelines.errors import PermanentError, StepCancelled, TransientError

START_SECONDS = 60.0
#: From closing its pipe to its end; a traceback is written in between.
LAST_WORDS = 5.0
#: How often a running request looks whether it should stop.
GLANCE = 0.2
LIMIT_SIGNALS = {signal.SIGXCPU, signal.SIGXFSZ}
#: Codes of failures that another attempt may not have.
PASSING = {"media_io", "media_helper"}
ROOT = Path(__file__).parents[1]


class MediaHelper:
    """Decodes and encodes files in a limited helper process; thread-safe, and good again after a fork.

    Errors: PermanentError `audio_undecodable`, `audio_empty`, `audio_too_long`, `audio_no_stream`, `decode_limit`,
    `sample_rate_unsupported`; StepCancelled; TransientError where the helper cannot start or the disk fails.
    """

    def __init__(self, limits: MediaLimits | None = None) -> None:
        self.limits = limits or MediaLimits()
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._process: subprocess.Popen[bytes] | None = None
        self._streams = itertools.count()

    @property
    def pid(self) -> int | None:
        """The helper's process, None while there is none."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def decode(
        self, source: Path, target: Path, *, sample_rate: int = 16000, should_stop: Callable[[], bool] | None = None
    ) -> MediaInfo:
        """Any input → WAV, mono, 16 bits, `sample_rate` Hz. On an error there is no target."""
        if source.stat().st_size == 0:
            raise PermanentError("the file is empty", code="audio_empty")
        return MediaInfo(**self._ask({"verb": "decode", "sample_rate": sample_rate}, source, target, should_stop))

    def encode(
        self,
        source_wav: Path,
        target: Path,
        audio_format: AudioFormat,
        *,
        sample_rate: int | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> MediaInfo:
        """A file of ours → `audio_format`, with its channels.

        Without `sample_rate` the format's nearest rate that loses nothing.
        """
        if sample_rate is not None and not can_write(audio_format, sample_rate):
            raise PermanentError(f"{audio_format} cannot have {sample_rate} Hz", code="sample_rate_unsupported")
        rate = sample_rate or written_rate(audio_format, _wav_rate(source_wav))
        message = {"verb": "encode", "sample_rate": rate, "format": audio_format}
        return MediaInfo(**self._ask(message, source_wav, target, should_stop))

    def measure(
        self, source: Path, effects: Effects | None = None, *, should_stop: Callable[[], bool] | None = None
    ) -> Measured:
        """How long and how loud a file of ours is, or would be with these effects."""
        message = {"verb": "measure", "effects": asdict(effects or Effects())}
        return Measured(**self._ask(message, source, None, should_stop))

    def render(
        self, source: Path, target: Path, effects: Effects, *, should_stop: Callable[[], bool] | None = None
    ) -> Measured:
        """A file of ours with these effects → WAV, 16 bits. On an error there is no target."""
        return Measured(**self._ask({"verb": "render", "effects": asdict(effects)}, source, target, should_stop))

    def stream(self, form: AudioFormat, sample_rate: int) -> StreamEncoder:
        """An encoder for sound that is still being made; the helper does other work between two of its feeds.

        Of a sound at `sample_rate` Hz to `form` at that rate, or the next one that the format can have. `pcm` and `wav`
        need none: ValueError.
        """
        if form in {"pcm", "wav"}:
            msg = f"{form} is samples as they are"
            raise ValueError(msg)
        return StreamEncoder(self._encode_some, next(self._streams), form, sample_rate)

    def start(self) -> None:
        """Starts the helper if there is none, so that the first sound does not wait for it."""
        with self._lock:
            self._running()

    def close(self) -> None:
        """Ends the helper; the next request starts another."""
        with self._lock:
            self._end()

    def _ask(
        self, message: dict[str, Any], source: Path, target: Path | None, should_stop: Callable[[], bool] | None
    ) -> dict[str, Any]:
        paths = {"source": str(source.resolve()), "target": "" if target is None else str(target.resolve())}
        with self._lock:
            answer = self._exchange(message | paths | asdict(self.limits), should_stop, target)
        if "info" in answer:
            return dict(answer["info"])
        if target is not None:
            target.unlink(missing_ok=True)
        error = TransientError if answer["code"] in PASSING else PermanentError
        raise error(answer["detail"], code=answer["code"])

    def _encode_some(self, message: dict[str, Any], sound: bytes) -> bytes:
        with self._lock:
            try:
                process = self._given(message | asdict(self.limits), sound)
                answer = _await(process, self.limits.wall_seconds, None)
                if answer is not None and "size" in answer:
                    encoded = receive_sound(cast("BinaryIO", process.stdout), answer)
                    if encoded is not None:
                        return encoded
                    answer = None
            except BaseException:
                self._end()
                raise
            failed = answer or self._post_mortem()
        if failed["code"] == "decode_limit":
            raise PermanentError(failed["detail"], code=failed["code"])
        # Our own samples: whatever happened to the helper need not happen again.
        raise TransientError(failed["detail"], code="media_helper")

    def _exchange(
        self, message: dict[str, Any], should_stop: Callable[[], bool] | None, target: Path | None
    ) -> dict[str, Any]:
        try:
            process = self._given(message)
            answer = _await(process, self.limits.wall_seconds, should_stop)
        except BaseException:
            # Stopped half-way: what it would still say belongs to nobody.
            self._end()
            if target is not None:
                target.unlink(missing_ok=True)
            raise
        return answer if answer is not None else self._post_mortem()

    def _given(self, message: dict[str, Any], sound: bytes | None = None) -> subprocess.Popen[bytes]:
        """Hands the request to the helper; one that died since its last request is replaced."""
        process = self._running()
        try:
            _hand(process, message, sound)
        except BrokenPipeError:
            self._end()
            process = self._running()
            _hand(process, message, sound)
        return process

    def _running(self) -> subprocess.Popen[bytes]:
        if self._owner != os.getpid():
            # A fork's copy belongs to the other process.
            self._owner, self._process = os.getpid(), None
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None:
            self._process = _started()
            if _await(self._process, START_SECONDS, None) is None:
                self._end()
                raise TransientError("the media helper does not start", code="media_helper")
        return self._process

    def _post_mortem(self) -> dict[str, Any]:
        """The helper died during this request: of a limit, of the input, or at somebody else's hand."""
        code = -self._end(patience=LAST_WORDS)
        if code in LIMIT_SIGNALS:
            return {"code": "decode_limit", "detail": "decoding needs more processor time than one request may use"}
        if code == signal.SIGKILL:
            return {"code": "media_helper", "detail": "the media helper was killed"}
        return {"code": "audio_undecodable", "detail": "the decoder crashed on this file"}

    def _end(self, patience: float = 0) -> int:
        """Kills and forgets the helper; returns how it ended. With patience one that is ending keeps its own code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        try:
            code = process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        for pipe in (process.stdin, process.stdout):
            _close(cast("IO[bytes]", pipe))
        return code


def _hand(process: subprocess.Popen[bytes], message: dict[str, Any], sound: bytes | None) -> None:
    if sound is None:
        send(cast("BinaryIO", process.stdin), message)
    else:
        send_sound(cast("BinaryIO", process.stdin), message, sound)


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        # Closing flushes, and the reader is dead.
        return


def _started() -> subprocess.Popen[bytes]:
    """Starts the helper from a thread that lives as long as it: the kernel's parent-death signal is about threads."""
    started: list[subprocess.Popen[bytes]] = []
    failed: list[BaseException] = []
    ready = threading.Event()

    def keep() -> None:
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "media.helper", str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=ROOT,
            )
        except OSError as error:
            failed.append(error)
            return
        else:
            started.append(process)
        finally:
            ready.set()
        process.wait()

    threading.Thread(target=keep, name="media-helper", daemon=True).start()
    ready.wait()
    if failed:
        raise TransientError("the media helper cannot be started", code="media_helper") from failed[0]
    return started[0]


def _await(
    process: subprocess.Popen[bytes], seconds: float, should_stop: Callable[[], bool] | None
) -> dict[str, Any] | None:
    """The next frame; None if the helper died. Raises `decode_limit` after `seconds`, StepCancelled when asked."""
    pipe = cast("IO[bytes]", process.stdout)
    deadline = time.monotonic() + seconds
    while not select.select([pipe], [], [], min(GLANCE, max(deadline - time.monotonic(), 0)))[0]:
        if should_stop is not None and should_stop():
            raise StepCancelled("stopped while decoding")
        if time.monotonic() >= deadline:
            raise PermanentError(f"decoding took longer than {seconds:g} seconds", code="decode_limit")
    return receive(cast("BinaryIO", pipe))


def _wav_rate(path: Path) -> int:
    """The sampling rate in the header of a WAV of ours."""
    with path.open("rb") as file:
        head = file.read(28)
    if len(head) < 28 or head[:4] != b"RIFF":  # noqa: PLR2004 - up to the rate's field
        raise PermanentError("not a WAV file", code="audio_undecodable")
    return int.from_bytes(head[24:28], "little")
