"""Options of every model that speaks: the step acts on them, before and behind the engine, which does not see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pipelines.family import OptionSpec

#: How much slower and faster every model speaks: by itself as far as it can, and stretched for the rest.
SLOWEST: Final = 0.25
FASTEST: Final = 4.0

#: By name, as `/v1/models` lists them with the model's own. A model's own option of the same name takes precedence.
SPOKEN: Final[Mapping[str, OptionSpec]] = {
    "normalise": OptionSpec(
        type="boolean",
        description="Whether numbers, money, units, times, dates, addresses, emoji and Markdown are put into words",
        default=True,
    ),
    "speed": OptionSpec(
        type="number",
        description="1 is the voice's own pace, 2 twice as fast; the pitch stays",
        default=1.0,
        minimum=SLOWEST,
        maximum=FASTEST,
    ),
}


def spoken_options(own: Mapping[str, OptionSpec]) -> Mapping[str, OptionSpec]:
    """A speaking model's options with those of every speech; its own speed reaches as far as everybody's."""
    speed = own.get("speed", SPOKEN["speed"])
    return {**SPOKEN, **own, "speed": speed.model_copy(update={"minimum": SLOWEST, "maximum": FASTEST})}


def own_speed(own: OptionSpec | None, pace: float) -> float:
    """How much of `pace` the engine does itself; 1 where it has no speed, and what is left is stretched."""
    if own is None:
        return 1.0
    slowest, fastest = own.minimum or SLOWEST, own.maximum or FASTEST
    return min(max(pace, slowest), fastest)
