from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

if TYPE_CHECKING:
    from ..models.stretch import Stretch


T = TypeVar("T", bound="ActivityResponse")


@_attrs_define
class ActivityResponse:
    id: str
    model: str
    created: int
    speech_activity: bool
    timestamps: list[Stretch] | None

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        model = self.model

        created = self.created

        speech_activity = self.speech_activity

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
                "speech_activity": speech_activity,
                "timestamps": timestamps,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.stretch import Stretch  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        model = d.pop("model")

        created = d.pop("created")

        speech_activity = d.pop("speech_activity")

        def _parse_timestamps(data: object) -> list[Stretch] | None:
            if data is None:
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                timestamps_type_0 = []
                _timestamps_type_0 = data
                for timestamps_type_0_item_data in _timestamps_type_0:
                    timestamps_type_0_item = Stretch.from_dict(timestamps_type_0_item_data)

                    timestamps_type_0.append(timestamps_type_0_item)

                return timestamps_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[Stretch] | None, data)

        timestamps = _parse_timestamps(d.pop("timestamps"))

        activity_response = cls(
            id=id,
            model=model,
            created=created,
            speech_activity=speech_activity,
            timestamps=timestamps,
        )

        return activity_response
