"""A submit that arrives as multipart/form-data: its recordings are stored before anything else is written."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any

from fastapi import Request

from api.inline import input_key, source_at
from api.intake import parse_object
from api.multipart import Part, read_form
from api.receiving import FileSink
from api.services import Services
from api.settings import JSON_BYTES
from api.submitting import Prepared, prepare
from pipelines.catalog import Capability
from pipelines.errors import InvalidRequest, TooLarge
from pipelines.requests import RECORDINGS
from storage.submitting import NewArtifact

#: The recordings that each kind takes; all others take `audio`.
_TAKEN = {Capability.SPEECH: ("reference",), Capability.VOICE_CONVERSION: ("audio", "target")}


@dataclass
class Form:
    """The field `job` with JSON, and a file for each recording that the JSON does not say where to find."""

    services: Services
    job_id: str
    #: The request's idempotency key.
    key: str | None
    #: Called in a thread once the request is known: refuses what could not be accepted.
    check: Callable[[Prepared], None]
    prepared: Prepared | None = None
    #: What is stored so far, by role.
    recordings: dict[str, NewArtifact] = field(default_factory=dict)
    _job: bytearray | None = field(default=None, repr=False)
    _expected: Collection[str] = ()
    _role: str = ""
    _sink: FileSink | None = field(default=None, repr=False)

    async def read(self, request: Request) -> None:
        """Streams the files to storage while they arrive; of one that is broken off nothing is left."""
        try:
            content_type = request.headers.get("content-type", "")
            await read_form(content_type, request.stream(), self._begin, self._piece, self._end)
        except BaseException as error:
            if self._sink is not None:
                self._note(await self._sink.abort(error))
            raise

    def checked(self) -> Prepared:
        """The request, once the form was read; InvalidRequest if it held none, or not every file."""
        if self.prepared is None:
            raise InvalidRequest.of(
                "job", "the form needs a field `job` with the request as JSON", code="missing_field"
            )
        for role in self._expected:
            if role not in self.recordings:
                raise InvalidRequest.of(role, f"the form needs a file `{role}`", code="missing_field")
        return self.prepared

    async def _begin(self, part: Part) -> None:
        if part.name not in {"job", *RECORDINGS}:
            known = ", ".join(("job", *RECORDINGS))
            raise InvalidRequest.of(part.name, f"is not a field of this form; it has: {known}", code="unknown_field")
        if part.name in self.recordings or (part.name == "job" and self._job is not None):
            raise InvalidRequest.of(part.name, "is in the form twice", code="invalid_multipart")
        if part.name == "job":
            self._job = bytearray()
            return
        if self.prepared is not None:
            _check_file(part.name, self._expected, self.prepared)
        self._role = part.name
        self._sink = FileSink(self.services, part, input_key(self.job_id, part.name))

    async def _piece(self, _part: Part, data: bytes) -> None:
        if self._sink is not None:
            await self._sink.feed(data)
        elif self._job is not None:
            self._job += data
            if len(self._job) > JSON_BYTES:
                raise TooLarge(f"job: is larger than {JSON_BYTES} bytes", code="body_too_large")

    async def _end(self, _part: Part) -> None:
        if self._sink is not None:
            self._note(await self._sink.finish())
            self._sink = None
        elif self._job is not None:
            raw = bytes(self._job)
            # A request that comes before its files is checked before they are taken.
            self._expected, self.prepared = await self.services.reading(lambda: self._prepare(raw))

    def _note(self, stored: NewArtifact | None) -> None:
        if stored is not None:
            self.recordings[self._role] = replace(stored, role=self._role)

    def _prepare(self, raw: bytes) -> tuple[Collection[str], Prepared]:
        body = parse_object(raw)
        expected = _expect(body)
        prepared = prepare(self.services, body, self.key)
        for role in self.recordings:
            _check_file(role, expected, prepared)
        self.check(prepared)
        return expected, prepared


def _expect(body: dict[str, Any]) -> list[str]:
    """The roles of the files that are to come; the request then says of each that there are bytes."""
    given = body.get("input", {})
    if not isinstance(given, dict):
        return []
    body["input"] = given
    expected = []
    # What is no word is refused once the request is read.
    kind: Any = body.get("kind") if isinstance(body.get("kind"), str) else None
    for role in _TAKEN.get(kind, ("audio",)):
        if _is_open(given, role):
            expected.append(role)
            here: dict[str, Any] = {"data": ""}
            given[role] = here if role == "audio" else {**given.get(role, {}), "audio": here}
    for role, place in RECORDINGS.items():
        if role not in expected and "data" in (source_at(body, place) or {}):
            message = "the recordings of a form are its files; leave this field out"
            raise InvalidRequest.of(place, message, code="invalid_request")
    return expected


def _is_open(given: dict[str, Any], role: str) -> bool:
    """Whether the request leaves it to a file what this recording is."""
    if role == "audio":
        return role not in given
    source = given.get(role, {})
    return isinstance(source, dict) and not source.keys() & {"voice", "audio", "embedding"}


def _check_file(role: str, expected: Collection[str], prepared: Prepared) -> None:
    if role in expected:
        return
    if role in _TAKEN.get(prepared.request.kind, ("audio",)):
        message = f"the file of the form is the {role}; leave this field out"
        raise InvalidRequest.of(RECORDINGS[role], message, code="invalid_request")
    message = f"{prepared.request.kind} takes no file `{role}`"
    raise InvalidRequest.of(RECORDINGS[role], message, code="unknown_field")
