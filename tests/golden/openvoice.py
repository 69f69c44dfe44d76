"""OpenVoice: base speakers of V1, tone converters of V1 and V2, and the spectrogram, against the golden vectors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from tests.golden.frame import Array, Component, Outcome
from tests.golden.vits import compared, compared_speech, recorded, tensors
from workers.checkpoints import load_strictly
from workers.engines.openvoice.network import ToneConverter, base_speaker
from workers.vits.config import DataConfig, VitsConfig
from workers.vits.lengths import mask_of
from workers.vits.spectrogram import spectrogram
from workers.vits.synthesis import Manner, SpeakingNetwork, Spoken, unfilled


def spectrograms(component: Component) -> Iterator[Outcome]:
    rate = component.config["sampling_rate"]
    for name, lengths in component.config["settings"].items():
        made = spectrogram(_row(component.arrays[f"wav_{name}"]), DataConfig(sampling_rate=rate, **lengths))
        yield component.compare(f"spec_{name}", made.numpy())


@torch.inference_mode()
def tone_converter(component: Component) -> Iterator[Outcome]:
    config = VitsConfig.model_validate(component.config)
    network = unfilled(lambda: ToneConverter(config))
    load_strictly(network, tensors(component.weights), component.folder.name)
    yield from (_conversion_full if component.is_full else _conversion)(component, network, config.data)


@torch.inference_mode()
def base_speakers(component: Component) -> Iterator[Outcome]:
    config = VitsConfig.model_validate(component.config)
    network = unfilled(lambda: base_speaker(config))
    load_strictly(network, tensors(component.weights), component.folder.name)
    cases: Mapping[str, Mapping[str, Any]] = (
        {"": component.run["case"]} if component.is_full else component.run["cases"]
    )
    for name, case in cases.items():
        prefix = f"{name}_" if name else ""
        spoken = _spoken(network, component.arrays, prefix, case)
        yield from compared_speech(component, spoken, prefix, case)


def _conversion(component: Component, network: ToneConverter, data: DataConfig) -> Iterator[Outcome]:
    arrays = component.arrays
    specs = {name: spectrogram(_row(arrays[f"wav_{name}"]), data) for name in ("ref_a", "ref_b", "src")}
    voices = {name: network.embedding(spec) for name, spec in specs.items()}
    mean = (voices["ref_a"] + voices["ref_b"]) / 2
    mask = torch.ones(1, 1, specs["src"].shape[2])
    plain = network(specs["src"], mask, voices["src"], mean, noise=None, tau=0.0)
    noise = torch.from_numpy(arrays["noise_tau"])
    noisy = network(specs["src"], mask, voices["src"], mean, noise=noise, tau=0.3)
    batch = torch.from_numpy(arrays["batch_spec"])
    source, target = (torch.from_numpy(arrays[f"batch_se_{side}"]) for side in ("src", "tgt"))
    batch_mask = mask_of(torch.from_numpy(arrays["batch_lengths"]), batch.shape[2])
    both = network(batch, batch_mask, source, target, noise=None, tau=0.0)
    made = {
        "spec_ref_a": specs["ref_a"],
        "spec_src": specs["src"],
        **{f"se_{name}": voice for name, voice in voices.items()},
        "se_mean": mean,
        "z": plain.source,
        "z_p": plain.neutral,
        "z_hat": plain.target,
        "audio": network.sound(plain.target, mask, mean),
        "z_tau03": noisy.source,
        "audio_tau03": network.sound(noisy.target, mask, mean),
        "batch_audio": network.sound(both.target, batch_mask, target),
        "batch_z": both.source,
    }
    yield from compared(component, made)


def _conversion_full(component: Component, network: ToneConverter, data: DataConfig) -> Iterator[Outcome]:
    arrays = component.arrays
    spec = spectrogram(_row(arrays["wav"]), data)
    source, target = network.embedding(spec), network.embedding(spectrogram(_row(arrays["wav_ref"]), data))
    mask = torch.ones(1, 1, spec.shape[2])
    made = network(spec, mask, source, target, noise=None, tau=0.0)
    yield from compared(
        component,
        {"se_src": source, "se_tgt": target, "z_hat": made.target, "audio": network.sound(made.target, mask, target)},
    )


def _ids(arrays: Mapping[str, Array], case: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    """Symbols [batch, T] of a case and how many of each row are valid."""
    names = [name.strip() for name in case.get("ids", "x").split(",")]
    ids = torch.from_numpy(arrays[names[0]])
    if len(names) > 1:
        return ids, torch.from_numpy(arrays[names[-1]])
    return ids, torch.full((len(ids),), ids.shape[1])


def _spoken(network: SpeakingNetwork, arrays: Mapping[str, Array], prefix: str, case: Mapping[str, Any]) -> Spoken:
    ids, lengths = _ids(arrays, case)
    manner = Manner(case["noise_scale"], case["noise_scale_w"], case["sdp_ratio"], case["length_scale"])
    prior = network.enc_p(ids, mask_of(lengths, ids.shape[1]))
    speaker = network.speaker(torch.from_numpy(arrays[f"{prefix}sid"]))
    return network.speak(prior, speaker, manner, recorded(arrays, prefix))


def _row(samples: Array) -> Tensor:
    return torch.from_numpy(samples)[None]
