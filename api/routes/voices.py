"""Saved voices: made, listed, changed, listened to, deleted."""

from __future__ import annotations

import logging
from functools import partial
from typing import Annotated, Any, cast

from fastapi import APIRouter, Query, Request
from sqlalchemy import Row
from starlette.responses import Response

from api.canonical import canonical_body
from api.documents import json_answer, list_answer
from api.headers import parse_idempotency_key
from api.intake import form_or_json, parse_object, read_json_body
from api.listing import labels_of
from api.openapi import BYTES, VOICE, problems
from api.results import bytes_or_link
from api.routes.webhooks import body_of, read_object
from api.services import Services, services_of
from api.voice_documents import preview_of, voice_document
from api.voice_intake import VoiceForm, store_recording, take_inline
from api.voice_making import PreparedVoice, accept_voice, check_room, prepare_voice
from api.voice_schemas import SavedVoiceDocument, VoiceList, VoiceQuery
from api.webhook_ids import check_cursor, is_id
from pipelines.errors import InvalidRequest, StepError
from pipelines.ids import new_id
from pipelines.voice_requests import VoiceChange, language_of
from pipelines.webhooks import parse
from storage import garbage
from storage.filters import Page
from storage.submitting import NewArtifact
from storage.voice_deleting import no_voice
from storage.voice_pages import VoiceFilter
from storage.voices import VoiceRows

_log = logging.getLogger(__name__)
router = APIRouter(tags=["voices"])


@router.post(
    "/v1/voices",
    status_code=202,
    response_model=SavedVoiceDocument,
    responses=problems(408, 409, 413, 415, 422, 429, 503),
    openapi_extra=VOICE,
    summary="Save a voice",
)
async def create_voice(request: Request) -> Response:
    """Keeps a recording of one person, 2 s to 10 min long, to speak like it. A job checks it; look at `status` again.

    The recording comes as base64 in JSON, as the id of an earlier artifact, or as the file of a form.
    """
    services = services_of(request)
    key = parse_idempotency_key(request.headers.get("idempotency-key"))
    prepared, recording = await (_from_form if form_or_json(request) else _from_json)(services, request, key)
    return await services.writing(partial(_accept, services, prepared, recording, key))


async def _from_json(services: Services, request: Request, key: str | None) -> tuple[PreparedVoice, NewArtifact]:
    raw = await read_json_body(request, services.settings.max_inline_bytes)
    return await services.reading(partial(_order_of_json, services, raw, key))


def _order_of_json(services: Services, raw: bytes, key: str | None) -> tuple[PreparedVoice, NewArtifact]:
    body = parse_object(raw)
    inline = take_inline(body, services.settings.max_inline_bytes)
    prepared = prepare_voice(services, new_id("voice"), body)
    check_room(services, prepared, key)
    return prepared, store_recording(services, prepared.id, prepared.request, inline)


async def _from_form(services: Services, request: Request, key: str | None) -> tuple[PreparedVoice, NewArtifact]:
    form = VoiceForm(services, new_id("voice"), partial(check_room, services, key=key))
    try:
        await form.read(request)
        return form.checked()
    except BaseException:
        if form.recording is not None:
            await services.reading(partial(_drop, services, form.recording))
        raise


def _accept(services: Services, prepared: PreparedVoice, recording: NewArtifact, key: str | None) -> Response:
    """Writes the voice; a recording that no voice will ever point at is removed again."""
    try:
        made = accept_voice(services, prepared, recording, key)
    except BaseException:
        _drop(services, recording)
        raise
    headers = {"location": f"{services.links.base}/v1/voices/{made.id}"}
    if made.replayed:
        _drop(services, recording)
        headers["idempotency-replayed"] = "true"
    return _answer(services, services.voices.get(made.id), 202, headers)


