"""The cache of weights: files under their hash, and for each weight set a folder that links to them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import mkdtemp

from pipelines.catalog import WeightFile, WeightSet
from workers.weights.errors import WeightsError, combined
from workers.weights.locks import Pinned
from workers.weights.places import Places
from workers.weights.progress import Meter, Report
from workers.weights.session import session


class WeightStore:
    """Gives each weight set as a folder, fetching what is missing; no network is touched for what is there."""

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.places = Places(cache)

    def present(self, weight_set: WeightSet) -> bool:
        """Whether the set, or its alternate, is in the cache."""
        return self._found(weight_set) is not None

    def ensure(self, weight_set: WeightSet, name: str, report: Report | None = None) -> Path:
        """The folder with the set's files at their paths. `name` is for people, in reports and errors.

        Raises WeightsUnavailable, WeightsCorrupt or WeightsOffline, saying for each source what went wrong.
        """
        if (found := self._found(weight_set)) is not None:
            return self._folder(found)
        meter = Meter(name, weight_set.bytes, report)
        meter.at("waiting", name)
        with self.places.held():
            # Another process may have fetched it while this one waited.
            found = self._found(weight_set)
            folder = self._fetch(weight_set, name, meter) if found is None else self._folder(found)
        meter.finished = meter.total
        meter.at("ready", name)
        return folder

    def pinned(self, weight_set: WeightSet) -> tuple[Pinned, ...] | None:
        """The files of the cached set, or of its cached alternate; None if it is not in the cache."""
        return self._found(weight_set)

    def verify(self, weight_set: WeightSet) -> list[str]:
        """What is wrong with the cached set, file by file; empty if every file has its size and hash."""
        pins = self._found(weight_set)
        if pins is None:
            return ["not in the cache"]
        folder = self._folder(pins)
        problems = []
        for file in pins:
            with (folder / file.path).open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != file.sha256:
                    problems.append(f"{file.path}: its SHA-256 is not {file.sha256}")
        return problems

    def remove(self, weight_set: WeightSet) -> None:
        """Takes the set and its alternates out of the cache; the next `ensure` asks the sources anew."""
        with self.places.held():
            for item in alternates(weight_set):
                pins = self._pins(item)
                if pins is not None:
                    shutil.rmtree(self._folder(pins), ignore_errors=True)
                for file in item.files:
                    pin = self.places.locks.pinned(file)
                    if pin is not None:
                        (self.places.blobs / pin.sha256).unlink(missing_ok=True)
                    self.places.locks.drop(file)

    def link(self, weight_set: WeightSet) -> Path | None:
        """The folder of a set whose files are in the cache, linked anew to them; None if one is missing."""
        with self.places.held():
            for item in alternates(weight_set):
                pins = self._pins(item)
                if pins is not None and all(_has_size(self.places.blobs / pin.sha256, pin.bytes) for pin in pins):
                    return self._link(pins)
        return None

    def _found(self, weight_set: WeightSet) -> tuple[Pinned, ...] | None:
        for item in alternates(weight_set):
            pins = self._pins(item)
            if pins is not None and self._complete(pins):
                return pins
        return None

    def _pins(self, weight_set: WeightSet) -> tuple[Pinned, ...] | None:
        """What the files must be; None if a file's hash is pinned by nobody and it was never fetched."""
        locks = self.places.locks
        pins = [locks.pinned(file) for file in weight_set.files]
        known = tuple(pin for pin in pins if pin is not None)
        return known if len(known) == len(pins) else None

    def _complete(self, pins: Sequence[Pinned]) -> bool:
        folder = self._folder(pins)
        return all(_has_size(folder / pin.path, pin.bytes) for pin in pins)

    def _folder(self, pins: Sequence[Pinned]) -> Path:
        listing = "\n".join(sorted(f"{pin.sha256} {pin.path}" for pin in pins))
        return self.places.sets / hashlib.sha256(listing.encode()).hexdigest()[:24]

    def _fetch(self, weight_set: WeightSet, name: str, meter: Meter) -> Path:
        failures: list[WeightsError] = []
        for item in alternates(weight_set):
            meter.finished = 0
            try:
                return self._link(self._fetch_files(item.files, meter))
            except WeightsError as error:
                failures.append(error)
        raise combined(f"The weights {name} could not be had", failures)

    def _fetch_files(self, files: Sequence[WeightFile], meter: Meter) -> list[Pinned]:
        pins: list[Pinned] = []
        with session(self.places, meter) as running:
            running.survey(files)
            for file in files:
                pin = self.places.locks.pinned(file)
                if pin is None or not _has_size(self.places.blobs / pin.sha256, pin.bytes):
                    pin = running.fetch(file)
                meter.finished += pin.bytes
                pins.append(pin)
        return pins

    def _link(self, pins: Sequence[Pinned]) -> Path:
        """The folder of the set, complete from the moment it has its name."""
        building = Path(mkdtemp(dir=self.places.scratch, prefix="set-"))
        for pin in pins:
            target = building / pin.path
            target.parent.mkdir(parents=True, exist_ok=True)
            _link_or_copy(self.places.blobs / pin.sha256, target)
        building.chmod(0o755)
        folder = self._folder(pins)
        shutil.rmtree(folder, ignore_errors=True)
        building.rename(folder)
        return folder


def alternates(weight_set: WeightSet) -> Iterator[WeightSet]:
    """The set itself, then those that serve as well."""
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
