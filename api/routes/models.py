"""The models of this deployment."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.documents import json_answer, list_answer
from api.openapi import problems
from api.schemas import Model, ModelList
from api.services import services_of
from pipelines.catalog import as_public
from pipelines.errors import NotFound

router = APIRouter(tags=["models"])


@router.get("/v1/models", response_model=ModelList, summary="List the models")
async def list_models(request: Request) -> Response:
    """Every model, with what it can do, its languages, voices and options."""
    return list_answer([as_public(model) for model in services_of(request).catalog], None)


@router.get("/v1/models/{model_id}", response_model=Model, responses=problems(404), summary="Look at a model")
async def get_model(request: Request, model_id: str) -> Response:
    """One model."""
    model = services_of(request).catalog.get(model_id)
    if model is None:
        raise NotFound("There is no model of this name; /v1/models lists them.", code="model_not_found")
    return json_answer(as_public(model))
