"""Harmony Speech V1 against its golden vectors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soxr
import torch

from tests.golden.frame import Array, Component, Outcome, compare, same
from workers.engines.harmonyspeech import frontend, pauses, reference, vocoder
from workers.engines.harmonyspeech.parts import PART_STEP, Encoding, Synthesis, Vocoding
from workers.ge2e.parts import FRAMES, mean_embedding, part_starts
from workers.ge2e.sound import HOP, RATE, WINDOW, mel_frames, voice_flags, without_long_pauses


def check_encoder(component: Component) -> Iterator[Outcome]:
    """The recording made ready, its parts, and the embeddings."""
    encoding = Encoding.of(component.config, tensors(component))
    arrays = component.arrays
    if component.is_full:
        yield component.compare("embedding", mean_embedding(list(encoding.partials(arrays["wav"]))))
        return
    for name in sorted(key.removesuffix("_wav") for key in arrays if key.endswith("_wav")):
        yield from _recording(component, encoding, name)
    table = []
    for samples in arrays["slice_samples"]:
        starts = part_starts(int(samples), PART_STEP)
        last = np.array([starts[-1], starts[-1] + FRAMES])
        table.append([len(starts), *last, *(last * HOP)])
    yield component.compare("slice_table", np.array(table), exact=True)


def _recording(component: Component, encoding: Encoding, name: str) -> Iterator[Outcome]:
    arrays = component.arrays
    wav = arrays[f"{name}_wav"]
    if f"{name}_wav_16k" in arrays:
        rate = int(component.manifest["arrays"][f"{name}_wav"]["meaning"].split()[-2])
        wav = soxr.resample(wav, rate, RATE).astype(np.float32)
        yield component.compare(f"{name}_wav_16k", wav)
    levelled = reference.levelled(wav)
    yield component.compare(f"{name}_levelled", levelled)
    yield component.compare(f"{name}_voice_flags", voice_flags(levelled), exact=True)
    trimmed = without_long_pauses(levelled)
    yield component.compare(f"{name}_trimmed", trimmed)
    yield compare(f"{name}_frames", _frames(trimmed), arrays[f"{name}_frames"], **component.run["tolerance"]["frames"])
    partials = list(encoding.partials(trimmed))
    yield component.compare(f"{name}_partials", np.concatenate(partials))
    yield component.compare(f"{name}_embedding", mean_embedding(partials))


def _frames(samples: Array) -> Array:
    """The mel frames of every part."""
    starts = part_starts(len(samples), PART_STEP)
    missing = max(0, (starts[-1] + FRAMES) * HOP - len(samples))
    whole = mel_frames(torch.from_numpy(np.pad(samples, (WINDOW // 2, missing + WINDOW // 2))))
    return np.stack([whole[start : start + FRAMES].numpy() for start in starts])


def check_synthesizer(component: Component) -> Iterator[Outcome]:
    """Durations, curves and spectrograms of every case."""
    synthesis = Synthesis.of(component.config, tensors(component))
    ids, speaker = component.arrays["x"], component.arrays["embedding"]
    if component.is_full:
        spoken = synthesis.spoken(ids[0], speaker[0], speed=component.run["case"]["alpha"])
        yield component.compare("dur", spoken.durations.numpy())
        yield component.compare("mel", spoken.mel.numpy())
        return
    for name, case in component.run["cases"].items():
        spoken = synthesis.spoken(
            ids[0], speaker[0], speed=case["alpha"], pitch=case["pitch_factor"], energy=case["energy_factor"]
        )
        made = {
            "dur_raw": spoken.predicted,
            "dur": spoken.durations,
            "pitch": spoken.pitch,
            "energy": spoken.energy,
            "mel_pre": spoken.rough,
            "mel": spoken.mel,
        }
        for part, tensor in made.items():
            yield component.compare(f"{name}_{part}", tensor.numpy())


def check_vocoder(component: Component) -> Iterator[Outcome]:
    """Sub-bands, the filter bank alone, the wave form, and its pauses and peak."""
    vocoding = Vocoding.of(component.config, tensors(component))
    arrays, mel = component.arrays, component.arrays["mel"]
    yield component.compare("wav_raw", vocoding.wave(mel))
    if component.is_full:
        return
    yield component.compare("subbands", vocoding.bands(mel).numpy())
    bank = vocoder.FilterBank(arrays["pqmf_in"].shape[1])
    yield component.compare("pqmf_out", bank(torch.from_numpy(arrays["pqmf_in"])).numpy())
    yield component.compare("wav_final", _with_pauses(vocoding, mel, arrays["breaks"]))


def _with_pauses(vocoding: Vocoding, mel: Array, breaks: Array) -> Array:
    """The recorded frames as sentences with their pauses, vocoded as the engine does it."""
    hop = vocoding.config.hop
    sentences = [pauses.with_pause(part, hop) for part in np.split(mel, np.cumsum(breaks)[:-1], axis=1)]
    whole = np.concatenate(sentences, axis=1)
    spoken = pauses.spoken_frames(whole)
    return pauses.spread(np.concatenate(list(vocoding.chunks(whole[:, spoken]))), spoken, hop)


def check_frontend(file: Path) -> Iterator[Outcome]:
    """The table of symbols, and each sentence cleaned and as ids."""
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    yield same("symbols", list(frontend.SYMBOLS), content["symbols"])
    for number, sentence in enumerate(content["sentences"]):
        yield same(f"{number} cleaned", frontend.cleaned(sentence["text"].strip()), sentence["cleaned"])
        yield same(f"{number} x", frontend.symbol_ids(sentence["text"], content["symbols"]), sentence["x"])


def tensors(component: Component) -> dict[str, torch.Tensor]:
    """The component's weights for torch."""
    return {key: torch.from_numpy(np.asarray(value)) for key, value in component.weights.items()}
