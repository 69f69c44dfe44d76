"""What this deployment can do: families (`pipelines/families/*.toml`) and models (`config.yml`), as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines.aliases import OPENAI_MODELS
from pipelines.cloning import Cloning
from pipelines.config import ModelEntry, read_config
from pipelines.family import (
    FAMILIES,
    IO_QUEUE,
    WEBHOOK_QUEUE,
    Capability,
    DeviceClass,
    Family,
    OptionSpec,
    OptionValue,
    Voice,
    load_families,
)
from pipelines.languages import same_language
from pipelines.spoken import spoken_options
from pipelines.styles import styles_of
from pipelines.weightsets import WeightFile, WeightSet

__all__ = [
    "FAMILIES",
    "IO_QUEUE",
    "WEBHOOK_QUEUE",
    "Capability",
    "Catalog",
    "Cloning",
    "DeviceClass",
    "Family",
    "Model",
    "OptionSpec",
    "OptionValue",
    "Voice",
    "WeightFile",
    "WeightSet",
    "as_public",
    "load_catalog",
    "load_families",
]


@dataclass(frozen=True)
class Model:
    """What clients name: a family, its weights and where it runs."""

    name: str
    family: Family
    weights_name: str | None
    device: DeviceClass
    pool: str | None
    languages: tuple[str, ...]
    #: Family-specific settings of this deployment (`compute_type`, `beam_size` …), passed to the engine at load.
    settings: Mapping[str, OptionValue]
    #: The folder that its weights come from instead of where the family says, and their revision.
    source: str | None = None
    revision: str | None = None

    @property
    def queue(self) -> str:
        return self.device.value if self.pool is None else f"{self.device.value}.{self.pool}"

    @cached_property
    def weights(self) -> WeightSet | None:
        """Its files and where they come from, as config.yml has it; None = the family needs none."""
        if self.weights_name is None:
            return None
        published = self.family.weights[self.weights_name]
        if self.source is not None:
            return published.taken_from(self.source, self.revision)
        return published if self.revision is None else published.at(self.revision)

    @property
    def weights_revision(self) -> str:
        """Changes when the weights do, for what is cached by them; empty if there are none.

        Of files without a pinned hash it changes with their source and with `revision` in config.yml.
        """
        weights = self.weights
        if weights is None:
            return ""
        return weights.revision if self.revision is None else f"{weights.revision}@{self.revision}"

    @property
    def space(self) -> str | None:
        """The space of its speaker embeddings: vectors of two spaces are not comparable."""
        weights = self.weights
        return self.family.space if weights is None or weights.space is None else weights.space

    @property
    def cloning(self) -> Cloning | None:
        """How it speaks in the voice of a recording; None = its voices are built in."""
        weights = self.weights
        return self.family.cloning if weights is None or weights.cloning is None else weights.cloning

    @property
    def voices(self) -> tuple[Voice, ...]:
        """The voices of the family that these weights have, in the languages of this model."""
        return tuple(
            voice
            for voice in self.family.voices
            if (not voice.weights or self.weights_name in voice.weights) and self.speaks(voice.language)
        )

    @property
    def capabilities(self) -> tuple[Capability, ...]:
        """What it can be asked for: what the family can, as far as its weights can."""
        weights = self.weights
        able = () if weights is None else weights.capabilities
        return tuple(each for each in self.family.capabilities if not able or each in able)

    @property
    def memory_mb(self) -> int:
        """The memory it needs while loaded."""
        weights = self.weights
        return self.family.memory_mb if weights is None or weights.memory_mb is None else weights.memory_mb

    def supports(self, capability: Capability) -> bool:
        return capability in self.capabilities

    def speaks(self, language: str) -> bool:
        """Whether `language` (BCP-47) is one of the model's, a bare `en` matching `en-US`; no list = any."""
        return not self.languages or any(same_language(language, known) for known in self.languages)

    def voice(self, name: str) -> Voice | None:
        return next((voice for voice in self.voices if voice.id == name), None)

    def options(self, capability: Capability) -> Mapping[str, OptionSpec]:
        """The options that its engine takes for one capability."""
        return {name: spec for name, spec in self.family.options.items() if not spec.kinds or capability in spec.kinds}

    def all_options(self, capability: Capability) -> Mapping[str, OptionSpec]:
        """What a job with this model takes for one capability: its engine's options, and those of every speech."""
        own = self.options(capability)
        return spoken_options(own) if capability is Capability.SPEECH else own


