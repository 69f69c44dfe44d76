"""`python -m api`: serves HTTP until it is asked to stop."""

from __future__ import annotations

import sys

from api.main import create_app
from api.server import make_server
from api.settings import ApiSettings, is_loopback
from pipelines.catalog import load_catalog
from pipelines.egress import EgressRules, UrlInvalid
from pipelines.errors import CatalogError
from storage.logs import configure
from storage.settings import StorageSettings


def main() -> int:
    """The exit status: 2 where the settings cannot be served."""
    settings, storage = ApiSettings(), StorageSettings()
    configure(storage.log_level)
    refusal = _refusal(settings, storage)
    if refusal is not None:
        sys.stderr.write(f"{refusal}\n")
        return 2
    server = make_server(
        create_app(settings, storage),
        settings.host,
        settings.port,
        drain_seconds=settings.drain_seconds,
        patience=storage.shutdown_seconds,
    )
    server.run()
    return 0 if server.started else 1


def _refusal(settings: ApiSettings, storage: StorageSettings) -> str | None:
    """Why these settings cannot be served."""
    if not is_loopback(settings.host):
        return (
            f"HARMONY_HOST is {settings.host}: without API keys the service answers this machine only. "
            "Use 127.0.0.1, ::1 or localhost."
        )
    try:
        load_catalog(storage.config)
        EgressRules.parse(storage.egress_allow)
    except CatalogError as error:
        return error.detail
    except UrlInvalid as error:
        return f"HARMONY_EGRESS_ALLOW: {error}"
    return None


if __name__ == "__main__":
    sys.exit(main())
