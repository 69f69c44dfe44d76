# ruff: noqa: RUF001 - Chinese punctuation
"""How well each language of Kokoro is understood: `python -m benchmarks.kokoro_languages [LANGUAGE …]`.

Two voices of each language speak four sentences; whisper-base (int8) writes them down, told the language. The figure is
the share of words that came out wrong (WER), of characters (CER) for Chinese and Japanese, which have no spaces: with
the recogniser's own errors and spelling, so a language is comparable with itself, not with another.
Needs `pip install .[kokoro-ja,kokoro-zh,faster-whisper]`, jiwer, soxr and espeak-ng.
"""

from __future__ import annotations

import sys
import time
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import jiwer
import numpy as np

from pipelines.catalog import load_catalog
from workers.contract import Audio, Device, RecognitionRequest, Segment, SynthesisRequest
from workers.resampling import resampled
from workers.residency import Residency
from workers.weights import WeightStore, default_cache

#: Everyday sentences without numbers, which are written in more than one way.
TEXTS: Final[Mapping[str, tuple[str, ...]]] = {
    "en-US": (
        "My sister's house is near the sea, and we visit her every summer.",
        "The train to the city leaves early in the morning.",
        "He closed the window because it was cold outside.",
        "Would you like a cup of tea or a glass of water?",
    ),
    "en-GB": (
        "My sister's house is near the sea, and we visit her every summer.",
        "The train to the city leaves early in the morning.",
        "He closed the window because it was cold outside.",
        "Would you like a cup of tea or a glass of water?",
    ),
    "es": (
        "La casa de mi hermana está cerca del mar, y todos los veranos vamos a verla.",
        "El tren para la ciudad sale muy temprano por la mañana.",
        "Cerró la ventana porque hacía frío en la calle.",
        "¿Quieres una taza de té o un vaso de agua?",
    ),
    "fr-FR": (
        "La maison de ma sœur est près de la mer, et nous allons la voir chaque été.",
        "Le train pour la ville part très tôt le matin.",
        "Il a fermé la fenêtre parce qu'il faisait froid dehors.",
        "Voulez-vous une tasse de thé ou un verre d'eau ?",
    ),
    "it": (
        "La casa di mia sorella è vicino al mare, e ogni estate andiamo a trovarla.",
        "Il treno per la città parte molto presto la mattina.",
        "Ha chiuso la finestra perché fuori faceva freddo.",
        "Vuoi una tazza di tè o un bicchiere d'acqua?",
    ),
    "pt-BR": (
        "A casa da minha irmã fica perto do mar, e todo verão vamos visitá-la.",
        "O trem para a cidade sai muito cedo de manhã.",
        "Ele fechou a janela porque estava frio lá fora.",
        "Você quer uma xícara de chá ou um copo de água?",
    ),
    "hi": (
        "मेरी बहन का घर समुद्र के पास है और हम हर गर्मी में उससे मिलने जाते हैं।",
        "शहर जाने वाली गाड़ी सुबह बहुत जल्दी निकलती है।",
        "उसने खिड़की बंद कर दी क्योंकि बाहर ठंड थी।",
        "क्या आप चाय पीना चाहते हैं या पानी?",
    ),
    "ja": (
        "姉の家は海の近くにあるので、毎年夏に会いに行きます。",
        "町へ行く電車は朝早く出発します。",
        "外が寒かったので、彼は窓を閉めました。",
        "お茶を飲みますか、それとも水がいいですか。",
    ),
    "zh": (
        "我姐姐的家离海很近，我们每年夏天都去看她。",
        "去城里的火车早上很早就出发。",
        "因为外面很冷，他关上了窗户。",
        "你想喝一杯茶还是一杯水？",
    ),
}
BY_CHARACTER: Final = frozenset({"ja", "zh"})
VOICES: Final = 2
RATE: Final = 16000


def main(languages: Sequence[str]) -> None:
    catalog = load_catalog(Path(__file__).parents[1] / "config.yml")
    residency = Residency(catalog, WeightStore(default_cache()), Device(threads=2))
    with residency.use("kokoro") as kokoro, residency.use("whisper-base") as whisper:
        print("language  measure  first voice          second voice         seconds of sound  CPU s per s")
        for language in languages or TEXTS:
            known = catalog.models["kokoro"].voices
            voices = [voice.id for voice in known if voice.language == language]
            # The first woman and, where there is one, the first man.
            chosen = sorted({voices[0], next((name for name in voices if name[1] == "m"), voices[0])})[:VOICES]
            print(_line(language, [measured(kokoro, whisper, language, voice) for voice in chosen], chosen), flush=True)


def measured(kokoro: Any, whisper: Any, language: str, voice: str) -> tuple[float, float, float]:  # noqa: ANN401 - engines
    """The error rate, the seconds of sound and the CPU seconds of making it."""
    references, hypotheses, sound, work = [], [], 0.0, 0.0
    for text in TEXTS[language]:
        started = time.process_time()
        audio = _whole(kokoro.synthesize(SynthesisRequest(text, voice, language)))
        work += time.process_time() - started
        sound += audio.seconds
        request = RecognitionRequest(language=language.split("-", maxsplit=1)[0])
        segments = [item for item in whisper.transcribe(resampled(audio, RATE), request) if isinstance(item, Segment)]
        references.append(_plain(text))
        hypotheses.append(_plain(" ".join(segment.text for segment in segments)))
    if language in BY_CHARACTER:
        said, understood = ([text.replace(" ", "") for text in texts] for texts in (references, hypotheses))
        return float(jiwer.cer(said, understood)), sound, work
    return float(jiwer.wer(references, hypotheses)), sound, work


def _whole(chunks: Iterator[object]) -> Audio:
    pieces = [chunk for chunk in chunks if isinstance(chunk, Audio)]
    return Audio(np.concatenate([piece.samples for piece in pieces]), pieces[0].sample_rate)


def _plain(text: str) -> str:
    """Without punctuation and case: letters with their marks, and spaces."""
    kept = (char if unicodedata.category(char)[0] in "LMN" else " " for char in unicodedata.normalize("NFC", text))
    return " ".join("".join(kept).lower().split())


def _line(language: str, figures: list[tuple[float, float, float]], voices: list[str]) -> str:
    said = [f"{voice} {rate:.1%}".ljust(20) for voice, (rate, _, _) in zip(voices, figures, strict=True)]
    sound, work = sum(one[1] for one in figures), sum(one[2] for one in figures)
    measure = "CER" if language in BY_CHARACTER else "WER"
    return f"{language:<9} {measure:<8} {' '.join(said):<41} {sound:>16.1f}  {work / sound:>16.2f}"


if __name__ == "__main__":
    main(sys.argv[1:])
