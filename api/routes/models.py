"""The models of this deployment."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.documents import json_answer, list_answer
from api.models import alias_documents, find_model, model_documents, pull
from api.openapi import problems
from api.schemas import Model, ModelList
from api.services import services_of

router = APIRouter(tags=["models"])


@router.get("/v1/models", response_model=ModelList, summary="List the models")
async def list_models(request: Request) -> Response:
    """Every model, with what it can do, its languages, voices and options, and where its weights are.

    Behind them the further names that serve, such as OpenAI's: `alias_of` says for which model each stands.
    """
    services = services_of(request)
    models = await services.reading(partial(model_documents, services, list(services.catalog)))
    return list_answer([*models, *alias_documents(services, models)], None)


@router.get("/v1/models/{model_id}", response_model=Model, responses=problems(404), summary="Look at a model")
async def get_model(request: Request, model_id: str) -> Response:
    """One model, by its name or a further one."""
    services = services_of(request)
    model = find_model(services, model_id)
    (document,) = await services.reading(partial(model_documents, services, [model]))
    if model_id != model.name:
        document |= {"id": model_id, "alias_of": model.name}
    return json_answer(document, headers={"cache-control": "no-cache"})


@router.post(
    "/v1/models/{model_id}/pull",
    status_code=202,
    response_model=Model,
    responses=problems(404, 503),
    summary="Fetch a model's weights",
)
async def pull_model(request: Request, model_id: str) -> Response:
    """Has a worker of the model's queue fetch its weights, so that the first job need not; `weights.pull` says how far.

    While a pull is under way asking again changes nothing. Where several hosts serve the queue, one without the weights
    fetches them.
    """
    services = services_of(request)
    model = find_model(services, model_id)
    await services.writing(partial(pull, services, model))
    (document,) = await services.reading(partial(model_documents, services, [model]))
    return json_answer(document, status=202, headers={"location": f"{services.links.base}/v1/models/{model.name}"})
