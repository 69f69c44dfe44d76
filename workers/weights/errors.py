"""Why weights could not be had."""

from __future__ import annotations

from pipelines.errors import PermanentError, StepError, TransientError


class WeightsError(StepError):
    """The root, for who only wants to know that weights are missing."""


class WeightsUnavailable(WeightsError, TransientError):
    """A registry could not be reached, or did not have the package; it may later."""

    code = "weights_unavailable"


class WeightsCorrupt(WeightsError, PermanentError):
    """What arrived is not what was pinned; fetching it again gives the same."""

    code = "weights_corrupt"
