"""The schema's history, and the call that brings a database to its newest state."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config


def configuration(url: str) -> Config:
    """Alembic's configuration for the database at `url`."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["url"] = url
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Brings the database at `url` to `revision`; nothing happens if it is there."""
    command.upgrade(configuration(url), revision)
