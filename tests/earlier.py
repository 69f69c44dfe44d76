"""The tree before the newest migration, out of the history: what runs beside us while a deployment is upgraded."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
VERSIONS = ROOT / "migrations" / "versions"


@dataclass(frozen=True)
class Earlier:
    """A folder with the earlier code, and with the migrations of now: old code on the new schema."""

    folder: Path
    commit: str

    @property
    def environment(self) -> dict[str, str]:
        """For its processes: its own packages come before those that are installed."""
        return {**os.environ, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(self, *arguments: str, seconds: float = 900) -> str:
        """What Python prints there; AssertionError with its words if it fails."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
        assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
        return done.stdout


def _git(*arguments: str) -> bytes:
    return subprocess.run(
        [shutil.which("git") or "git", "-C", str(ROOT), *arguments], check=True, capture_output=True
    ).stdout


def _commit_before(newest: Path) -> str:
    """The parent of the commit that added the newest migration; skips where the history does not go back so far."""
    name = str(newest.relative_to(ROOT))
    try:
        added = _git("log", "--diff-filter=A", "--format=%H", "--", name).decode().split()
        return _git("rev-parse", "--verify", f"{added[-1]}~1^{{commit}}").decode().strip()
    except (OSError, subprocess.CalledProcessError, IndexError):
        pytest.skip(f"the history here does not hold the commit before {name}: a shallow clone, or no git")


@pytest.fixture(scope="session")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Earlier:
    """The last tree that did not know the newest migration, on the schema of now."""
    newest = max(VERSIONS.glob("[0-9]*.py"))
    commit = _commit_before(newest)
    folder = tmp_path_factory.mktemp("earlier")
    with tarfile.open(fileobj=io.BytesIO(_git("archive", commit))) as archive:
        archive.extractall(folder, filter="data")
    assert not (folder / newest.relative_to(ROOT)).exists()
    # A release knows the migration before the newest; a tree that does not is older than what old code must stand.
    *_, last, _ = sorted(VERSIONS.glob("[0-9]*.py"))
    if not (folder / last.relative_to(ROOT)).exists():
        pytest.skip(f"the history here is squashed: before {newest.name} comes {commit[:7]}, which lacks {last.name}")
    shutil.rmtree(folder / "migrations")
    shutil.copytree(ROOT / "migrations", folder / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    return Earlier(folder, commit)
