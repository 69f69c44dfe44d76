"""Models by the names that earlier clients use: those of config.yml, of toolchains, and of the earlier config.yml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.catalog import Capability, Catalog, Model
from pipelines.errors import InvalidRequest
from pipelines.languages import normalise_language, same_language

_SPEECH, _EMBEDDING, _CONVERSION = Capability.SPEECH, Capability.EMBEDDING, Capability.VOICE_CONVERSION


@dataclass(frozen=True)
class Served:
    """Which models serve a name: those of a family, with these weights where any are said."""

    family: str
    weights: str | None = None
    #: What the name stood for; none = whatever the model can.
    kinds: frozenset[Capability] = frozenset()
    #: What it spoke.
    language: str | None = None

    def serves(self, model: Model, kind: Capability) -> bool:
        return (
            model.family.name == self.family
            and self.weights in {None, model.weights_name}
            and (not self.kinds or kind in self.kinds)
            and model.supports(kind)
        )


#: Chains of models that had one name. Families that are not here yet stand by their own.
TOOLCHAINS: Mapping[str, Served] = {
    "harmonyspeech": Served("harmonyspeech"),
    "openvoice_v1": Served("openvoice", "v1"),
    "openvoice_v2": Served("openvoice", "v2"),
    **{
        name: Served(name)
        for name in ("chatterbox", "chatterbox_turbo", "chatterbox_multilingual", "chatterbox_vc", "voicefixer")
    },
}


def _part(family: str, weights: str, *kinds: Capability, language: str | None = None) -> Served:
    return Served(family, weights, frozenset(kinds), language)


#: Single models of the earlier config.yml. What was a step of a toolchain and nothing by itself is not among them.
_PARTS: Mapping[str, Served] = {
    "hs1-encoder": _part("harmonyspeech", "v1", _EMBEDDING),
    "ov1-synthesizer-en": _part("openvoice", "v1", _SPEECH, language="en"),
    "ov1-synthesizer-zh": _part("openvoice", "v1", _SPEECH, language="zh"),
    "ov1-tone-converter": _part("openvoice", "v1", _CONVERSION),
    "ov1-tone-converter-encoder": _part("openvoice", "v1", _EMBEDDING),
    "ov2-synthesizer-en": _part("melotts", "en_newest", _SPEECH, language="en"),
    **{
        f"ov2-synthesizer-{weights}": _part("melotts", weights, _SPEECH, language=language)
        for weights, language in (("zh", "zh"), ("es", "es"), ("fr", "fr"), ("jp", "ja"), ("kr", "ko"))
    },
    "ov2-tone-converter": _part("openvoice", "v2", _CONVERSION),
    "ov2-tone-converter-encoder": _part("openvoice", "v2", _EMBEDDING),
    "silero-vad": Served("silero_vad"),
}
#: Before the size of a Whisper model.
_WHISPER = "faster-whisper-"


@dataclass(frozen=True)
class Named:
    """A model that was asked for, and what its name says beside."""

    model: Model
    #: By which it was asked for.
    name: str
    language: str | None = None

    def language_for(self, asked: str | None) -> str | None:
        """As it was asked for, or what the name says; InvalidRequest where the two differ."""
        if asked is None or asked == "default":
            return self.language
        tag = normalise_language(asked)
        if self.language is not None and (tag is None or not same_language(tag, self.language)):
            message = f"{self.name} speaks {self.language}"
            raise InvalidRequest.of("language", message, code="unsupported_language")
        return asked


def find(name: str, kind: Capability, catalog: Catalog) -> Named:
    """The model for a name; of several the first in the order of config.yml. InvalidRequest names what there is."""
    exact = catalog.get(name)
    if exact is not None and exact.supports(kind):
        return Named(exact, name)
    served = TOOLCHAINS.get(name) or _PARTS.get(name) or _whisper(name)
    found = None if served is None else first(served, kind, catalog)
    if served is not None and found is not None:
        return Named(found, name, served.language)
    able = ", ".join(names(kind, catalog)) or "none"
    if exact is not None:
        message = f"{name} does not do {kind}; these do: {able}"
        raise InvalidRequest.of("model", message, code="unsupported_kind")
    known = "unknown" if served is None else "no model of it is configured here for this"
    raise InvalidRequest.of("model", f"{known}; for {kind} there are: {able}", code="unknown_model")


def first(served: Served, kind: Capability, catalog: Catalog) -> Model | None:
    """The first model of config.yml that serves it."""
    return next((model for model in catalog if served.serves(model, kind)), None)


def toolchains(kind: Capability, catalog: Catalog) -> dict[str, Model]:
    """The toolchains that can do this here, with the model that stands behind each."""
    found = {name: first(served, kind, catalog) for name, served in TOOLCHAINS.items()}
    return {name: model for name, model in found.items() if model is not None}


def names(kind: Capability, catalog: Catalog) -> list[str]:
    """What a client may name: the toolchains first, each name once."""
    single = [model.name for model in catalog.with_capability(kind)]
    return list(dict.fromkeys([*toolchains(kind, catalog), *single]))


def _whisper(name: str) -> Served | None:
    return Served("faster_whisper", name.removeprefix(_WHISPER)) if name.startswith(_WHISPER) else None
