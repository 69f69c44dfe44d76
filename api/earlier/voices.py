"""Languages, voices and styles by the names that earlier clients use for them.

They said a language in capitals, and of OpenVoice V1 the manner of speaking alone (`cheerful`), where ours say both
(`en-cheerful`). Every other family has one set of names for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.catalog import Capability, Catalog, Model, Voice
from pipelines.errors import InvalidRequest
from pipelines.languages import normalise_language
from pipelines.voices import is_saved

#: What earlier clients call the voice and the language that a model has by itself.
DEFAULT = "default"

#: Families whose languages earlier clients know, and how they write them.
_EARLIER = frozenset({"openvoice", "melotts"})
_WRITTEN = {"ja": "JP", "ko": "KR"}
#: The family whose voices are manners of speaking, by language.
_STYLED = "openvoice"


def speakers(model: Model, catalog: Catalog) -> list[Model]:
    """The models whose voices it speaks in: itself, or those of the family that speaks for it."""
    cloning = model.cloning
    if cloning is None or cloning.base is None:
        return [model]
    return [one for one in catalog if one.family.name == cloning.base and one.supports(Capability.SPEECH)]


def voice_for(model: Model, catalog: Catalog, asked: str | None, style: int | str | None, language: str | None) -> Any:  # noqa: ANN401 - goes into a request as it is
    """The native name of a voice, None for the model's own choice; InvalidRequest for a style that there is not."""
    if model.family.name == _STYLED and not is_saved(asked) and (known := _styles(model.voices, language)):
        return _styled(known, asked, style)
    if style is not None:
        message = f"the voices of {model.name} have no styles"
        raise InvalidRequest.of("generation_options.style", message, code="field_not_supported")
    if asked == DEFAULT and all(voice.id != DEFAULT for one in speakers(model, catalog) for voice in one.voices):
        return None
    return asked


def languages_of(model: Model, catalog: Catalog, kind: Capability) -> list[dict[str, Any]]:
    """`[{language, voices: [{voice, styles}]}]`: as a request may name them."""
    found: dict[str, dict[str, list[str]]] = {}
    for one in speakers(model, catalog) if kind is Capability.SPEECH else [model]:
        for language in one.languages:
            found.setdefault(_written(language, one), {})
        for voice in one.voices if kind is Capability.SPEECH else ():
            of_language = found.setdefault(_written(voice.language, one), {})
            of_language.setdefault(_name(voice, one), [])
    if model.family.name == _STYLED:
        for voices in found.values():
            if DEFAULT in voices:
                voices[DEFAULT] = list(voices)
    return [
        {"language": language, "voices": [{"voice": voice, "styles": styles} for voice, styles in voices.items()]}
        for language, voices in found.items()
    ]


def _styled(known: dict[str, str], asked: str | None, style: int | str | None) -> str | None:
    """The voice for a manner of speaking, said as the voice, as its style, or by the style's place in the list."""
    names = list(known)
    if style is not None:
        if asked not in {None, DEFAULT, known[names[0]]}:
            message = f"belongs to the voice {DEFAULT}; {asked} is a style itself"
            raise InvalidRequest.of("generation_options.style", message, code="invalid_option")
        chosen = names[style] if isinstance(style, int) and 0 <= style < len(names) else style
        if chosen not in known:
            message = f"must be 0 to {len(names) - 1}, or one of: {', '.join(names)}"
            raise InvalidRequest.of("generation_options.style", message, code="invalid_option")
        return known[str(chosen)]
    # A native name is a name, too; what is neither is refused where the model is.
    return None if asked is None else known.get(asked, asked)


def _styles(voices: Sequence[Voice], language: str | None) -> dict[str, str]:
    """Manner of speaking → the voice's native name, in that language, or else in the model's first."""
    tag = normalise_language(language) if language is not None else None
    wanted = _primary(tag) if tag is not None else next((_primary(voice.language) for voice in voices), "")
    return {_manner(voice): voice.id for voice in voices if _primary(voice.language) == wanted}


def _manner(voice: Voice) -> str:
    return voice.id.partition("-")[2]


def _name(voice: Voice, model: Model) -> str:
    return _manner(voice) if model.family.name == _STYLED else voice.id


def _written(language: str, model: Model) -> str:
    if model.family.name not in _EARLIER:
        return language
    primary = _primary(language)
    return _WRITTEN.get(primary, primary.upper())


def _primary(language: str) -> str:
    return language.partition("-")[0]
