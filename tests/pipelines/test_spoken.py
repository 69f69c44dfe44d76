"""Options that every model takes for speech, whatever its family."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.catalog import Capability, Catalog, as_public
from pipelines.errors import InvalidRequest
from pipelines.planning import Limits, plan
from pipelines.requests import parse_request
from tests.pipelines.catalogs import MODELS, catalog_of


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return catalog_of(tmp_path, MODELS)


def step(catalog: Catalog, options: dict[str, Any]) -> dict[str, Any]:
    body = {"kind": "speech", "input": {"text": "Hello."}, "options": options}
    return dict(plan(parse_request(body), catalog, Limits()).plan.steps[0].options)


def test_the_step_learns_whether_the_text_is_normalised(catalog: Catalog) -> None:
    assert step(catalog, {})["normalise"] is True
    assert step(catalog, {"normalise": False})["normalise"] is False
    # The engine's own options stay what its family says.
    assert "normalise" not in step(catalog, {"normalise": False})["options"]


def test_anything_but_a_boolean_is_refused(catalog: Catalog) -> None:
    with pytest.raises(InvalidRequest) as refused:
        step(catalog, {"normalise": "yes"})
    assert [(field.field, field.message) for field in refused.value.fields] == [
        ("options.normalise", "must be of type boolean")
    ]


def test_every_speaking_model_lists_it(catalog: Catalog) -> None:
    for model in catalog:
        listed = as_public(model)["options"]
        for capability, options in listed.items():
            assert ("normalise" in options) == (capability == Capability.SPEECH)
