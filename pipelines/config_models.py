"""What can be wrong with one model of `config.yml` that is well formed: names that its family does not know."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from pipelines.errors import CatalogError
from pipelines.languages import normalise_language, same_language
from pipelines.sources import files_in, scheme

if TYPE_CHECKING:
    from pipelines.config import ModelEntry
    from pipelines.family import Family
    from pipelines.weightsets import WeightSet

#: The key that is wrong, within the entry, and what is wrong with it.
Found = Iterator[tuple[tuple[str | int, ...], str]]


def problems_of_model(entry: ModelEntry, families: Mapping[str, Family]) -> Found:
    """Everything about `entry` that its family refuses."""
    family = families.get(entry.family)
    if family is None:
        yield ("family",), f"unknown family {entry.family!r}; {did_you_mean(entry.family, families)}"
        return
    yield from _weights(entry, family)
    yield from _source(entry, family)
    if entry.device not in family.devices:
        yield ("device",), f"family {family.name} cannot run there; device must be one of: {', '.join(family.devices)}"
    yield from _languages(entry, family)
    for name, value in entry.settings.items():
        spec = family.settings.get(name)
        if spec is None:
            said = f"family {family.name} takes no setting {name!r}; {did_you_mean(name, family.settings)}"
            yield ("settings", name), said
        elif value is not None and (problem := spec.problem(value)) is not None:
            yield ("settings", name), f"settings.{name} {problem}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The nearest known word as a question, and all of them."""
    words = sorted(known)
    near = difflib.get_close_matches(word, words, n=1)
    question = f"did you mean {str(near[0])!r}? " if near else ""
    return f"{question}known: {', '.join(words) or 'none'}"


def _weights(entry: ModelEntry, family: Family) -> Found:
    if not family.weights:
        if entry.weights is not None:
            yield ("weights",), f"family {family.name} has no weights; remove the line"
    elif entry.weights is None:
        yield (), f"the key 'weights' is missing; weights must be one of: {', '.join(sorted(family.weights))}"
    elif entry.weights not in family.weights:
        yield ("weights",), f"unknown weights {entry.weights!r}; {did_you_mean(entry.weights, family.weights)}"


def _source(entry: ModelEntry, family: Family) -> Found:
    if not family.weights:
        for key in ("source", "revision"):
            if getattr(entry, key) is not None:
                yield (key,), f"family {family.name} has no weights; remove {key}"
    elif entry.source is not None:
        try:
            files_in(entry.source, entry.revision)
        except CatalogError as error:
            yield ("source",), f"source: {error.detail}"
    elif entry.revision is not None and not _may_be_of_a_hub(_chosen(entry, family)):
        yield ("revision",), "its weights come from no hub, and no source is named; remove revision"


def _languages(entry: ModelEntry, family: Family) -> Found:
    weights = _chosen(entry, family)
    spoken = (weights.languages if weights is not None else ()) or family.languages
    for number, language in enumerate(entry.languages or ()):
        if normalise_language(language) != language:
            tag = normalise_language(language)
            mend = f"write {tag!r}" if tag else "a language is a tag such as en or en-US"
            yield ("languages", number), f"unknown language {language!r}; {mend}"
        elif spoken and not any(same_language(language, known) for known in spoken):
            said = f"family {family.name} does not have the language {language!r}; it has: {', '.join(spoken)}"
            yield ("languages", number), said


def _chosen(entry: ModelEntry, family: Family) -> WeightSet | None:
    return None if entry.weights is None else family.weights.get(entry.weights)


def _may_be_of_a_hub(weights: WeightSet | None) -> bool:
    """Whether a revision means something; unknown weights are told of already."""
    return weights is None or any(
        scheme(part) == "hf" for file in weights.files for parts in file.sources for part in parts
    )
