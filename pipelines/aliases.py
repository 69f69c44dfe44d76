"""Names that OpenAI's clients send for models: each stands for the default of its kind unless config.yml says more."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.family import Capability

_SPEECH = (Capability.SPEECH,)
_HEARING = (Capability.TRANSCRIPTION, Capability.TRANSLATION)

#: Name → the kinds that it is sent for; a configured alias of the same name goes before.
OPENAI_MODELS: Mapping[str, tuple[Capability, ...]] = {
    "tts-1": _SPEECH,
    "tts-1-hd": _SPEECH,
    "gpt-4o-mini-tts": _SPEECH,
    "whisper-1": _HEARING,
    "gpt-4o-transcribe": _HEARING,
    "gpt-4o-mini-transcribe": _HEARING,
    "gpt-transcribe": _HEARING,
}
