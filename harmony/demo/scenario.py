"""What the demo asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harmony.client import Artifact

ROOT = Path(__file__).parents[2]
RECORDINGS = ROOT / "tests" / "data" / "speech"
ENGLISH = RECORDINGS / "librivox-austen-en.flac"
SPANISH = RECORDINGS / "asterisk-conference-es.flac"

TEXT = (
    "Good morning. These words were spoken by one model, carried through a queue, and written down again by another. "
    "If you can read them, every part of the engine has done its work."
)


@dataclass(frozen=True)
class Task:
    """One job of the demo: what to ask, what to send beside it, and what its transcript should say."""

    name: str
    job: Mapping[str, Any]
    audio: Path | None = None
    reference: str | None = None
    #: How long an audio is that the server has already, in seconds.
    seconds: float | None = None


SPEECH = Task("speech", {"kind": "speech", "input": {"text": TEXT}, "options": {"voice": "af_heart"}})


def recordings() -> list[Task]:
    """The jobs that need nothing from another."""
    return [
        Task("english", {"kind": "transcription", "options": {"language": "en"}}, ENGLISH, _transcript(ENGLISH)),
        Task("spanish", {"kind": "translation", "options": {"language": "es"}}, SPANISH),
        Task("vad", {"kind": "vad"}, ENGLISH),
        Task("embedding", {"kind": "embedding"}, ENGLISH),
    ]


def round_trip(spoken: Artifact) -> Task:
    """The transcription of what was just spoken, by its artifact's id: the audio does not travel again."""
    job = {"kind": "transcription", "input": {"audio": {"artifact": spoken["id"]}}, "options": {"language": "en"}}
    return Task("round-trip", job, reference=TEXT, seconds=spoken["seconds"])


def _transcript(recording: Path) -> str:
    said: str = json.loads((RECORDINGS / "transcripts.json").read_text(encoding="utf-8"))[recording.name]["text"]
    return said
