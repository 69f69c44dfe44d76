"""What every test may use: the real services, started once per test process and only where asked for."""

import os
from collections.abc import Iterator
from importlib.util import find_spec

import hypothesis
import pytest

# How long an example takes depends on what else runs here.
hypothesis.settings.register_profile("suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("suite")

pytest_plugins = ["tests.services.plugin", "tests.alone", "tests.earlier"] if find_spec("tests.services.plugin") else []


@pytest.fixture(autouse=True)
def _no_setting_is_left() -> Iterator[None]:
    """Tests of one process share its environment: a setting that one leaves behind fails another, somewhere else."""
    before = set(os.environ)
    yield
    left = {name for name in os.environ if name.startswith("HARMONY_")} - before
    for name in left:
        del os.environ[name]
    assert not left, "left in the environment"
