"""OpenVoice V1's front ends, English and Chinese, against the recorded steps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.golden.frame import Outcome, same
from workers.engines.openvoice.frontend import frontend
from workers.engines.openvoice.frontend.symbols import spaced


def check(file: Path) -> Iterator[Outcome]:
    """Every step of every piece."""
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    language = content["language"]
    made = frontend(language, _symbols(file, language))
    for number, sentence in enumerate(content["sentences"]):
        pieces = sentence["pieces"]
        yield same(f"{number} pieces", made.pieces(sentence["text"]), [piece["piece"] for piece in pieces])
        for piece in pieces:
            if "error" in piece:
                yield Outcome(f"{number} error", 0.0, 0.0, passed=True, note="not compared: the original stopped")
                continue
            yield same(f"{number} marked", f"[{language}]{spaced(piece['piece'])}[{language}]", piece["marked"])
            yield same(f"{number} cleaned", made.phonetic(piece["piece"]), piece["cleaned"])
            yield same(f"{number} x", made.ids(piece["piece"]), piece["x"])


def _symbols(file: Path, language: str) -> list[str]:
    """Of the language's own model if its symbols are there, else of the English one, as the files say."""
    for name in (f"base_speaker_v1_{language.lower()}", "base_speaker_v1_en"):
        manifest = file.parent / name / "manifest_full.json"
        symbols = json.loads(manifest.read_text(encoding="utf-8"))["config"].get("symbols") if manifest.exists() else ()
        if symbols:
            return list(symbols)
    raise FileNotFoundError(f"no symbols beside {file.name}")
