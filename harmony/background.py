"""The one-machine stack as a person starts it, run in the background: by the demo, the benchmarks and the tests."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

_READY = re.compile(r"^Harmony is ready at (http://\S+)$")
#: The slowest part of a stop is a slot that waits for its running step; see HARMONY_SHUTDOWN_SECONDS.
_STOP_LIMIT = 60


class StackDidNotStart(Exception):
    """`harmony up` ended, or said nothing in time; the sentence has its last words."""


class BackgroundStack:
    """`harmony up` on free ports while it is entered; `url` is its address, `ready_seconds` how long it took.

    Its data lie in `data_dir`; `pid` is the supervisor that starts its programs, and starts them again.
    """

    def __init__(
        self,
        data_dir: Path,
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
        limit: float = 120.0,
    ) -> None:
        self.url = ""
        self.data_dir = data_dir
        self.ready_seconds = 0.0
        self._command = [sys.executable, "-m", "harmony", "up", "--port", "0", "--data-dir", str(data_dir), *arguments]
        self._env = {**os.environ, **(env or {})}
        self._log = log
        self._limit = limit
        self._last = deque[str](maxlen=5)
        self._found: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    @property
    def pid(self) -> int:
        """The supervisor's process."""
        return self._process.pid

    def __enter__(self) -> Self:
        started = time.monotonic()
        self._process = subprocess.Popen(
            self._command,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # Ctrl-C reaches whoever runs this first; __exit__ then stops the stack.
            process_group=0,
        )
        self._reader = threading.Thread(target=self._read, name="stack-log", daemon=True)
        self._reader.start()
        try:
            url = self._found.get(timeout=self._limit)
        except queue.Empty:
            url = None
        if url is None:
            self.__exit__()
            raise StackDidNotStart(f"the stack did not become ready; {self._log} ends: {' / '.join(self._last)}")
        self.url = url
        self.ready_seconds = time.monotonic() - started
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGINT)

    def stop(self, number: signal.Signals) -> int:
        """Sends the signal and waits for the end; the exit status. A stack past every limit is killed."""
        if self._process.poll() is None:
            self._process.send_signal(number)
        try:
            status = self._process.wait(_STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self._reader.join()
        return status

    def _read(self) -> None:
        output = self._process.stdout
        if output is None:
            raise RuntimeError("the stack was started without a pipe")
        with self._log.open("a", encoding="utf-8") as log, output:
            for line in output:
                log.write(line)
                log.flush()
                self._last.append(line.rstrip())
                if found := _READY.match(line.rstrip()):
                    self._found.put(found[1])
        self._found.put(None)
