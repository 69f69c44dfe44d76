"""What is done to the whole sound of a job before it is stored: the field `post_processing` of a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from pipelines.errors import InvalidRequest
from pipelines.formats import WRITTEN_RATES
from pipelines.spoken import FASTEST, SLOWEST

if TYPE_CHECKING:
    from pipelines.requests import JobRequest

#: Where loudness is asked for and nothing is said of the peak: what EBU R 128 allows, in dBTP.
USUAL_PEAK: Final = -1.0
LONGEST_FADE: Final = 30.0


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TrimSilence(_Strict):
    """Silence at both ends goes, but for `keep_ms`."""

    threshold_db: float = Field(
        default=-50.0, ge=-90, le=-20, strict=True, description="What is quieter is silence, in dB of full scale."
    )
    keep_ms: float = Field(default=50.0, ge=0, le=5000, strict=True, description="How much of it stays, at each end.")


def _said_shortly(value: object) -> object:
    """`true` is all of the defaults, `false` none."""
    if value is True:
        return {}
    return None if value is False else value


Trim = Annotated[TrimSilence | None, BeforeValidator(_said_shortly, json_schema_input_type=bool | TrimSilence | None)]
_Fade = Annotated[float, Field(ge=0, le=LONGEST_FADE, strict=True, allow_inf_nan=False)]


class PostProcessing(_Strict):
    """In the order in which it is done: silence, speed, rate, channels, fades, loudness, peak."""

    loudness: float | None = Field(
        default=None, ge=-40, le=-5, strict=True, description="LUFS by ITU-R BS.1770: quieter or louder to it."
    )
    peak: float | None = Field(
        default=None,
        ge=-20,
        le=0,
        strict=True,
        description=f"The highest true peak, in dBTP; {USUAL_PEAK:g} where loudness is given and this is not.",
    )
    trim_silence: Trim = None
    fade_in: _Fade = Field(default=0.0, description="Seconds.")
    fade_out: _Fade = Field(default=0.0, description="Seconds.")
    sample_rate: int | None = Field(default=None, ge=8000, le=48000, strict=True, description="Hz.")
    channels: Annotated[int, Field(ge=1, le=2, strict=True)] = 1
    speed: float = Field(
        default=1.0,
        ge=SLOWEST,
        le=FASTEST,
        strict=True,
        description="2 is twice as fast; the pitch stays. The option `speed` of a model sounds better.",
    )

    @property
    def asked(self) -> Mapping[str, Any]:
        """The fields that ask for something, with what they ask for; none = nothing is to be done."""
        said = self.model_dump()
        return {name: said[name] for name in said if said[name] != type(self).model_fields[name].default}


def check_post_processing(asked: PostProcessing, form: str) -> None:
    """InvalidRequest where the format cannot have the rate that is asked for."""
    rates = WRITTEN_RATES.get(form)
    if asked.sample_rate is not None and rates is not None and asked.sample_rate not in rates:
        message = f"{form} has only: {', '.join(str(rate) for rate in rates)}"
        raise InvalidRequest.of("post_processing.sample_rate", message, code="sample_rate_unsupported")


def refuse_on_stream(request: JobRequest) -> None:
    """InvalidRequest `not_streamable` names the first field that needs the whole sound, which a stream never has."""
    for name in () if request.post_processing is None else request.post_processing.asked:
        if name == "sample_rate":
            continue
        message = "is done to the whole sound, and a stream is heard before there is one; leave out one of the two"
        raise InvalidRequest.of(f"post_processing.{name}", message, code="not_streamable")
