"""Ways of speaking that a family has as voices of their own, found by the words in which somebody asks for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from pipelines.errors import InvalidRequest

if TYPE_CHECKING:
    from pipelines.catalog import Model

_WORD = re.compile(r"[a-z]+")


class Style(BaseModel):
    """A style: the voice that speaks so, the plain voice that it is a style of, and the words that ask for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    voice: str
    of: str
    words: tuple[str, ...] = Field(min_length=1)


def styles_of(model: Model) -> dict[str, Style]:
    """The styles whose voices this model has."""
    return {name: style for name, style in model.family.styles.items() if model.voice(style.voice) is not None}


def style_for(instructions: str, model: Model, *, field: str) -> Style:
    """The one style that the instructions ask for; InvalidRequest, naming `field`, if that is none or several."""
    known = styles_of(model)
    if not known:
        message = f"{model.name} speaks in one way only and takes none; leave it out"
        raise InvalidRequest.of(field, message, code="field_not_supported")
    words = set(_WORD.findall(instructions.lower()))
    meant = [name for name, style in known.items() if words.intersection(style.words)]
    if len(meant) != 1:
        told = f"asks for {' and '.join(meant)}" if meant else "asks for no style that it has"
        message = f"{told}; {model.name} speaks in one of: {', '.join(known)}"
        raise InvalidRequest.of(field, message, code="invalid_option")
    return known[meant[0]]
