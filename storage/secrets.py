"""The secret that signs webhooks which bring none of their own."""

from __future__ import annotations

from base64 import b64encode

from storage.links import kept_secret
from storage.settings import StorageSettings


def webhook_secret(settings: StorageSettings) -> str:
    """`whsec_…`: the configured one, else one kept in the data directory, made at first use."""
    if settings.webhook_secret is not None:
        return settings.webhook_secret.get_secret_value()
    return "whsec_" + b64encode(kept_secret(settings.data_dir / "webhook-secret")).decode()
