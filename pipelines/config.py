"""`config.yml` as written: which models this deployment has. What is wrong with it is told all at once, by line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipelines.config_models import did_you_mean, problems_of_model
from pipelines.errors import CatalogError
from pipelines.family import Capability, DeviceClass, Family, OptionValue
from pipelines.yamltext import Document, Problem, parse
from pipelines.yamltext import Path as Place

_NAME = re.compile(r"^[a-z0-9][a-z0-9._-]{0,63}$")


class ModelEntry(BaseModel):
    """One entry under `models:` of `config.yml`, as written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=_NAME.pattern)
    family: str
    weights: str | None = None
    #: The folder that its weights come from instead: `path:/FOLDER`, `s3:BUCKET/PREFIX`, `hf:OWNER/REPO@REVISION`.
    source: str | None = None
    #: The revision of a hub's repository; elsewhere a label of your own, to be changed with the files.
    revision: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")
    device: DeviceClass = DeviceClass.CPU
    pool: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")
    languages: tuple[str, ...] | None = None
    settings: Mapping[str, OptionValue] = Field(default_factory=dict)


@dataclass(frozen=True)
class Config:
    """The whole file: its models in their order, and which serves a kind when a job names none."""

    models: tuple[ModelEntry, ...]
    defaults: Mapping[Capability, str]
    aliases: Mapping[str, str]


#: In words, what the patterns of ModelEntry say.
_FORMS = {
    "name": "lower-case letters, digits, '.', '_' and '-', 64 at most, a letter or digit first",
    "pool": "lower-case letters, digits, '_' and '-', 32 at most, a letter or digit first",
    "revision": "letters, digits, '.', '_' and '-', a letter or digit first",
}


def read_config(config: Path, families: Mapping[str, Family]) -> Config:
    """The file; CatalogError lists everything that is wrong with it, each with its line and how to mend it."""
    try:
        text = config.read_text(encoding="utf-8")
    except OSError as error:
        msg = f"{config}: {error.strerror}; HARMONY_CONFIG or --config names the file"
        raise CatalogError(msg) from error
    except UnicodeDecodeError as error:
        raise CatalogError(f"{config.name}: not UTF-8 text") from error
    document = parse(text)
    reader = _Reader(document, families)
    made = Config(tuple(reader.models()), reader.defaults(), reader.aliases())
    problems = sorted({*document.problems, *reader.problems})
    if problems:
        raise CatalogError("\n".join(f"{config.name}:{item.line}: {item.sentence}" for item in problems))
    return made


_KEYS = ("models", "defaults", "aliases")


