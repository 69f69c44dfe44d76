from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define

T = TypeVar("T", bound="DataResponse")


@_attrs_define
class DataResponse:
    id: str
    model: str
    created: int
    data: str

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        model = self.model

        created = self.created

        data = self.data

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "id": id,
                "model": model,
                "created": created,
                "data": data,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        model = d.pop("model")

        created = d.pop("created")

        data = d.pop("data")

        data_response = cls(
            id=id,
            model=model,
            created=created,
            data=data,
        )

        return data_response
