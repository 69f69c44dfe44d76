from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

T = TypeVar("T", bound="Voice")


@_attrs_define
class Voice:
    voice: str
    styles: list[str]

    def to_dict(self) -> dict[str, Any]:
        voice = self.voice

        styles = self.styles

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "voice": voice,
                "styles": styles,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        voice = d.pop("voice")

        styles = cast(list[str], d.pop("styles"))

        voice = cls(
            voice=voice,
            styles=styles,
        )

        return voice
