from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define

from ..models.speech_request_mode import SpeechRequestMode
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.generation_options import GenerationOptions
    from ..models.output_options import OutputOptions
    from ..models.speech_request_post_generation_filters_item import SpeechRequestPostGenerationFiltersItem
    from ..models.speech_request_pre_processing_filters_item import SpeechRequestPreProcessingFiltersItem


T = TypeVar("T", bound="SpeechRequest")


@_attrs_define
class SpeechRequest:
    model: str
    input_: str
    mode: SpeechRequestMode
    language: None | str | Unset = UNSET
    voice: None | str | Unset = UNSET
    input_audio: None | str | Unset = UNSET
    input_vad_mode: None | str | Unset = UNSET
    input_vad_data: None | str | Unset = UNSET
    input_embedding: None | str | Unset = UNSET
    generation_options: GenerationOptions | Unset = UNSET
    output_options: OutputOptions | Unset = UNSET
    pre_processing_filters: list[SpeechRequestPreProcessingFiltersItem] | Unset = UNSET
    post_generation_filters: list[SpeechRequestPostGenerationFiltersItem] | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        model = self.model

        input_ = self.input_

        mode = self.mode.value

        language: None | str | Unset
        if isinstance(self.language, Unset):
            language = UNSET
        else:
            language = self.language

        voice: None | str | Unset
        if isinstance(self.voice, Unset):
            voice = UNSET
        else:
            voice = self.voice

        input_audio: None | str | Unset
        if isinstance(self.input_audio, Unset):
            input_audio = UNSET
        else:
            input_audio = self.input_audio

        input_vad_mode: None | str | Unset
        if isinstance(self.input_vad_mode, Unset):
            input_vad_mode = UNSET
        else:
            input_vad_mode = self.input_vad_mode

        input_vad_data: None | str | Unset
        if isinstance(self.input_vad_data, Unset):
            input_vad_data = UNSET
        else:
            input_vad_data = self.input_vad_data

        input_embedding: None | str | Unset
        if isinstance(self.input_embedding, Unset):
            input_embedding = UNSET
        else:
            input_embedding = self.input_embedding

        generation_options: dict[str, Any] | Unset = UNSET
        if not isinstance(self.generation_options, Unset):
            generation_options = self.generation_options.to_dict()

        output_options: dict[str, Any] | Unset = UNSET
        if not isinstance(self.output_options, Unset):
            output_options = self.output_options.to_dict()

        pre_processing_filters: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.pre_processing_filters, Unset):
            pre_processing_filters = []
            for pre_processing_filters_item_data in self.pre_processing_filters:
                pre_processing_filters_item = pre_processing_filters_item_data.to_dict()
                pre_processing_filters.append(pre_processing_filters_item)

        post_generation_filters: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.post_generation_filters, Unset):
            post_generation_filters = []
            for post_generation_filters_item_data in self.post_generation_filters:
                post_generation_filters_item = post_generation_filters_item_data.to_dict()
                post_generation_filters.append(post_generation_filters_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "model": model,
                "input": input_,
                "mode": mode,
            }
        )
        if language is not UNSET:
            field_dict["language"] = language
        if voice is not UNSET:
            field_dict["voice"] = voice
        if input_audio is not UNSET:
            field_dict["input_audio"] = input_audio
        if input_vad_mode is not UNSET:
            field_dict["input_vad_mode"] = input_vad_mode
        if input_vad_data is not UNSET:
            field_dict["input_vad_data"] = input_vad_data
        if input_embedding is not UNSET:
            field_dict["input_embedding"] = input_embedding
        if generation_options is not UNSET:
            field_dict["generation_options"] = generation_options
        if output_options is not UNSET:
            field_dict["output_options"] = output_options
        if pre_processing_filters is not UNSET:
            field_dict["pre_processing_filters"] = pre_processing_filters
        if post_generation_filters is not UNSET:
            field_dict["post_generation_filters"] = post_generation_filters

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.generation_options import GenerationOptions  # noqa: PLC0415
        from ..models.output_options import OutputOptions  # noqa: PLC0415
        from ..models.speech_request_post_generation_filters_item import SpeechRequestPostGenerationFiltersItem  # noqa: PLC0415
        from ..models.speech_request_pre_processing_filters_item import SpeechRequestPreProcessingFiltersItem  # noqa: PLC0415

        d = dict(src_dict)
        model = d.pop("model")

        input_ = d.pop("input")

        mode = SpeechRequestMode(d.pop("mode"))

        def _parse_language(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        language = _parse_language(d.pop("language", UNSET))

        def _parse_voice(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        voice = _parse_voice(d.pop("voice", UNSET))

        def _parse_input_audio(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        input_audio = _parse_input_audio(d.pop("input_audio", UNSET))

        def _parse_input_vad_mode(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        input_vad_mode = _parse_input_vad_mode(d.pop("input_vad_mode", UNSET))

        def _parse_input_vad_data(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        input_vad_data = _parse_input_vad_data(d.pop("input_vad_data", UNSET))

        def _parse_input_embedding(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        input_embedding = _parse_input_embedding(d.pop("input_embedding", UNSET))

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

        _pre_processing_filters = d.pop("pre_processing_filters", UNSET)
        pre_processing_filters: list[SpeechRequestPreProcessingFiltersItem] | Unset = UNSET
        if _pre_processing_filters is not UNSET:
            pre_processing_filters = []
            for pre_processing_filters_item_data in _pre_processing_filters:
                pre_processing_filters_item = SpeechRequestPreProcessingFiltersItem.from_dict(
                    pre_processing_filters_item_data
                )

                pre_processing_filters.append(pre_processing_filters_item)

        _post_generation_filters = d.pop("post_generation_filters", UNSET)
        post_generation_filters: list[SpeechRequestPostGenerationFiltersItem] | Unset = UNSET
        if _post_generation_filters is not UNSET:
            post_generation_filters = []
            for post_generation_filters_item_data in _post_generation_filters:
                post_generation_filters_item = SpeechRequestPostGenerationFiltersItem.from_dict(
                    post_generation_filters_item_data
                )

                post_generation_filters.append(post_generation_filters_item)

        speech_request = cls(
            model=model,
            input_=input_,
            mode=mode,
            language=language,
            voice=voice,
            input_audio=input_audio,
            input_vad_mode=input_vad_mode,
            input_vad_data=input_vad_data,
            input_embedding=input_embedding,
            generation_options=generation_options,
            output_options=output_options,
            pre_processing_filters=pre_processing_filters,
            post_generation_filters=post_generation_filters,
        )

        return speech_request