class _Reader:
    """Goes through the document once and notes what is wrong; a bad entry does not hide the next."""

    def __init__(self, document: Document, families: Mapping[str, Family]) -> None:
        self._document = document
        self._families = families
        self._entries: dict[str, ModelEntry] = {}
        self.problems: list[Problem] = []
        if not document.problems and not isinstance(document.data, dict):
            self._note((), "must have the keys models and defaults")
        self._data: dict[Any, Any] = document.data if isinstance(document.data, dict) else {}
        for key in self._data:
            if key not in _KEYS:
                self._note((key,), f"unknown key {key!r}; {did_you_mean(str(key), _KEYS)}")

    def models(self) -> Iterator[ModelEntry]:
        listed = self._data.get("models")
        if not isinstance(listed, list) or not listed:
            if self._data:
                self._note(("models",), "models must be a list with at least one model: `- name: …` and `family: …`")
            return
        lines: dict[str, int] = {}
        for number, raw in enumerate(listed):
            entry = self._entry(raw, ("models", number))
            name = raw.get("name") if isinstance(raw, dict) else None
            if isinstance(name, str) and name in lines:
                before = f"the first is on line {lines[name]}"
                self._note(
                    ("models", number, "name"), f"two models are named {name}; give each its own name ({before})"
                )
            elif isinstance(name, str):
                lines[name] = self._document.line(("models", number, "name"))
            if entry is not None:
                self._entries.setdefault(entry.name, entry)
                yield entry

    def defaults(self) -> dict[Capability, str]:
        raw = self._data.get("defaults") or {}
        if not isinstance(raw, dict):
            self._note(("defaults",), "defaults must name a model for each kind: `speech: NAME`")
            return {}
        made: dict[Capability, str] = {}
        for kind, name in raw.items():
            if kind not in set(Capability):
                self._note(
                    ("defaults", str(kind)), f"defaults: unknown kind {kind!r}; {did_you_mean(str(kind), Capability)}"
                )
            elif (sentence := self._default_problem(Capability(kind), name)) is not None:
                self._note(("defaults", kind), f"defaults.{kind}: {sentence}")
            else:
                made[Capability(kind)] = name
        return made

    def aliases(self) -> dict[str, str]:
        raw = self._data.get("aliases") or {}
        if not isinstance(raw, dict):
            self._note(("aliases",), "aliases must name a model for each further name: `tts-1: NAME`")
            return {}
        made: dict[str, str] = {}
        for alias, name in raw.items():
            if not isinstance(alias, str) or _NAME.fullmatch(alias) is None:
                self._note(("aliases", str(alias)), f"aliases: {alias!r} must be {_FORMS['name']}")
            elif alias in self._entries:
                self._note(("aliases", alias), f"aliases.{alias}: a model has this name already; choose another")
            elif name not in self._entries:
                known = did_you_mean(str(name), self._entries)
                self._note(("aliases", alias), f"aliases.{alias}: no model {name!r}; {known}")
            else:
                made[alias] = name
        return made

    def _default_problem(self, kind: Capability, name: object) -> str | None:
        entry = self._entries.get(name) if isinstance(name, str) else None
        family = None if entry is None else self._families.get(entry.family)
        if entry is not None and (family is None or kind in self._capabilities(entry)):
            return None  # an unknown family is told where the model stands
        able = [other.name for other in self._entries.values() if kind in self._capabilities(other)]
        return f"no model {name!r} with that capability; models that have it: {', '.join(able) or 'none'}"

    def _capabilities(self, entry: ModelEntry) -> tuple[Capability, ...]:
        family = self._families.get(entry.family)
        if family is None:
            return ()
        weights = family.weights.get(entry.weights or "")
        return tuple(
            each for each in family.capabilities if weights is None or each in (weights.capabilities or [each])
        )

    def _entry(self, raw: object, place: Place) -> ModelEntry | None:
        if not isinstance(raw, dict):
            self._note(place, "a model is written as `- name: …` and `family: …`")
            return None
        try:
            entry = ModelEntry.model_validate(raw)
        except ValidationError as error:
            for item in error.errors():
                self._note((*place, *item["loc"]), _shape_sentence(raw, item))
            return None
        for key, sentence in problems_of_model(entry, self._families):
            self._note((*place, *key), f"model {entry.name}: {sentence}")
        return entry

    def _note(self, place: Place, sentence: str) -> None:
        self.problems.append(Problem(self._document.line(place), sentence))


def _shape_sentence(raw: Mapping[Any, Any], item: Any) -> str:  # noqa: ANN401 - pydantic's own form
    """What pydantic found, in the words of who wrote the file."""
    key = ".".join(str(part) for part in item["loc"])
    whose = f"model {raw['name']}: " if isinstance(raw.get("name"), str) else ""
    if item["type"] == "extra_forbidden":
        return f"{whose}unknown key {key!r}; {did_you_mean(key, ModelEntry.model_fields)}"
    if item["type"] == "missing":
        return f"{whose}the key {key!r} is missing"
    if item["type"] == "string_pattern_mismatch" and key in _FORMS:
        return f"{whose}{key} {item['input']!r} must be {_FORMS[key]}"
    if item["type"] == "enum":
        return f"{whose}{key} {item['input']!r}: {did_you_mean(str(item['input']), DeviceClass)}"
    return f"{whose}{key}: {item['msg']}"
