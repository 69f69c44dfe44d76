"""Every route that is one request and one answer, as a request: written once for both clients."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, cast

from harmony.client.asking import Ask, Form
from harmony.client.documents import (
    Artifact,
    Document,
    Job,
    JobFields,
    JobList,
    Model,
    ModelList,
    Voice,
    VoiceFields,
    VoiceList,
)
from harmony.client.orders import Order
from harmony.client.recordings import Audio, File, is_artifact

#: A job's document, or its id.
JobRef = str | Job

#: Answers to a link that is not open any more.
CLOSED = frozenset({403, 410})


def id_of(job: JobRef) -> str:
    return job if isinstance(job, str) else job["id"]


def path_of(job: JobRef, *more: str) -> str:
    return "/".join(("/v1/jobs", id_of(job), *more))


def submit(order: Order) -> Ask[Job]:
    form = Form("job", order.job, order.files) if order.files else None
    return Ask("POST", "/v1/jobs", headers=_once(order.key), json=None if form else order.job, form=form)


def get(job: JobRef) -> Ask[Job]:
    return Ask("GET", path_of(job))


def jobs(filters: Mapping[str, str | int | list[str]]) -> Ask[JobList]:
    return Ask("GET", "/v1/jobs", params=filters)


def cancel(job: JobRef) -> Ask[Job]:
    return Ask("POST", path_of(job, "cancel"))


def retry(job: JobRef, start: str | None, fields: JobFields) -> Ask[Job]:
    rest = dict(fields)
    key = cast("str | None", rest.pop("idempotency_key", None))
    params = {} if start is None else {"from": start}
    return Ask("POST", path_of(job, "retry"), params=params, headers=_once(key), json=rest)


def delete(job: JobRef) -> Ask[None]:
    # Not safe: the second would be told that there is no such job.
    return Ask("DELETE", path_of(job), safe=False)


def bulk(action: str, which: Mapping[str, Any], *, dry_run: bool) -> Ask[Document]:
    body = {"action": action, "filter": dict(which), "dry_run": dry_run}
    return Ask("POST", "/v1/jobs/bulk", headers={} if dry_run else _once(None), json=body)


def result(job: JobRef, form: str | None) -> Ask[bytes]:
    return Ask("GET", path_of(job, "result"), params={} if form is None else {"format": form})


def artifact(artifact_id: str) -> Ask[Artifact]:
    return Ask("GET", f"/v1/artifacts/{artifact_id}")


def models() -> Ask[ModelList]:
    return Ask("GET", "/v1/models")


def model(name: str) -> Ask[Model]:
    return Ask("GET", f"/v1/models/{name}")


def voices(filters: Mapping[str, str | int | list[str]]) -> Ask[VoiceList]:
    return Ask("GET", "/v1/voices", params=filters)


def voice(voice_id: str) -> Ask[Voice]:
    return Ask("GET", f"/v1/voices/{voice_id}")


def save_voice(name: str, audio: Audio, fields: VoiceFields) -> Ask[Voice]:
    body: dict[str, Any] = {"name": name, **fields}
    if is_artifact(audio):
        body["audio"] = {"artifact": cast("Mapping[str, Any]", audio)["id"]}
        return Ask("POST", "/v1/voices", headers=_once(None), json=body)
    form = Form("voice", body, {"audio": cast("File", audio)})
    return Ask("POST", "/v1/voices", headers=_once(None), form=form)


def delete_voice(voice_id: str) -> Ask[None]:
    return Ask("DELETE", f"/v1/voices/{voice_id}", safe=False)


def queues() -> Ask[Document]:
    return Ask("GET", "/v1/queues")


def pause(queue: str) -> Ask[Document]:
    return Ask("POST", f"/v1/queues/{queue}/pause")


def resume(queue: str) -> Ask[Document]:
    return Ask("POST", f"/v1/queues/{queue}/resume")


def workers() -> Ask[Document]:
    return Ask("GET", "/v1/workers")


def _once(key: str | None) -> dict[str, str]:
    """The key that makes repeated requests one; a fresh one unless it is given."""
    return {"Idempotency-Key": key or uuid.uuid4().hex}
