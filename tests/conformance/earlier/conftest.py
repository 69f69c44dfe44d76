"""The Harmony door of the stack that the OpenAI door is tested on."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from harmony.background import BackgroundStack


@pytest.fixture(scope="session")
def door(stack: BackgroundStack) -> Iterator[httpx.Client]:
    """Speaks to the stack."""
    with httpx.Client(base_url=stack.url, timeout=180, trust_env=False) as http:
        yield http
