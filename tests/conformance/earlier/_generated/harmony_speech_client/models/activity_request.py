from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="ActivityRequest")


@_attrs_define
class ActivityRequest:
    model: str
    input_audio: str
    get_timestamps: bool | Unset = UNSET
    threshold: float | None | Unset = UNSET
    min_speech_duration_ms: int | None | Unset = UNSET
    min_silence_duration_ms: int | None | Unset = UNSET
    speech_pad_ms: int | None | Unset = UNSET
    return_seconds: bool | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        model = self.model

        input_audio = self.input_audio

        get_timestamps = self.get_timestamps

        threshold: float | None | Unset
        if isinstance(self.threshold, Unset):
            threshold = UNSET
        else:
            threshold = self.threshold

        min_speech_duration_ms: int | None | Unset
        if isinstance(self.min_speech_duration_ms, Unset):
            min_speech_duration_ms = UNSET
        else:
            min_speech_duration_ms = self.min_speech_duration_ms

        min_silence_duration_ms: int | None | Unset
        if isinstance(self.min_silence_duration_ms, Unset):
            min_silence_duration_ms = UNSET
        else:
            min_silence_duration_ms = self.min_silence_duration_ms

        speech_pad_ms: int | None | Unset
        if isinstance(self.speech_pad_ms, Unset):
            speech_pad_ms = UNSET
        else:
            speech_pad_ms = self.speech_pad_ms

        return_seconds = self.return_seconds

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "model": model,
                "input_audio": input_audio,
            }
        )
        if get_timestamps is not UNSET:
            field_dict["get_timestamps"] = get_timestamps
        if threshold is not UNSET:
            field_dict["threshold"] = threshold
        if min_speech_duration_ms is not UNSET:
            field_dict["min_speech_duration_ms"] = min_speech_duration_ms
        if min_silence_duration_ms is not UNSET:
            field_dict["min_silence_duration_ms"] = min_silence_duration_ms
        if speech_pad_ms is not UNSET:
            field_dict["speech_pad_ms"] = speech_pad_ms
        if return_seconds is not UNSET:
            field_dict["return_seconds"] = return_seconds

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        model = d.pop("model")

        input_audio = d.pop("input_audio")

        get_timestamps = d.pop("get_timestamps", UNSET)

        def _parse_threshold(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        threshold = _parse_threshold(d.pop("threshold", UNSET))

        def _parse_min_speech_duration_ms(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        min_speech_duration_ms = _parse_min_speech_duration_ms(d.pop("min_speech_duration_ms", UNSET))

        def _parse_min_silence_duration_ms(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        min_silence_duration_ms = _parse_min_silence_duration_ms(d.pop("min_silence_duration_ms", UNSET))

        def _parse_speech_pad_ms(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        speech_pad_ms = _parse_speech_pad_ms(d.pop("speech_pad_ms", UNSET))

        return_seconds = d.pop("return_seconds", UNSET)

        activity_request = cls(
            model=model,
            input_audio=input_audio,
            get_timestamps=get_timestamps,
            threshold=threshold,
            min_speech_duration_ms=min_speech_duration_ms,
            min_silence_duration_ms=min_silence_duration_ms,
            speech_pad_ms=speech_pad_ms,
            return_seconds=return_seconds,
        )

        return activity_request
