from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.text_segment import TextSegment


T = TypeVar("T", bound="TextResponse")


@_attrs_define
class TextResponse:
    id: str
    model: str
    created: int
    text: str
    language: None | str
    timestamps: list[TextSegment] | None

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        model = self.model

        created = self.created

        text = self.text

        language: None | str
        language = self.language

        timestamps: list[dict[str, Any]] | None
        if isinstance(self.timestamps, list):
            timestamps = []
            for timestamps_type_0_item_data in self.timestamps:
                timestamps_type_0_item = timestamps_type_0_item_data.to_dict()
                timestamps.append(timestamps_type_0_item)

        else:
            timestamps = self.timestamps

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "model": model,
                "created": created,
                "text": text,
                "language": language,
                "timestamps": timestamps,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.text_segment import TextSegment  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        model = d.pop("model")

        created = d.pop("created")

        text = d.pop("text")

        def _parse_language(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        language = _parse_language(d.pop("language"))

        def _parse_timestamps(data: object) -> list[TextSegment] | None:
            if data is None:
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                timestamps_type_0 = []
                _timestamps_type_0 = data
                for timestamps_type_0_item_data in _timestamps_type_0:
                    timestamps_type_0_item = TextSegment.from_dict(timestamps_type_0_item_data)

                    timestamps_type_0.append(timestamps_type_0_item)

                return timestamps_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[TextSegment] | None, data)

        timestamps = _parse_timestamps(d.pop("timestamps"))

        text_response = cls(
            id=id,
            model=model,
            created=created,
            text=text,
            language=language,
            timestamps=timestamps,
        )

        return text_response
