"""The front end of a language, imported and loaded when it is asked for: each needs libraries of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pipelines.errors import PermanentError
from workers.engines.melotts.frontend.base import Frontend, Tokenizer


def _english(folder: Path, tokenizer: Tokenizer) -> Frontend:
    from workers.engines.melotts.frontend.english import EnglishFrontend
    from workers.engines.melotts.frontend.pronouncing import Pronouncer

    return EnglishFrontend(tokenizer, Pronouncer.load(folder))


def _spanish(_: Path, tokenizer: Tokenizer) -> Frontend:
    from workers.engines.melotts.frontend.romance import spanish

    return spanish(tokenizer)


def _french(_: Path, tokenizer: Tokenizer) -> Frontend:
    from workers.engines.melotts.frontend.romance import french

    return french(tokenizer)


def _chinese(_: Path, __: Tokenizer) -> Frontend:
    from workers.engines.melotts.frontend.chinese import ChineseFrontend

    return ChineseFrontend()


def _mixed(folder: Path, tokenizer: Tokenizer) -> Frontend:
    from workers.engines.melotts.frontend.english import EnglishFrontend
    from workers.engines.melotts.frontend.mixed import MixedFrontend
    from workers.engines.melotts.frontend.pronouncing import Pronouncer

    return MixedFrontend(tokenizer, EnglishFrontend(tokenizer, Pronouncer.load(folder)).word)


def _japanese(_: Path, tokenizer: Tokenizer) -> Frontend:
    from workers.engines.melotts.frontend.japanese import JapaneseFrontend
    from workers.text.kakasi import Kakasi

    return JapaneseFrontend(tokenizer, Kakasi())


def _korean(folder: Path, tokenizer: Tokenizer) -> Frontend:
    from workers.engines.melotts.frontend.korean import KoreanFrontend
    from workers.engines.melotts.frontend.korean_sounds import KoreanSounds

    return KoreanFrontend(tokenizer, KoreanSounds.load(folder))


#: By the names of `symbols.LANGUAGE_IDS`; each takes the weight folder and the language model's tokenizer.
_LOADERS: Final[Mapping[str, Callable[[Path, Tokenizer], Frontend]]] = MappingProxyType(
    {
        "EN": _english,
        "ES": _spanish,
        "FR": _french,
        "ZH": _chinese,
        "ZH_MIX_EN": _mixed,
        "JP": _japanese,
        "KR": _korean,
    }
)


def load_frontend(language: str, folder: Path, tokenizer: Tokenizer) -> Frontend:
    """The front end of `language` (EN, ZH_MIX_EN …); PermanentError `missing_dependency` names the extra it lacks."""
    try:
        return _LOADERS[language](folder, tokenizer)
    except ImportError as error:
        message = f"The front end for {language} lacks {error.name}; install the extra melotts."
        raise PermanentError(message, code="missing_dependency") from error
