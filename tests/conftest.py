"""What every test may use: the real services, started once per test process and only where asked for."""

from importlib.util import find_spec

pytest_plugins = ["tests.services.plugin"] if find_spec("tests.services.plugin") else []
