from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="TranscriptionRequest")


@_attrs_define
class TranscriptionRequest:
    model: str
    input_audio: str
    get_language: bool | Unset = UNSET
    get_timestamps: bool | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        model = self.model

        input_audio = self.input_audio

        get_language = self.get_language

        get_timestamps = self.get_timestamps

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "model": model,
                "input_audio": input_audio,
            }
        )
        if get_language is not UNSET:
            field_dict["get_language"] = get_language
        if get_timestamps is not UNSET:
            field_dict["get_timestamps"] = get_timestamps

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        model = d.pop("model")

        input_audio = d.pop("input_audio")

        get_language = d.pop("get_language", UNSET)

        get_timestamps = d.pop("get_timestamps", UNSET)

        transcription_request = cls(
            model=model,
            input_audio=input_audio,
            get_language=get_language,
            get_timestamps=get_timestamps,
        )

        return transcription_request
