"""OpenAI's Node SDK as an outside program: `node/openai.test.mjs`, with the packages of its lock file."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harmony.background import BackgroundStack
from tests.conformance.conftest import FILE_BYTES
from tests.services.npm import NODE, node_modules

pytestmark = [pytest.mark.models, pytest.mark.stack, pytest.mark.slow, pytest.mark.xdist_group("conformance")]

HERE = Path(__file__).parent / "node"


@pytest.fixture(scope="module")
def modules() -> Path:
    return node_modules(HERE)


def test_no_registry_is_named_in_the_lock_file() -> None:
    assert "resolved" not in (HERE / "package-lock.json").read_text(encoding="utf-8")


@pytest.mark.timeout(240)
def test_the_node_sdk(stack: BackgroundStack, modules: Path, english: Path, tone_file: Path, tmp_path: Path) -> None:
    shutil.copy(HERE / "openai.test.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(modules)
    environment = {
        **os.environ,
        "HARMONY_URL": stack.url,
        "HARMONY_SPEECH": str(english),
        "HARMONY_TONE": str(tone_file),
        "HARMONY_FILE_BYTES": str(FILE_BYTES),
        "NO_PROXY": "127.0.0.1",
    }
    command = [str(NODE), "--test", "--test-reporter=spec", str(tmp_path / "openai.test.mjs")]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-12000:]}\n{done.stderr[-2000:]}"
    assert "pass 12" in done.stdout
