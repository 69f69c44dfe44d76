"""What a kind of model is: `pipelines/families/*.toml`, as data.

Nothing here imports an engine: a family names its class by a string, and the worker imports it at first use.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipelines.cloning import Cloning
from pipelines.errors import CatalogError
from pipelines.styles import Style
from pipelines.weightsets import WeightSet

FAMILIES = Path(__file__).parent / "families"

OptionValue = str | int | float | bool | None


class Capability(StrEnum):
    """What a model can be asked for; also the kinds of jobs that need a model."""

    SPEECH = "speech"
    TRANSCRIPTION = "transcription"
    TRANSLATION = "translation"
    EMBEDDING = "embedding"
    VAD = "vad"
    VOICE_CONVERSION = "voice_conversion"


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
    #: Of a number: its values are whole multiples of this.
    multiple_of: float | None = None
    max_length: int | None = None
    #: Of a string: what it has to look like, and the same in words.
    pattern: str | None = None
    pattern_words: str | None = None
    choices: tuple[str, ...] = ()
    #: Of the conversion at the end of cloned speech: speech in a built-in voice, which has none, does not take it.
    of_conversion: bool = False

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
        if isinstance(value, str):
            return self._text_problem(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return self._number_problem(value)
        return None

    def _number_problem(self, value: float) -> str | None:
        # The comparisons are written so that NaN, which compares false with everything, is refused.
        if self.minimum is not None and not value >= self.minimum:
            return f"must be at least {self.minimum:g}"
        if self.maximum is not None and not value <= self.maximum:
            return f"must be at most {self.maximum:g}"
        if self.multiple_of is not None and value % self.multiple_of != 0:
            return f"must be a multiple of {self.multiple_of:g}"
        return None

    def _text_problem(self, value: str) -> str | None:
        if self.choices and value not in self.choices:
            return f"must be one of: {', '.join(self.choices)}"
        if self.max_length is not None and len(value) > self.max_length:
            return f"must be at most {self.max_length} characters"
        if self.pattern is not None and re.fullmatch(self.pattern, value) is None:
            return f"must be {self.pattern_words or f'of the form {self.pattern}'}"
        return None


class Voice(_Strict):
    """A speaker built into a model."""

    id: str
    name: str
    language: str
    gender: Literal["female", "male", "neutral"]
    #: The weight sets that have it; empty = every one of the family.
    weights: tuple[str, ...] = ()


class SameSpeaker(_Strict):
    """What tells two people apart by the cosine of their embeddings, each of some three seconds of speech."""

    #: From here on it is one person.
    same: float = Field(ge=-1, le=1)
    #: Below it is another; between the two it cannot be told.
    other: float = Field(ge=-1, le=1)


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
    #: Whether it speaks in mixtures of its voices (pipelines/mixing.py).
    mixing: bool = False
    #: Whether the silence between two clauses that it speaks is made the pause that belongs there.
    joining: bool = True
    #: OpenAI's names for voices → those of the family that serve them; `*` = every name that is not listed.
    openai_voices: Mapping[str, str] = Field(default_factory=dict)
    #: Voices that are ways in which another voice speaks.
    styles: Mapping[str, Style] = Field(default_factory=dict)
    #: The space that its speaker embeddings live in, where a weight set names no other; None = it has none.
    space: str | None = None
    #: How many numbers such an embedding has; None = the engine alone knows.
    dimensions: int | None = None
    #: Where its embeddings tell people apart; None = nobody has measured it.
    same_speaker: SameSpeaker | None = None
    #: Made for tests: it serves whoever names it, or as the default, and is never sought out.
    stand_in: bool = False
    #: None = its voices are built in.
    cloning: Cloning | None = None
    options: Mapping[str, OptionSpec] = Field(default_factory=dict)
    #: What `settings` of a model in config.yml may say: fixed for a deployment, read when the model is loaded.
    settings: Mapping[str, OptionSpec] = Field(default_factory=dict)
    weights: Mapping[str, WeightSet] = Field(default_factory=dict)
    #: Run-time limit of a step: `seconds` + `per_second` × (seconds of audio in, or characters of text / 15).
    limit_seconds: float = 120.0
    limit_per_second: float = 4.0

    @model_validator(mode="after")
    def _weights_can_no_more_than_the_family(self) -> Self:
        for name, weights in self.weights.items():
            if more := set(weights.capabilities) - set(self.capabilities):
                msg = f"weights.{name}.capabilities: {', '.join(sorted(more))} is not among the family's"
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _names_lead_to_voices(self) -> Self:
        known = {voice.id for voice in self.voices}
        named = {
            **{f"openai_voices.{name}": voice for name, voice in self.openai_voices.items()},
            **{f"styles.{name}.voice": style.voice for name, style in self.styles.items()},
            **{f"styles.{name}.of": style.of for name, style in self.styles.items()},
        }
        for place, voice in named.items():
            if voice not in known:
                msg = f"{place}: {voice} is not among the family's voices"
                raise ValueError(msg)
        return self


def load_families(folder: Path = FAMILIES) -> dict[str, Family]:
    """Every family file of `folder`, by name."""
    families: dict[str, Family] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            family = Family.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, ValidationError) as error:
            msg = f"{path.name}: {sentences(error)}"
            raise CatalogError(msg) from error
        if family.name != path.stem:
            msg = f"{path.name}: name is {family.name!r}; it must match the file's name"
            raise CatalogError(msg)
        families[family.name] = family
    return families


def sentences(error: Exception) -> str:
    """What pydantic or a parser found, each with its place."""
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, item['loc'])) or 'file'}: {item['msg']}" for item in error.errors())
    return str(error)
