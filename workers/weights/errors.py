"""Why weights could not be had."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.errors import PermanentError, StepError, TransientError


class WeightsError(StepError):
    """The root, for who only wants to know that weights are missing."""


class WeightsUnavailable(WeightsError, TransientError):
    """A source could not be reached, or did not have the file; it may later."""

    code = "weights_unavailable"


class WeightsCorrupt(WeightsError, PermanentError):
    """What arrived is not what was pinned or stated; fetching it again gives the same."""

    code = "weights_corrupt"


class WeightsOffline(WeightsError, PermanentError):
    """They are not in the cache, and this machine was told to leave the network alone."""

    code = "weights_offline"


class WeightsMissing(WeightsError, PermanentError):
    """The folder that they are to come from is there, and does not have the file."""

    code = "weights_missing"


def combined(what: str, failures: Sequence[WeightsError]) -> WeightsError:
    """All failures in one: permanent only if no source may have it later."""
    text = f"{what}: {'; '.join(error.detail for error in failures)}"
    if any(isinstance(error, WeightsUnavailable) for error in failures):
        return WeightsUnavailable(text)
    if any(isinstance(error, WeightsCorrupt) for error in failures):
        return WeightsCorrupt(text)
    if any(isinstance(error, WeightsMissing) for error in failures):
        return WeightsMissing(text)
    return WeightsOffline(text)
