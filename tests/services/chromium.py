"""The browser of this machine, for the tests of the pages and what is measured in them."""

from __future__ import annotations

import shutil

from tests.services.process import ServiceFailed

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def find_chromium() -> str:
    """Its program; ServiceFailed says how to get it where it is missing."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        raise ServiceFailed("Chromium is missing. On Debian: apt install chromium")
    return found
