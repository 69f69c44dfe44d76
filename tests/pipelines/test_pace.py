"""The option `speed`: as much of it as a model can do is its own, the rest is stretched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.catalog import Capability, Catalog, load_catalog
from pipelines.errors import InvalidRequest
from pipelines.jobs import Step
from pipelines.planning import Limits, plan
from pipelines.requests import parse_request
from tests.pipelines.catalogs import CLONING, catalog_of

ROOT = Path(__file__).parents[2]
EMBEDDING = {"embedding": {"family": "vocoding", "vector": [1.0, 0.0, 0.0]}}


def steps(catalog: Catalog, model: str, more: dict[str, Any] | None = None, **options: Any) -> dict[str, Step]:
    body = {"kind": "speech", "model": model, "input": {"text": "Hello.", **(more or {})}, "options": options}
    return {step.name: step for step in plan(parse_request(body), catalog, Limits()).plan.steps}


@pytest.mark.parametrize(
    ("asked", "own", "stretch"), [(1.0, 1.0, 1.0), (1.5, 1.5, 1.0), (4, 2.0, 2.0), (0.25, 0.5, 0.5), (0.5, 0.5, 1.0)]
)
def test_a_model_with_a_speed_uses_it_as_far_as_it_goes(asked: float, own: float, stretch: float) -> None:
    spoken = steps(load_catalog(ROOT / "config.yml"), "kokoro", speed=asked)["synthesize"].options
    assert spoken["options"]["speed"] == own
    assert (spoken["stretch"], spoken["pace"]) == (stretch, asked)


def test_a_model_without_one_is_stretched(tmp_path: Path) -> None:
    catalog = catalog_of(tmp_path, CLONING)
    spoken = steps(catalog, "polyglot", speed=0.7)["synthesize"].options
    assert (spoken["stretch"], spoken["pace"]) == (0.7, 0.7)
    assert "speed" not in spoken["options"], "the engine has no such option"
    assert steps(catalog, "polyglot")["synthesize"].options["stretch"] == 1.0
    vocoded = steps(catalog, "vocoding", {"reference": EMBEDDING}, speed=2)
    assert vocoded["vocode"].options["stretch"] == 2


@pytest.mark.parametrize("speed", [0.24, 4.01, "fast", True, float("nan")])
def test_speeds_out_of_bounds_are_refused_by_name(speed: object) -> None:
    with pytest.raises(InvalidRequest, match=r"options\.speed"):
        steps(load_catalog(ROOT / "config.yml"), "kokoro", speed=speed)


def test_every_model_that_speaks_lists_it() -> None:
    for model in load_catalog(ROOT / "config.yml").with_capability(Capability.SPEECH):
        spec = model.all_options(Capability.SPEECH)["speed"]
        assert (spec.minimum, spec.maximum, spec.default) == (0.25, 4.0, 1.0)
    recogniser = load_catalog(ROOT / "config.yml").models["whisper-base"]
    assert "speed" not in recogniser.all_options(Capability.TRANSCRIPTION)
