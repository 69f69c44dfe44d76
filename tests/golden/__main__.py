"""`make golden [DIR=…]`: every component under a folder laid out like tests/data/golden, against what it should give.

Prints family/component, the largest absolute and relative error and whether it passed; ends with 1 on any failure.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.golden.frame import Component, Outcome
from tests.golden.running import Task, ran

DEFAULT = Path(__file__).parents[1] / "data" / "golden"

#: Which function checks what: `family/component`, or `family/file` without its suffix for a front end.
CHECKS: Mapping[str, str] = {
    "harmonyspeech/encoder": "tests.golden.harmonyspeech:check_encoder",
    "harmonyspeech/synthesizer": "tests.golden.harmonyspeech:check_synthesizer",
    "harmonyspeech/vocoder": "tests.golden.harmonyspeech:check_vocoder",
    "harmonyspeech/frontend_en": "tests.golden.harmonyspeech:check_frontend",
    "melotts/synthesizer": "tests.golden.melotts:synthesizer",
    "melotts/text_features": "tests.golden.melotts:text_features",
    "melotts/frontend_(en|es|fr)": "tests.golden.melotts:frontend",
    "melotts/frontend_(zh|zh_mix_en|jp|kr)": "tests.golden.melotts_fronts:check",
    "openvoice/frontend_v1_[a-z]+": "tests.golden.openvoice_fronts:check",
    "openvoice/spectrogram": "tests.golden.openvoice:spectrograms",
    "openvoice/tone_converter_v[12]": "tests.golden.openvoice:tone_converter",
    "openvoice/base_speaker_v1_[a-z]+": "tests.golden.openvoice:base_speakers",
}


def main(arguments: list[str]) -> int:
    root = Path(arguments[0]) if arguments else DEFAULT
    if not root.is_dir():
        print(f"{root} is no folder", file=sys.stderr)
        return 2
    missing = sorted(unbuilt(root))
    failed = checked = 0
    for name, outcomes, seconds in ran(list(tasks(root))):
        print(name)
        for outcome in outcomes:
            checked += 1
            failed += not outcome.passed
            print(_line(outcome))
        print(f"  {seconds:.1f} s", flush=True)
    for name in missing:
        print(f"{name}: not built yet, not compared")
    print(f"{checked} comparisons, {failed} failed, {len(missing)} components of families that are not built")
    return 1 if failed or not checked else 0


def tasks(root: Path) -> Iterator[Task]:
    """Everything under `root` that a family here can check, small before full size."""
    for name, subject in found(root):
        check = checker(name)
        if check is not None:
            size = " (full size)" if isinstance(subject, Component) and subject.is_full else ""
            yield Task(f"{name}{size}", check, subject)


def unbuilt(root: Path) -> set[str]:
    """What lies under `root` and no family here can check."""
    return {name for name, _ in found(root) if checker(name) is None}


def found(root: Path) -> Iterator[tuple[str, Component | Path]]:
    """Every component and front-end file under `root`, by `family/component`."""
    for path in sorted(root.glob("*/*/manifest*.json")):
        if path.stem == "manifest_full" and "check" not in Component(path.parent, path.stem).manifest:
            continue
        yield f"{path.parts[-3]}/{path.parts[-2]}", Component(path.parent, path.stem)
    for path in sorted(root.glob("*/frontend*.json")):
        yield f"{path.parts[-2]}/{path.stem}", path


def checker(name: str) -> str | None:
    """The function for `name`; keys of CHECKS are patterns."""
    return next((check for pattern, check in CHECKS.items() if re.fullmatch(pattern, name)), None)


def _line(outcome: Outcome) -> str:
    verdict = "pass" if outcome.passed else "FAIL"
    note = f"  {outcome.note}" if outcome.note else ""
    return f"  {verdict}  {outcome.name:<40} abs {outcome.max_abs:.2e}  rel {outcome.max_rel:.2e}{note}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
