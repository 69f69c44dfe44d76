"""What reading a language takes: its phonemes, its sentences, and where a long one is cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from workers.engines.kokoro.foreign import halves, sentences

Halves = Callable[[str], list[str]]


class Phonemizer(Protocol):
    """Text to Kokoro's signs, with the punctuation and the spaces that shape its melody."""

    def phonemes(self, text: str) -> str: ...


@dataclass(frozen=True)
class Reading:
    """How the texts of one language are read."""

    phonemizer: Phonemizer
    sentences: Callable[[str], Iterator[str]]
    halves: Halves


def foreign_reading(language: str, phonemizer: Phonemizer) -> Reading:
    """That of every language but English."""
    return Reading(phonemizer, partial(sentences, language=language), halves)
