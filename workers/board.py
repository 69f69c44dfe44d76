"""What a slot's child tells its parent: a page of memory that the parent made and the child writes.

A forked child and a spawned one (on a GPU) find it by the same path, and nothing is left of it when the parent is gone.

Sources: memfd_create(2), proc_pid_fd(5).
"""

from __future__ import annotations

import json
import logging
import os
import struct
import threading
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from workers.memory import DeviceMemory, gpu_memory

if TYPE_CHECKING:
    # The parent reads the board, and needs no numpy for it.
    from workers.contract import Device

log = logging.getLogger(__name__)

#: Where the child finds the page; set by the parent.
VARIABLE = "HARMONY_SLOT_BOARD"
_HEAD = struct.Struct("<II")
_GPU_SECONDS = 3.0


@dataclass(frozen=True)
class Notice:
    """What the child said last."""

    pid: int
    models: Sequence[str]
    gpu: DeviceMemory | None = None


class Board:
    """The parent's side."""

    def __init__(self) -> None:
        self._file = os.memfd_create("board")
        os.environ[VARIABLE] = f"/proc/{os.getpid()}/fd/{self._file}"

    def read(self) -> Notice | None:
        """The notice; None if there is none, or if it is being written."""
        head = os.pread(self._file, _HEAD.size, 0)
        if len(head) < _HEAD.size:
            return None
        size, check = _HEAD.unpack(head)
        body = os.pread(self._file, size, _HEAD.size)
        if len(body) != size or zlib.crc32(body) != check:
            return None
        said = json.loads(body)
        gpu = None if said["gpu"] is None else DeviceMemory(**said["gpu"])
        return Notice(said["pid"], said["models"], gpu)


class Reporter:
    """The child's side: says which models are loaded, and on a GPU every few seconds how full that is."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._lock = threading.Lock()
        self._models: Sequence[str] = ()

    def tell(self, models: Sequence[str]) -> None:
        """These models are loaded now."""
        with self._lock:
            self._models = list(models)
            self._write()

    def watch(self) -> None:
        """Tells of the GPU from now on; a thread."""
        threading.Thread(target=self._run, name="reporter", daemon=True).start()

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(_GPU_SECONDS):
            with self._lock:
                # While nothing is loaded torch may just be imported, and half of it is missing.
                if self._models:
                    self._write()

    def _write(self) -> None:
        notice = Notice(os.getpid(), self._models, gpu_memory(self._device) if self._models else None)
        body = json.dumps(asdict(notice)).encode()
        try:
            file = os.open(os.environ[VARIABLE], os.O_WRONLY)
        except OSError as error:
            # The parent is gone, and whoever looks for what it says with it; the step goes on.
            log.warning("notice_failed error=%s", error.strerror)
            return
        try:
            os.pwrite(file, _HEAD.pack(len(body), zlib.crc32(body)) + body, 0)
        finally:
            os.close(file)
