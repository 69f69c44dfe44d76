"""The text side of V1's base speakers: IPA of English and Chinese, one symbol number per character."""

from __future__ import annotations

from collections.abc import Sequence

from workers.engines.openvoice.frontend.symbols import SymbolFrontend
from workers.text.pieces import asian_pieces, word_pieces


def frontend(language: str, symbols: Sequence[str]) -> SymbolFrontend:
    """The front end of `EN` or `ZH` for the symbols of its `config.json`; its packages load with it."""
    if language == "ZH":
        from workers.engines.openvoice.frontend import chinese

        return SymbolFrontend(asian_pieces, chinese.cleaned, symbols)
    from workers.engines.openvoice.frontend import english

    return SymbolFrontend(word_pieces, english.Cleaner().cleaned, symbols)


__all__ = ["SymbolFrontend", "frontend"]
