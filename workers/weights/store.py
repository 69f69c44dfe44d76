"""The cache of weights: files under their hash, and for each weight set a folder that links to them.

<cache>/blobs/<sha256>                 a verified file
<cache>/sets/<name>-<hash>/<path>      the same file where the engine looks for it
<cache>/scratch/                       what is being fetched
<cache>/lock                           held by the one process that fetches
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from pipelines.catalog import WeightFile, WeightSet
from workers.weights.errors import WeightsError
from workers.weights.progress import Meter, Report
from workers.weights.session import combined, session


def default_cache() -> Path:
    """HARMONY_CACHE_DIR, else `harmony-speech` in the user's cache folder."""
    if configured := os.environ.get("HARMONY_CACHE_DIR"):
        return Path(configured).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "harmony-speech"


class WeightStore:
    """Gives each weight set as a folder, fetching what is missing; no network is touched for what is there."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self._blobs = cache / "blobs"
        self._sets = cache / "sets"
        self._scratch = cache / "scratch"

    def present(self, weight_set: WeightSet) -> bool:
        """Whether the set, or its alternate, is in the cache."""
        return self._found(weight_set) is not None

    def ensure(self, weight_set: WeightSet, name: str, report: Report | None = None) -> Path:
        """The folder with the set's files at their paths. `name` is for people, in reports and errors.

        Raises WeightsUnavailable or WeightsCorrupt, saying for each source what went wrong.
        """
        if (found := self._found(weight_set)) is not None:
            return found
        meter = Meter(name, weight_set.bytes, report)
        meter.at("waiting", name)
        with self._lock():
            # Another process may have fetched it while this one waited.
            folder = self._found(weight_set) or self._fetch(weight_set, name, meter)
        meter.finished = weight_set.bytes
        meter.at("ready", name)
        return folder

    def verify(self, weight_set: WeightSet) -> list[str]:
        """What is wrong with the cached set, file by file; empty if every file has its size and hash."""
        folder = self._found(weight_set)
        if folder is None:
            return ["not in the cache"]
        chosen = next(item for item in _alternates(weight_set) if folder == self._folder(item))
        problems = []
        for file in chosen.files:
            with (folder / file.path).open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != file.sha256:
                    problems.append(f"{file.path}: its SHA-256 is not {file.sha256}")
        return problems

    def remove(self, weight_set: WeightSet) -> None:
        """Takes the set and its alternates out of the cache; the next `ensure` fetches again."""
        with self._lock():
            for item in _alternates(weight_set):
                shutil.rmtree(self._folder(item), ignore_errors=True)
                for file in item.files:
                    (self._blobs / file.sha256).unlink(missing_ok=True)

    def _found(self, weight_set: WeightSet) -> Path | None:
        return next((self._folder(item) for item in _alternates(weight_set) if self._complete(item)), None)

    def _complete(self, weight_set: WeightSet) -> bool:
        folder = self._folder(weight_set)
        return all(_has_size(folder / file.path, file.bytes) for file in weight_set.files)

    def _folder(self, weight_set: WeightSet) -> Path:
        listing = "\n".join(sorted(f"{file.sha256} {file.path}" for file in weight_set.files))
        return self._sets / hashlib.sha256(listing.encode()).hexdigest()[:24]

    def _fetch(self, weight_set: WeightSet, name: str, meter: Meter) -> Path:
        failures: list[WeightsError] = []
        for item in _alternates(weight_set):
            meter.finished = 0
            try:
                self._fetch_files(item.files, meter)
            except WeightsError as error:
                failures.append(error)
                continue
            return self._link(item)
        raise combined(f"The weights {name} could not be had", failures)

    def _fetch_files(self, files: tuple[WeightFile, ...], meter: Meter) -> None:
        with session(self._blobs, self._scratch, meter) as running:
            for file in files:
                if not _has_size(self._blobs / file.sha256, file.bytes):
                    running.fetch(file)
                meter.finished += file.bytes

    def _link(self, weight_set: WeightSet) -> Path:
        """The folder of the set, complete from the moment it has its name."""
        building = Path(mkdtemp(dir=self._scratch, prefix="set-"))
        for file in weight_set.files:
            target = building / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            _link_or_copy(self._blobs / file.sha256, target)
        building.chmod(0o755)
        folder = self._folder(weight_set)
        shutil.rmtree(folder, ignore_errors=True)
        building.rename(folder)
        return folder

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One fetching process at a time; the kernel lets go of a dead one's lock."""
        for folder in (self._blobs, self._sets, self._scratch):
            folder.mkdir(parents=True, exist_ok=True)
        with (self.cache / "lock").open("ab") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            # Whoever holds the lock owns the scratch folder: what lies there was left by a process that was killed.
            for left in self._scratch.iterdir():
                shutil.rmtree(left, ignore_errors=True)
            yield


def _alternates(weight_set: WeightSet) -> Iterator[WeightSet]:
    current: WeightSet | None = weight_set
    while current is not None:
        yield current
        current = current.alternate


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, target)