@dataclass(frozen=True)
class Catalog:
    """All models of this deployment, by name, in the order of `config.yml`."""

    models: Mapping[str, Model]
    defaults: Mapping[Capability, str]
    #: Other names of models, as config.yml gives them.
    aliases: Mapping[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Model]:
        return iter(self.models.values())

    def get(self, name: str) -> Model | None:
        """The model of that name, or of that alias in config.yml."""
        return self.models.get(name) or self.models.get(self.aliases.get(name, ""))

    def means_default(self, name: str | None, capability: Capability) -> bool:
        """Whether the default is meant: no name, or one of OpenAI's that nobody gave to a model."""
        return name is None or (self.get(name) is None and capability in OPENAI_MODELS.get(name, ()))

    @property
    def other_names(self) -> dict[str, Model]:
        """Every further name that serves, and the model behind it."""
        meant = {name: self.default(kinds[0]) for name, kinds in OPENAI_MODELS.items() if self.get(name) is None}
        return {
            **{name: self.models[model] for name, model in self.aliases.items()},
            **{name: model for name, model in meant.items() if model is not None},
        }

    def with_capability(self, capability: Capability) -> list[Model]:
        return [model for model in self if model.supports(capability)]

    def default(self, capability: Capability) -> Model | None:
        """The model for a job that names none: the configured default, else the first that can."""
        if (name := self.defaults.get(capability)) is not None:
            return self.models[name]
        return next(iter(self.with_capability(capability)), None)

    @property
    def queues(self) -> tuple[str, ...]:
        """Every queue that the models of this deployment use, and the one for steps without a model."""
        return (*sorted({model.queue for model in self}), IO_QUEUE)


def load_catalog(config: Path, families: Mapping[str, Family] | None = None) -> Catalog:
    """The catalog of `config`; a CatalogError lists everything that is wrong, by line, and how to mend it."""
    known = load_families() if families is None else families
    parsed = read_config(config, known)
    models = {entry.name: _model(entry, known[entry.family]) for entry in parsed.models}
    return Catalog(models, parsed.defaults, parsed.aliases)


def _model(entry: ModelEntry, family: Family) -> Model:
    spoken = family.weights[entry.weights].languages if entry.weights else ()
    return Model(
        entry.name,
        family,
        entry.weights,
        entry.device,
        entry.pool,
        (spoken or family.languages) if entry.languages is None else entry.languages,
        entry.settings,
        source=entry.source,
        revision=entry.revision,
    )


def as_public(model: Model) -> dict[str, Any]:
    """The model as `/v1/models` says it: OpenAI's fields, then ours."""
    family = model.family
    return {
        "id": model.name,
        "object": "model",
        "created": 0,
        "owned_by": "harmony",
        "alias_of": None,
        "family": family.name,
        "title": family.title,
        "description": family.description,
        "capabilities": [str(item) for item in model.capabilities],
        "languages": list(model.languages),
        "voices": [voice.model_dump(exclude={"weights"}) for voice in model.voices],
        "mixing": family.mixing,
        "styles": list(styles_of(model)),
        "options": {
            capability.value: {
                name: spec.model_dump(exclude={"kinds"}, exclude_none=True)
                for name, spec in model.all_options(capability).items()
            }
            for capability in model.capabilities
        },
        "licence": model.weights.licence if model.weights else family.licence,
        "device": model.device.value,
        "queue": model.queue,
        "sample_rate": family.sample_rate,
        "memory_mb": model.memory_mb,
        "weights_bytes": model.weights.bytes if model.weights else 0,
        "space": model.space,
        "cloning": None if model.cloning is None else model.cloning.model_dump(exclude={"base"}),
    }
