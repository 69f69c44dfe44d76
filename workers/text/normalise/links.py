# ruff: noqa: RUF001 - full-width marks and signs are what is looked for here
"""Addresses as they are read out: `https://example.com/a-b` as `example dot com slash a dash b`; files, too."""

from __future__ import annotations

import re
from typing import Final

from workers.text.normalise.figures import LETTERS
from workers.text.normalise.rules import Rules

_URL: Final = re.compile(rf"(?<![{LETTERS}])(?:(?:https?|ftp)://|www\.)[^\s<>\"“”«»。，、）」』]++", re.IGNORECASE)
_EMAIL: Final = re.compile(
    r"(?:mailto:)?(?<![\w.+\-@])([\w.+\-]{1,64}+)@((?:[\w\-]{1,63}+\.){1,6}[^\W\d_]{2,24})(?![\w@])"
)
#: Without `https://` only what ends as nothing but an address does …
_DOMAIN: Final = re.compile(
    rf"(?<![{LETTERS}@./\-])(?:[a-z0-9\-]{{1,63}}+\.){{1,5}}?(?:com|org|net|edu|gov|io|ai|dev|app|info|co\.uk)(?![{LETTERS}\-]|\.\w)"
    rf"(?:/[^\s<>\"“”«»。，、）」』]*+)?",
    re.IGNORECASE,
)
#: … or the name of a file.
_FILE: Final = re.compile(
    r"(?<![\w@./\-])[\w\-]{1,80}+(?:\.[\w\-]{1,20}+){0,3}?\.(?:pdf|txt|csv|json|ya?ml|toml|py|js|ts|html?|xml|md|docx?|xlsx?|pptx?|png"
    r"|jpe?g|gif|svg|mp[34]|wav|flac|ogg|zip|gz|exe|sh|cfg|ini|log)(?![\w\-]|\.\w)"
)
_HANDLE: Final = re.compile(r"(?<![\w@.])@(?=[A-Za-z_])|(?<![\w#&])#(?=[^\W\d_])")
_BEHIND: Final = ".,;:!?…'’*_~"
#: A query longer than this is for machines; nobody reads it out.
_LONGEST_QUERY: Final = 30


def links(text: str, rules: Rules) -> str:
    """`text` with its addresses in words."""
    if "." in text or "/" in text:
        text = _URL.sub(lambda found: _url(found.group(), rules), text)
        text = _EMAIL.sub(lambda found: f"{_spelled(found[1], rules)} {rules.at} {_spelled(found[2], rules)}", text)
        text = _DOMAIN.sub(lambda found: _url(found.group(), rules), text)
        text = _FILE.sub(lambda found: _spelled(found.group(), rules), text)
    return _HANDLE.sub(lambda found: f"{_handle(found.group(), rules)} ", text)


def _handle(sign: str, rules: Rules) -> str:
    if sign == "@":
        return rules.at
    return rules.hash if rules.numbers is None else "hashtag"


def _url(written: str, rules: Rules) -> str:
    """The address without its scheme; marks behind it belong to the sentence."""
    address = written.rstrip(_BEHIND)
    while address.endswith((")", "]")) and address.count("(") < address.count(")") + address.count("]"):
        address = address[:-1].rstrip(_BEHIND)
    behind = written[len(address) :]
    shown = re.sub(r"^(?:https?|ftp)://", "", address, flags=re.IGNORECASE)
    shown = re.sub(r"^www\.", "", shown, flags=re.IGNORECASE)
    host, mark, query = re.split(r"([?#])", shown, maxsplit=1) if re.search(r"[?#]", shown) else (shown, "", "")
    host = host.rstrip("/")
    kept = f"{host}{mark}{query}" if len(query) <= _LONGEST_QUERY else host
    return f"{_spelled(kept.rstrip('/'), rules)}{behind}"


def _spelled(address: str, rules: Rules) -> str:
    names = {
        ".": rules.dot, "/": rules.slash, "-": rules.dash, "_": rules.underscore, ":": rules.colon,
        "?": rules.question, "=": rules.equals, "&": rules.et, "#": rules.hash, "+": rules.plus, "@": rules.at,
    }  # fmt: skip
    words = "".join(f" {names[char]} " if char in names else char if char.isalnum() else " " for char in address)
    return " ".join(words.split())
