"""What each role drags in, seen from a fresh interpreter."""

import json
import subprocess
import sys

import pytest

_HEAVY = {
    "av",
    "torch",
    "celery",
    "kombu",
    "onnxruntime",
    "ctranslate2",
    "faster_whisper",
    "misaki",
    "spacy",
    "numpy",
    "redis",
}
#: What pydantic and yaml themselves bring.
_THEIR_OWN = {"annotated_types", "cython_runtime", "pydantic_core", "typing_extensions", "typing_inspection"}
_WEB = {"fastapi", "starlette", "uvicorn"}


def loaded(module: str) -> set[str]:
    """The top-level modules that are there after importing `module`."""
    code = f"import json, sys, {module}; print(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("module", ["api.main", "harmony.cli", "harmony.local", "storage.jobs", "pipelines.planning"])
def test_without_engines_and_broker(module: str) -> None:
    assert loaded(module) & _HEAVY == set()


def test_the_dispatcher_loads_no_engine_and_no_web_framework() -> None:
    assert loaded("workers.dispatcher") & ({"torch", "onnxruntime", "ctranslate2", "spacy"} | _WEB) == set()


def test_a_slot_loads_its_engines_only_when_a_step_needs_them() -> None:
    assert loaded("workers.slot") & ({"torch", "onnxruntime", "ctranslate2", "spacy"} | _WEB) == set()


@pytest.mark.parametrize("module", ["storage.settings", "api.settings", "workers.settings", "harmony.settings"])
def test_settings_are_light(module: str) -> None:
    assert loaded(module) & (_HEAVY | _WEB | {"sqlalchemy", "boto3", "httpx"}) == set()


def test_the_client_needs_httpx_only() -> None:
    # Which itself tries for its command line: click, pygments, rich.
    httpx = {"anyio", "certifi", "click", "h11", "httpcore", "httpx", "idna", "pygments", "rich", "sniffio"}
    allowed = {"harmony", "pipelines", *httpx, *_THEIR_OWN, *sys.stdlib_module_names}
    assert {name for name in loaded("harmony.client") - allowed if not name.startswith("_")} == set()


def test_pipelines_need_pydantic_and_yaml_only() -> None:
    allowed = {"pipelines", "pydantic", "yaml", *_THEIR_OWN, *sys.stdlib_module_names}
    assert {name for name in loaded("pipelines.planning") - allowed if not name.startswith("_")} == set()
