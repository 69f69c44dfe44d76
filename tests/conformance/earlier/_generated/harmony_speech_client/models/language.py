from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.voice import Voice


T = TypeVar("T", bound="Language")


@_attrs_define
class Language:
    language: str
    voices: list[Voice]

    def to_dict(self) -> dict[str, Any]:
        language = self.language

        voices = []
        for voices_item_data in self.voices:
            voices_item = voices_item_data.to_dict()
            voices.append(voices_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "language": language,
                "voices": voices,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.voice import Voice  # noqa: PLC0415

        d = dict(src_dict)
        language = d.pop("language")

        voices = []
        _voices = d.pop("voices")
        for voices_item_data in _voices:
            voices_item = Voice.from_dict(voices_item_data)

            voices.append(voices_item)

        language = cls(
            language=language,
            voices=voices,
        )

        return language
