"""`python -m benchmarks.voices [MODEL]`: how a model's built-in voices sound, as speaker embeddings.

Each voice speaks the same sentences; the default embedding model hears them. What is written is read by
`pipelines.nearest`, so run it anew when the family gets voices, or when either model gets other weights.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import soxr

from pipelines.catalog import Capability, Catalog, Model, Voice, load_catalog
from pipelines.nearest import DECIMALS, file_of
from pipelines.voices import Space
from workers.contract import (
    Audio,
    Device,
    Embedding,
    EmbeddingRequest,
    Samples,
    SpeakerEncoder,
    SynthesisRequest,
    Synthesizer,
)
from workers.pitch import median_pitch
from workers.residency import Residency
from workers.weights import WeightStore, default_cache

#: Said by every voice; one in the voice's own language sounds more like it than English does.
SENTENCES = {
    "en": (
        "The ferry leaves the harbour at seven, and nobody had expected the orchestra to play outside.",
        "Her letter arrived two weeks after she did; we counted eleven geese above the frozen lake.",
    ),
    "es": ("El barco sale del puerto a las siete, y nadie esperaba que la orquesta tocara fuera.",),
    "fr": ("Le bateau quitte le port à sept heures, et personne n'attendait que l'orchestre joue dehors.",),
    "hi": ("नाव सात बजे बंदरगाह से निकलती है, और किसी ने नहीं सोचा था कि वे बाहर बजाएँगे।",),
    "it": ("Il traghetto lascia il porto alle sette, e nessuno si aspettava che l'orchestra suonasse fuori.",),
    "ja": ("船は七時に港を出ます。外で音楽が演奏されるとは、誰も思っていませんでした。",),
    "pt": ("O barco sai do porto às sete, e ninguém esperava que a orquestra tocasse lá fora.",),
    "zh": ("渡船七点离开港口, 没有人想到乐队会在外面演奏。",),
}


def main(arguments: list[str]) -> None:
    """Writes the file of the model's family."""
    catalog = load_catalog(Path("config.yml"))
    speaking = _named(catalog, arguments[0]) if arguments else catalog.default(Capability.SPEECH)
    listening = catalog.default(Capability.EMBEDDING)
    if speaking is None or listening is None or (space := Space.of(listening)) is None:
        raise SystemExit("config.yml needs a model that speaks and one that makes speaker embeddings")
    residency = Residency(catalog, WeightStore(default_cache()), Device(threads=2))
    vectors: dict[str, list[float]] = {}
    pitches: dict[str, float] = {}
    for voice in speaking.family.voices:
        heard, pitch = _heard(residency, speaking, listening, voice)
        vectors[voice.id] = [round(float(value), DECIMALS) for value in heard]
        pitches[voice.id] = round(pitch, 1)
        sys.stdout.write(f"{voice.id}\n")
        sys.stdout.flush()
    rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(vector)}" for name, vector in vectors.items())
    head = f'"space": {json.dumps(space.name)},\n"revision": {json.dumps(space.revision)},\n'
    head += f'"pitches": {json.dumps(pitches)},\n'
    file_of(speaking).write_text(f'{{\n{head}"voices": {{\n{rows}\n}}}}\n', encoding="utf-8")


def _named(catalog: Catalog, name: str) -> Model:
    model = catalog.get(name)
    if model is None:
        raise SystemExit(f"config.yml has no model {name}")
    return model


def _heard(residency: Residency, speaking: Model, listening: Model, voice: Voice) -> tuple[Samples, float]:
    """The mean of what is heard in each sentence, of length 1; and the voice's pitch in Hz."""
    found: list[Samples] = []
    sounds: list[Samples] = []
    for sentence in SENTENCES[voice.language.partition("-")[0]]:
        with residency.use(speaking.name) as engine:
            if not isinstance(engine, Synthesizer):
                raise SystemExit(f"{speaking.name} does not speak")
            request = SynthesisRequest(sentence, voice.id, voice.language, {})
            pieces = [piece for piece in engine.synthesize(request) if isinstance(piece, Audio)]
        rate = listening.family.sample_rate
        sound = np.concatenate([piece.samples for piece in pieces])
        sounds.append(sound)
        resampled = soxr.resample(sound, pieces[0].sample_rate, rate).astype(np.float32)
        with residency.use(listening.name) as encoder:
            if not isinstance(encoder, SpeakerEncoder):
                raise SystemExit(f"{listening.name} makes no speaker embeddings")
            chunks = encoder.embed(Audio(resampled, rate), EmbeddingRequest())
            found.extend(chunk.vector for chunk in chunks if isinstance(chunk, Embedding))
    mean = np.mean(found, axis=0)
    unit: Samples = (mean / np.linalg.norm(mean)).astype(np.float32)
    pitch = median_pitch(Audio(np.concatenate(sounds), speaking.family.sample_rate))
    if pitch is None:
        raise SystemExit(f"{voice.id} has no pitch")
    return unit, pitch


if __name__ == "__main__":
    main(sys.argv[1:])
