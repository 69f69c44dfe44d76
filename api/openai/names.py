"""OpenAI's names for voices, and which of a model's own voices serves each."""

from __future__ import annotations

from pipelines.catalog import Model
from pipelines.languages import same_language
from pipelines.mixing import Part, is_mix, parse_mix, spelled
from pipelines.styles import styles_of

VOICES = (
    "alloy",
    "ash",
    "ballad",
    "cedar",
    "coral",
    "echo",
    "fable",
    "marin",
    "nova",
    "onyx",
    "sage",
    "shimmer",
    "verse",
)
_REST = "*"


def own_voice(model: Model, voice: str, language: str | None) -> str | None:
    """The model's voice for a name: its own of that name, or what serves one of OpenAI's; parts of a mixture alike.

    Other names stay as they are, to be refused by name. None = the model has no voices, and any name will do.
    """
    if is_mix(voice):
        parts = (Part(own_voice(model, part.voice, language) or part.voice, part.weight) for part in parse_mix(voice))
        return spelled(tuple(parts))
    if voice not in VOICES or model.voice(voice) is not None:
        return voice
    mapped = model.voice(model.family.openai_voices.get(voice) or model.family.openai_voices.get(_REST, ""))
    if mapped is not None and (language is None or same_language(language, mapped.language)):
        return mapped.id
    return _spread(model, voice, language)


def served_names(model: Model) -> dict[str, str]:
    """OpenAI's names and the model's voices behind them."""
    found = {name: own_voice(model, name, None) for name in VOICES}
    return {name: voice for name, voice in found.items() if voice is not None}


def _spread(model: Model, voice: str, language: str | None) -> str | None:
    """The names go round the model's plain voices of the language, or of its first voice's language."""
    styled = {style.voice for style in styles_of(model).values()}
    plain = [known for known in model.voices if known.id not in styled]
    if not plain:
        return None
    wanted = language or plain[0].language
    fitting = [known for known in plain if same_language(wanted, known.language)] or plain
    return fitting[VOICES.index(voice) % len(fitting)].id
