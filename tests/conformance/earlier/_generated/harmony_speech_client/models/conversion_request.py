from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.generation_options import GenerationOptions
    from ..models.output_options import OutputOptions


T = TypeVar("T", bound="ConversionRequest")


@_attrs_define
class ConversionRequest:
    model: str
    source_audio: str
    target_audio: None | str | Unset = UNSET
    target_embedding: None | str | Unset = UNSET
    generation_options: GenerationOptions | Unset = UNSET
    output_options: OutputOptions | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        model = self.model

        source_audio = self.source_audio

        target_audio: None | str | Unset
        if isinstance(self.target_audio, Unset):
            target_audio = UNSET
        else:
            target_audio = self.target_audio

        target_embedding: None | str | Unset
        if isinstance(self.target_embedding, Unset):
            target_embedding = UNSET
        else:
            target_embedding = self.target_embedding

        generation_options: dict[str, Any] | Unset = UNSET
        if not isinstance(self.generation_options, Unset):
            generation_options = self.generation_options.to_dict()

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
        if target_audio is not UNSET:
            field_dict["target_audio"] = target_audio
        if target_embedding is not UNSET:
            field_dict["target_embedding"] = target_embedding
        if generation_options is not UNSET:
            field_dict["generation_options"] = generation_options
        if output_options is not UNSET:
            field_dict["output_options"] = output_options

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.generation_options import GenerationOptions  # noqa: PLC0415
        from ..models.output_options import OutputOptions  # noqa: PLC0415

        d = dict(src_dict)
        model = d.pop("model")

        source_audio = d.pop("source_audio")

        def _parse_target_audio(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        target_audio = _parse_target_audio(d.pop("target_audio", UNSET))

        def _parse_target_embedding(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        target_embedding = _parse_target_embedding(d.pop("target_embedding", UNSET))

        _generation_options = d.pop("generation_options", UNSET)
        generation_options: GenerationOptions | Unset
        if isinstance(_generation_options, Unset):
            generation_options = UNSET
        else:
            generation_options = GenerationOptions.from_dict(_generation_options)

        _output_options = d.pop("output_options", UNSET)
        output_options: OutputOptions | Unset
        if isinstance(_output_options, Unset):
            output_options = UNSET
        else:
            output_options = OutputOptions.from_dict(_output_options)

        conversion_request = cls(
            model=model,
            source_audio=source_audio,
            target_audio=target_audio,
            target_embedding=target_embedding,
            generation_options=generation_options,
            output_options=output_options,
        )

        return conversion_request