@router.get("/v1/voices", response_model=VoiceList, responses=problems(422), summary="List saved voices, newest first")
def list_voices(request: Request, query: Annotated[VoiceQuery, Query()]) -> Response:
    """A page of voices; `next` is the value of `after` for the page behind it, null on the last."""
    services = services_of(request)
    if query.after is not None and query.before is not None:
        raise InvalidRequest.of("before", "cannot be given beside after", code="invalid_cursor")
    check_cursor("voice", query.after)
    check_cursor("voice", query.before, "before")
    which = VoiceFilter(
        tuple(query.status),
        tuple(language_of(language) or language for language in query.language),
        labels_of(query.label, "label"),
        query.q,
    )
    # One more than asked tells whether there is a further page.
    extra = 0 if query.before is not None else 1
    found = services.voices.page(which, Page(query.limit + extra, query.after, query.before))
    data = [voice_document(rows, services.links.base) for rows in found[: query.limit]]
    more = query.before is not None or len(found) > query.limit
    return list_answer(data, data[-1]["id"] if data and more else None)


@router.get(
    "/v1/voices/{voice_id}", response_model=SavedVoiceDocument, responses=problems(404), summary="Look at a saved voice"
)
def get_voice(request: Request, voice_id: str) -> Response:
    """The voice as it stands; `reasons` say why it is refused."""
    services = services_of(request)
    return _answer(services, services.voices.get(_known(voice_id)))


@router.get(
    "/v1/voices/{voice_id}/preview",
    response_class=Response,
    responses={**BYTES, **problems(404, 410, 416)},
    summary="Listen to a saved voice",
)
@router.head("/v1/voices/{voice_id}/preview", include_in_schema=False)
async def preview_voice(request: Request, voice_id: str) -> Response:
    """At most ten seconds of its speech as WAV, with ranges; until it is checked, the recording as it was sent.

    Where an object store keeps the bytes, a redirection to a presigned link.
    """
    services = services_of(request)
    rows = await services.reading(partial(services.voices.get, _known(voice_id)))
    return await bytes_or_link(services, request, cast("Row[Any]", preview_of(rows.voice)))


@router.patch(
    "/v1/voices/{voice_id}",
    response_model=SavedVoiceDocument,
    responses=problems(404, 413, 422),
    openapi_extra=body_of(VoiceChange),
    summary="Change a saved voice",
)
async def change_voice(request: Request, voice_id: str) -> Response:
    """Changes what the body names: name, language, description, labels. The recording stays: save another voice."""
    services = services_of(request)
    body = await read_object(request)
    canonical_body(body)
    asked = parse(VoiceChange, body)
    given = {name: getattr(asked, name) for name in asked.model_fields_set}
    for name, value in given.items():
        if value is None and name != "language":
            raise InvalidRequest.of(name, "cannot be null", code="invalid_request")
    if "language" in given:
        given["language"] = language_of(given["language"])
    change = partial(services.voices.change, _known(voice_id), given)
    return _answer(services, await services.writing(change))


@router.delete("/v1/voices/{voice_id}", status_code=204, responses=problems(404), summary="Delete a saved voice")
async def delete_voice(request: Request, voice_id: str) -> Response:
    """Removes the voice, its recording, and every embedding, at once. Jobs that were given it and go on fail.

    Finished jobs keep what they made with it, and forget whose voice it was.
    """
    services = services_of(request)
    keys = await services.writing(partial(services.voices.delete, _known(voice_id)))
    await services.reading(partial(_remove_bytes, services, keys))
    return Response(status_code=204)


def _remove_bytes(services: Services, keys: list[str]) -> None:
    try:
        garbage.collect_now(services.database, services.artifacts, keys)
    except StepError as error:
        # The notes stay: the janitor removes the bytes once the store is back.
        _log.warning("voice_bytes.left code=%s", error.code)


def _known(voice_id: str) -> str:
    """The id; NotFound if no voice can have it."""
    if not is_id("voice", voice_id):
        raise no_voice(voice_id)
    return voice_id


def _answer(services: Services, rows: VoiceRows, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    document = voice_document(rows, services.links.base)
    return json_answer(document, status=status, headers={"cache-control": "no-cache", **(headers or {})})


def _drop(services: Services, recording: NewArtifact) -> None:
    try:
        services.artifacts.delete(recording.key)
    except StepError as error:
        # The sweep of orphans removes it later.
        _log.warning("orphan.left code=%s", error.code)
