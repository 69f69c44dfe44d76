# ruff: noqa: RUF001 - phonetic letters and other scripts' punctuation are what this module is about
"""Phonemes by espeak-ng, which is GPL: a program of its own that is asked over a pipe, never part of this process."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from typing import Final

from pipelines.errors import PermanentError, TransientError

PROGRAM: Final = "espeak-ng"
_SECONDS: Final = 30.0

#: What espeak calls the languages that Kokoro's authors phonemized by it.
VOICES: Final = {"es": "es", "fr-FR": "fr-fr", "hi": "hi", "it": "it", "pt-BR": "pt-br"}

#: Pairs that Kokoro has one sign for; espeak ties them by ^.
_TIED: Final = (
    ("a^ɪ", "I"), ("a^ʊ", "W"), ("d^z", "ʣ"), ("d^ʒ", "ʤ"), ("e^ɪ", "A"), ("o^ʊ", "O"), ("s^s", "S"), ("t^s", "ʦ"),
    ("t^ʃ", "ʧ"), ("ə^ʊ", "Q"), ("ɔ^ɪ", "Y"),
    # Hindi's flap, which espeak 1.51 writes as in its own alphabet; the full stop would be heard as a pause.
    ("r.", "ɽ"),
)  # fmt: skip
#: Where a word is of another language: (en)…(fr).
_SWITCHED: Final = re.compile(r"\([^)]*\)")
#: Punctuation is kept as it stands, as espeak drops it; inside a number it belongs to the number.
_MARKS: Final = re.compile(r"(\s*(?:[;:,.!?¡¿—–…\"«»“”()\[\]{}।]+(?<!\d[.,:](?=\d))\s*)+)")
_WRITTEN: Final = str.maketrans({"«": "“", "»": "”", "–": "—", "।": "."})


class EspeakPhonemizer:
    """One of VOICES."""

    def __init__(self, language: str) -> None:
        self._voice = VOICES[language]

    def phonemes(self, text: str) -> str:
        """The phonemes of `text`, with its punctuation and spaces.

        PermanentError `missing_dependency` without the program; TransientError if it failed.
        """
        pieces = _MARKS.split(text)
        words = [index for index in range(0, len(pieces), 2) if pieces[index].strip()]
        for index, spoken in zip(words, self._spoken([pieces[index] for index in words]), strict=True):
            pieces[index] = spoken
        return "".join(pieces).translate(_WRITTEN).strip()

    def _spoken(self, pieces: Sequence[str]) -> list[str]:
        """Each piece in Kokoro's signs. espeak is given one paragraph per piece, and answers with one."""
        if not pieces:
            return []
        said = self._asked("\n\n".join(" ".join(piece.split()) for piece in pieces))
        paragraphs = [part for part in re.split(r"\n\s*\n", said.strip()) if part.strip()]
        if len(paragraphs) != len(pieces):
            # A piece without a sound, an emoji say, leaves no paragraph; one by one, none takes another's place.
            paragraphs = [self._asked(piece) for piece in pieces]
        return [_in_signs(part) for part in paragraphs]

    def _asked(self, text: str) -> str:
        command = [PROGRAM, "-q", "--ipa", "--tie=^", "-b", "1", "-v", self._voice, "--stdin"]
        try:
            done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=_SECONDS, check=True)
        except FileNotFoundError as error:
            message = f"{PROGRAM} is not installed; install it (Debian, Ubuntu: apt install {PROGRAM})."
            raise PermanentError(message, code="missing_dependency") from error
        except (subprocess.SubprocessError, OSError) as error:
            raise TransientError(f"{PROGRAM} failed: {type(error).__name__}.", code="engine_failed") from error
        return done.stdout.decode("utf-8", "replace")


def _in_signs(ipa: str) -> str:
    line = " ".join(_SWITCHED.sub("", ipa).split())
    for tied, sign in _TIED:
        line = line.replace(tied, sign)
    return line.replace("^", "").replace("-", "")
