from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define

from ..types import UNSET, Unset

T = TypeVar("T", bound="GenerationOptions")


@_attrs_define
class GenerationOptions:
    seed: int | None | Unset = UNSET
    style: int | None | str | Unset = UNSET
    speed: float | None | Unset = UNSET
    pitch: float | None | Unset = UNSET
    energy: float | None | Unset = UNSET
    exaggeration: float | None | Unset = UNSET
    cfg_weight: float | None | Unset = UNSET
    temperature: float | None | Unset = UNSET
    repetition_penalty: float | None | Unset = UNSET
    top_p: float | None | Unset = UNSET
    min_p: float | None | Unset = UNSET
    top_k: int | None | Unset = UNSET
    norm_loudness: bool | None | Unset = UNSET

    def to_dict(self) -> dict[str, Any]:
        seed: int | None | Unset
        if isinstance(self.seed, Unset):
            seed = UNSET
        else:
            seed = self.seed

        style: int | None | str | Unset
        if isinstance(self.style, Unset):
            style = UNSET
        else:
            style = self.style

        speed: float | None | Unset
        if isinstance(self.speed, Unset):
            speed = UNSET
        else:
            speed = self.speed

        pitch: float | None | Unset
        if isinstance(self.pitch, Unset):
            pitch = UNSET
        else:
            pitch = self.pitch

        energy: float | None | Unset
        if isinstance(self.energy, Unset):
            energy = UNSET
        else:
            energy = self.energy

        exaggeration: float | None | Unset
        if isinstance(self.exaggeration, Unset):
            exaggeration = UNSET
        else:
            exaggeration = self.exaggeration

        cfg_weight: float | None | Unset
        if isinstance(self.cfg_weight, Unset):
            cfg_weight = UNSET
        else:
            cfg_weight = self.cfg_weight

        temperature: float | None | Unset
        if isinstance(self.temperature, Unset):
            temperature = UNSET
        else:
            temperature = self.temperature

        repetition_penalty: float | None | Unset
        if isinstance(self.repetition_penalty, Unset):
            repetition_penalty = UNSET
        else:
            repetition_penalty = self.repetition_penalty

        top_p: float | None | Unset
        if isinstance(self.top_p, Unset):
            top_p = UNSET
        else:
            top_p = self.top_p

        min_p: float | None | Unset
        if isinstance(self.min_p, Unset):
            min_p = UNSET
        else:
            min_p = self.min_p

        top_k: int | None | Unset
        if isinstance(self.top_k, Unset):
            top_k = UNSET
        else:
            top_k = self.top_k

        norm_loudness: bool | None | Unset
        if isinstance(self.norm_loudness, Unset):
            norm_loudness = UNSET
        else:
            norm_loudness = self.norm_loudness

        field_dict: dict[str, Any] = {}

        field_dict.update({})
        if seed is not UNSET:
            field_dict["seed"] = seed
        if style is not UNSET:
            field_dict["style"] = style
        if speed is not UNSET:
            field_dict["speed"] = speed
        if pitch is not UNSET:
            field_dict["pitch"] = pitch
        if energy is not UNSET:
            field_dict["energy"] = energy
        if exaggeration is not UNSET:
            field_dict["exaggeration"] = exaggeration
        if cfg_weight is not UNSET:
            field_dict["cfg_weight"] = cfg_weight
        if temperature is not UNSET:
            field_dict["temperature"] = temperature
        if repetition_penalty is not UNSET:
            field_dict["repetition_penalty"] = repetition_penalty
        if top_p is not UNSET:
            field_dict["top_p"] = top_p
        if min_p is not UNSET:
            field_dict["min_p"] = min_p
        if top_k is not UNSET:
            field_dict["top_k"] = top_k
        if norm_loudness is not UNSET:
            field_dict["norm_loudness"] = norm_loudness

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)

        def _parse_seed(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        seed = _parse_seed(d.pop("seed", UNSET))

        def _parse_style(data: object) -> int | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | str | Unset, data)

        style = _parse_style(d.pop("style", UNSET))

        def _parse_speed(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        speed = _parse_speed(d.pop("speed", UNSET))

        def _parse_pitch(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        pitch = _parse_pitch(d.pop("pitch", UNSET))

        def _parse_energy(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        energy = _parse_energy(d.pop("energy", UNSET))

        def _parse_exaggeration(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        exaggeration = _parse_exaggeration(d.pop("exaggeration", UNSET))

        def _parse_cfg_weight(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        cfg_weight = _parse_cfg_weight(d.pop("cfg_weight", UNSET))

        def _parse_temperature(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        temperature = _parse_temperature(d.pop("temperature", UNSET))

        def _parse_repetition_penalty(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        repetition_penalty = _parse_repetition_penalty(d.pop("repetition_penalty", UNSET))

        def _parse_top_p(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        top_p = _parse_top_p(d.pop("top_p", UNSET))

        def _parse_min_p(data: object) -> float | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(float | None | Unset, data)

        min_p = _parse_min_p(d.pop("min_p", UNSET))

        def _parse_top_k(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        top_k = _parse_top_k(d.pop("top_k", UNSET))

        def _parse_norm_loudness(data: object) -> bool | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | None | Unset, data)

        norm_loudness = _parse_norm_loudness(d.pop("norm_loudness", UNSET))

        generation_options = cls(
            seed=seed,
            style=style,
            speed=speed,
            pitch=pitch,
            energy=energy,
            exaggeration=exaggeration,
            cfg_weight=cfg_weight,
            temperature=temperature,
            repetition_penalty=repetition_penalty,
            top_p=top_p,
            min_p=min_p,
            top_k=top_k,
            norm_loudness=norm_loudness,
        )

        return generation_options
