"""Fields of native requests by the names that the Harmony routes have for them, for errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: The longest first: the first that fits names the field.
_OPTIONS: Final = {
    "options.language": "language",
    "options.voice": "voice",
    "options.format": "output_options.format",
    "options": "generation_options",
}
SPEECH: Mapping[str, str] = {
    "input.reference.audio.data": "input_audio",
    "input.reference.audio": "input_audio",
    "input.reference.segments": "input_vad_data",
    "input.reference.embedding": "input_embedding",
    "input.reference.voice": "voice",
    "input.reference": "input_audio",
    "input.text": "input",
    "post_processing": "post_generation_filters",
    **_OPTIONS,
}
CONVERSION: Mapping[str, str] = {
    "input.audio.data": "source_audio",
    "input.audio": "source_audio",
    "input.target.audio.data": "target_audio",
    "input.target.audio": "target_audio",
    "input.target.embedding": "target_embedding",
    "input.target": "target_audio",
    **_OPTIONS,
}
#: Of the routes whose recording is listened to. Options of detectors have their own names.
LISTENING: Mapping[str, str] = {"input.audio.data": "input_audio", "input.audio": "input_audio"}
