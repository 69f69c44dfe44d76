"""The tests that `docs/features.md` names are there, and every row that says that it works names one."""

from __future__ import annotations

import re
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_ROW = re.compile(r"^\| (\d+) \| (.+?) \| ([YP–]) \| (.*?) \|$", re.MULTILINE)
_LINK = re.compile(r"\[(\w+)\]\(\.\./(tests/[\w/]+\.py)\)")


def rows() -> dict[int, tuple[str, str]]:
    """Each row's verdict, and what it says of it."""
    found = _ROW.findall((_ROOT / "docs/features.md").read_text(encoding="utf-8"))
    return {int(number): (verdict, said) for number, _, verdict, said in found}


def test_every_feature_has_one_row() -> None:
    assert list(rows()) == list(range(1, 42))


def test_whatever_works_names_tests_that_exist() -> None:
    for number, (verdict, said) in rows().items():
        named = _LINK.findall(said)
        assert named or verdict != "Y", number
        missing = [
            f"{path}::{test}"
            for test, path in named
            if not (_ROOT / path).is_file()
            or not re.search(rf"def {test}\b", (_ROOT / path).read_text(encoding="utf-8"))
        ]
        assert not missing, number
