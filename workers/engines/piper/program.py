"""The program that holds Piper, seen from our side: started once, asked line by line, ended with the engine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final, cast

import numpy as np

from pipelines.errors import PermanentError, TransientError
from workers.contract import Audio

_BRIDGE: Final = Path(__file__).with_name("bridge.py")
#: What it exits with where there is no piper.
_MISSING: Final = 3
_FULL_SCALE: Final = np.float32(32768)
#: It ends by itself when its input does; after this many seconds it is killed.
_PATIENCE: Final = 5.0


class Program:
    """One running process with the voice loaded; serves one request at a time."""

    def __init__(self, python: str, voice: Path) -> None:
        """Returns when the voice is loaded; PermanentError `missing_dependency` where there is no piper."""
        try:
            # What it logs may hold the user's text.
            self._process = subprocess.Popen(
                [python, str(_BRIDGE), str(voice)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise _missing(python) from error
        if not self._stdout.readline():
            self.stop()
            if self._process.returncode == _MISSING:
                raise _missing(python)
            raise TransientError("Piper ended before it could speak.", code="engine_failed")

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def speak(self, request: Mapping[str, Any]) -> Iterator[Audio]:
        """The sentences of a request; TransientError if the program fails or is gone."""
        try:
            self._stdin.write(json.dumps(request).encode() + b"\n")
            self._stdin.flush()
        except OSError as error:
            raise _gone() from error
        while "done" not in (answer := self._answer()):
            if "error" in answer:
                raise TransientError(f"Piper failed: {answer['error']}.", code="engine_failed")
            sound = self._stdout.read(answer["bytes"])
            if len(sound) < answer["bytes"]:
                raise _gone()
            yield Audio(np.frombuffer(sound, "<i2").astype(np.float32) / _FULL_SCALE, answer["sample_rate"])

    def stop(self, *, at_once: bool = False) -> None:
        """Ends the program, whatever it is at; `at_once` does not wait for the end of what it is at."""
        if at_once:
            self._process.kill()
        self._stdout.close()
        with suppress(BrokenPipeError):  # it is gone already
            self._stdin.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _answer(self) -> dict[str, Any]:
        line = self._stdout.readline()
        if not line.endswith(b"\n"):
            raise _gone()
        answer: dict[str, Any] = json.loads(line)
        return answer

    @property
    def _stdin(self) -> IO[bytes]:
        return cast("IO[bytes]", self._process.stdin)

    @property
    def _stdout(self) -> IO[bytes]:
        return cast("IO[bytes]", self._process.stdout)


def _gone() -> TransientError:
    return TransientError("The program that runs Piper was lost; the next call starts it anew.", code="engine_failed")


def _missing(python: str) -> PermanentError:
    detail = (
        f"Piper is not installed for {python}: pip install 'harmony-speech-engine[piper]' (GPL-3), or name a Python "
        "that has piper-tts in the model's setting `python`."
    )
    return PermanentError(detail, code="missing_dependency")
