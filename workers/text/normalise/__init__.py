"""A text as it is read out: numbers, money, times, addresses and Markdown in words.

Each rule leaves words alone, so what an engine of ours reads by rules of its own (Kokoro's English clean-up, MeloTTS's
numbers) finds nothing left to do. For Chinese, Japanese, Korean and Hindi the digits stay, as the engines read them by
the counters behind them; signs, units, times and dates are put into words there, too.
"""

from __future__ import annotations

import re
from typing import Final

from workers.text.normalise.dates import dates, named_dates
from workers.text.normalise.emojis import emojis
from workers.text.normalise.links import links
from workers.text.normalise.markdown import plain
from workers.text.normalise.marks import cleaned
from workers.text.normalise.money import money
from workers.text.normalise.nouns import before_nouns
from workers.text.normalise.numbers import numbers, phones, ranges
from workers.text.normalise.romans import romans
from workers.text.normalise.rules import Rules, rules_for
from workers.text.normalise.signs import signs
from workers.text.normalise.times import times
from workers.text.normalise.units import units

#: Rules may meet what others wrote; nothing that people write needs a third time.
_ROUNDS: Final = 4
_SPACES: Final = re.compile(r"[ \t]{2,}")
_AROUND_LINES: Final = re.compile(r"[ \t]*+\n[ \t]*+")
_LINES: Final = re.compile(r"\n{3,}")


def normalised(text: str, language: str | None) -> str:
    """`text` with what is not words in words of `language` (BCP-47); a text that is only words comes back as it is.

    Done twice it is the same as once; where nothing would be left, `text` stays for the engine to judge. Of an
    unknown language only the markup, the emoji and what is invisible goes.
    The time is linear in the length, whatever the text holds.
    """
    rules = rules_for(language)
    spoken = text
    for _ in range(_ROUNDS):
        before, spoken = spoken, _once(spoken, rules)
        if spoken == before:
            break
    return spoken or text


def _once(text: str, rules: Rules | None) -> str:
    text = cleaned(text)
    if rules is not None and rules.language == "de":
        # At the beginning of a line `5. Mai` looks like an item of a list.
        text = named_dates(text, rules)
    text = emojis(plain(text, rules.language if rules else ""), rules)
    if rules is not None:
        text = _in_words(text, rules)
    return _LINES.sub("\n\n", _AROUND_LINES.sub("\n", _SPACES.sub(" ", text))).strip()


def _in_words(text: str, rules: Rules) -> str:
    """The order matters: what is more than a number comes before numbers."""
    text = links(text, rules)
    if any(char.isnumeric() for char in text):
        for rule in (dates, times, phones, ranges, money, units, romans, before_nouns, numbers):
            text = rule(text, rules)
    else:
        text = romans(text, rules)
    return signs(text, rules)
