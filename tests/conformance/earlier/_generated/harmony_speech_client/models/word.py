from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="Word")


@_attrs_define
class Word:
    word: str
    start: float
    end: float
    probability: float

    def to_dict(self) -> dict[str, Any]:
        word = self.word

        start = self.start

        end = self.end

        probability = self.probability

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "word": word,
                "start": start,
                "end": end,
                "probability": probability,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        word = d.pop("word")

        start = d.pop("start")

        end = d.pop("end")

        probability = d.pop("probability")

        word = cls(
            word=word,
            start=start,
            end=end,
            probability=probability,
        )

        return word
