"""The tests that `docs/reliability.md` names are there."""

from __future__ import annotations

import re
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def test_every_promise_names_tests_that_exist() -> None:
    named = _NAMED.findall((_ROOT / "docs/reliability.md").read_text(encoding="utf-8"))
    assert len(named) > 20
    missing = [
        f"{path}::{test}" for path, test in named if f"def {test}" not in (_ROOT / path).read_text(encoding="utf-8")
    ]
    assert not missing
