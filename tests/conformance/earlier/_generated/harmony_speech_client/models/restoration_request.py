from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.output_options import OutputOptions


T = TypeVar("T", bound="RestorationRequest")


@_attrs_define
class RestorationRequest:
    model: str
    source_audio: str
    output_options: OutputOptions | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        model = self.model

        source_audio = self.source_audio

        output_options: dict[str, Any] | Unset = UNSET
        if not isinstance(self.output_options, Unset):
            output_options = self.output_options.to_dict()

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "model": model,
                "source_audio": source_audio,
            }
        )
        if output_options is not UNSET:
            field_dict["output_options"] = output_options

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.output_options import OutputOptions  # noqa: PLC0415

        d = dict(src_dict)
        model = d.pop("model")

        source_audio = d.pop("source_audio")

        _output_options = d.pop("output_options", UNSET)
        output_options: OutputOptions | Unset
        if isinstance(_output_options, Unset):
            output_options = UNSET
        else:
            output_options = OutputOptions.from_dict(_output_options)

        restoration_request = cls(
            model=model,
            source_audio=source_audio,
            output_options=output_options,
        )

        return restoration_request
