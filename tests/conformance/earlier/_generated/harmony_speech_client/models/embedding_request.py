from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="EmbeddingRequest")


@_attrs_define
class EmbeddingRequest:
    model: str
    input_audio: str

    def to_dict(self) -> dict[str, Any]:
        model = self.model

        input_audio = self.input_audio

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "model": model,
                "input_audio": input_audio,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        model = d.pop("model")

        input_audio = d.pop("input_audio")

        embedding_request = cls(
            model=model,
            input_audio=input_audio,
        )

        return embedding_request
