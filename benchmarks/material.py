"""What the efficiency benchmark works on: recordings cut from a real one, and sentences."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

from harmony.demo.scenario import ENGLISH
from media.client import MediaHelper
from workers.contract import Audio
from workers.wav import read_wav

RATE = 16_000
#: Seconds of the recordings. Beginnings of one sentence: a text that repeats itself makes Whisper decode again with
#: random samples, whose time says nothing.
_LENGTHS = (3.0, 4.0, 5.0, 6.0, 7.0)

_SENTENCES = (
    "The ferry leaves the harbour at seven.",
    "Please close the window before the rain comes in.",
    "Nobody had expected the orchestra to play outside.",
    "A small lamp was burning in the corner.",
    "They walked home along the river in silence.",
    "Bread, butter and a little honey were all he wanted.",
    "The train to the coast is late again today.",
    "Her letter arrived two weeks after she did.",
    "Every clock in the house showed another time.",
    "We counted eleven geese above the frozen lake.",
)


def recordings(count: int) -> list[Audio]:
    """`count` recordings of a reader's voice at 16 kHz, of five lengths."""
    with tempfile.TemporaryDirectory() as folder, closing(MediaHelper()) as media:
        target = Path(folder) / "audio.wav"
        media.decode(ENGLISH, target, sample_rate=RATE)
        voice = read_wav(target).samples
    lengths = (_LENGTHS[number % len(_LENGTHS)] for number in range(count))
    return [Audio(voice[: int(seconds * RATE)], RATE) for seconds in lengths]


def sentences(count: int) -> list[str]:
    """`count` sentences; nothing is kept between jobs, so a sentence may come again."""
    return [_SENTENCES[number % len(_SENTENCES)] for number in range(count)]
