"""What every family's engine needs: its options with their types, its input checked, its library's errors as ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from pipelines.catalog import Model, OptionSpec, OptionValue
from pipelines.errors import PermanentError, ResourceError, StepError, TransientError
from workers.contract import Audio, SpeechRegion

#: −80 dB of full scale: below it a recording holds nothing but the noise of its own format.
SILENCE = 1e-4

_NO_MEMORY = re.compile(r"out of memory|bad_alloc|cannot allocate|can't allocate|failed to allocate", re.IGNORECASE)


@dataclass(frozen=True)
class Options:
    """The options of one call; what the call leaves out has its default from the family's file."""

    specs: Mapping[str, OptionSpec]
    given: Mapping[str, OptionValue]

    @classmethod
    def of(cls, model: Model, given: Mapping[str, OptionValue]) -> Options:
        return cls(model.family.options, given)

    def _value(self, name: str) -> OptionValue:
        value = self.given.get(name)
        return self.specs[name].default if value is None else value

    def number(self, name: str) -> float:
        return float(self._value(name) or 0)

    def number_or_none(self, name: str) -> float | None:
        """None where neither the call nor the family's file says one."""
        value = self._value(name)
        return None if value is None else float(value)

    def integer(self, name: str) -> int:
        return int(self._value(name) or 0)

    def flag(self, name: str) -> bool:
        return bool(self._value(name))

    def text(self, name: str) -> str:
        return str(self._value(name) or "")


def checked(audio: Audio, sample_rate: int) -> Audio:
    """`audio` itself, if it has samples and the rate the engine takes; a PermanentError if not."""
    if len(audio.samples) == 0:
        raise PermanentError("The recording is empty.", code="audio_empty")
    if audio.sample_rate != sample_rate:
        raise PermanentError(f"The engine takes {sample_rate} Hz, not {audio.sample_rate}.", code="sample_rate")
    return audio


def heard(audio: Audio, segments: Sequence[SpeechRegion]) -> Audio:
    """The stretches of `audio` that are to be listened to, one after the other; all of it if none is named."""
    if not segments:
        return audio
    rate = audio.sample_rate
    pieces = [audio.samples[round(part.start * rate) : round(part.end * rate)] for part in segments]
    return Audio(np.concatenate(pieces), rate)


def is_silent(audio: Audio) -> bool:
    """Whether no sample rises above the noise of the format."""
    return not bool(np.any(np.abs(audio.samples) > SILENCE))


@contextmanager
def library_errors(name: str) -> Iterator[None]:
    """Turns what the library `name` raises into a StepError: memory, input that cannot work, or the rest."""
    try:
        yield
    except StepError:
        raise
    except MemoryError as error:
        raise ResourceError(f"{name} ran out of memory.") from error
    except (ValueError, TypeError) as error:
        raise PermanentError(
            f"{name} cannot work on this input: {type(error).__name__}.", code="engine_refused"
        ) from error
    except Exception as error:
        # The kind is told, never the text: a library may quote the user's words in it.
        if _NO_MEMORY.search(str(error)):
            raise ResourceError(f"{name} ran out of memory.") from error
        raise TransientError(f"{name} failed: {type(error).__name__}.", code="engine_failed") from error
