"""Webhook endpoints: made, shown, changed, disabled and forgotten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, func, insert, or_, select, text, update

from pipelines.errors import Conflict, InvalidRequest, NotFound
from pipelines.events import EndpointEvent
from pipelines.ids import new_id
from pipelines.signing import new_secret
from storage import breakers
from storage.database import AnyConnection, Database, WriteConnection, db_now
from storage.disabling import add_message, disable
from storage.history import BASE
from storage.submitting import Idempotency
from storage.tables_webhooks import webhook_endpoints, webhook_targets

#: Secrets of one endpoint that may be valid at once.
_MOST_SECRETS = 5

#: Any number; whoever makes an endpoint holds this lock, so that their number and their keys are exact.
_LOCK = 0x77686F6F

#: Before every message that waits its turn: a test is looked at by a person.
_AT_ONCE = 0.0


@dataclass(frozen=True)
class NewEndpoint:
    """An endpoint to be; its URL and its events are checked already."""

    url: str
    events: Sequence[str]
    description: str
    secret: str | None
    idempotency: Idempotency | None = None


@dataclass(frozen=True)
class MadeEndpoint:
    """A made endpoint with its secret, which is never told again; `replayed` if an earlier request made it.

    Then the secret is None once the one that it was made with has been replaced.
    """

    row: Row[Any]
    secret: str | None
    replayed: bool


class EndpointStore:
    """Each method is one transaction; NotFound for an id that is none or was deleted."""

    def __init__(self, database: Database, most: int = 1000) -> None:
        self._database = database
        self._most = most

    def create(self, new: NewEndpoint) -> MadeEndpoint:
        """Makes an endpoint; Conflict if there are too many, InvalidRequest if the key made another."""
        with self._database.write() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            if new.idempotency is not None and (earlier := _made_by(connection, new.idempotency)) is not None:
                return MadeEndpoint(_read(connection, earlier.id), _first_secret(earlier), replayed=True)
            count = select(func.count()).select_from(webhook_endpoints).where(webhook_endpoints.c.deleted_at.is_(None))
            if (connection.scalar(count) or 0) >= self._most:
                msg = f"There are {self._most} webhook endpoints already; delete one first."
                raise Conflict(msg, code="too_many_endpoints")
            secret = new.secret or new_secret()
            endpoint_id = new_id("whe")
            connection.execute(insert(webhook_endpoints).values(id=endpoint_id, **_values(new, secret)))
            return MadeEndpoint(_read(connection, endpoint_id), secret, replayed=False)

    def get(self, endpoint_id: str) -> Row[Any]:
        """The endpoint, with what its breaker says (`failures`, `open_until`)."""
        with self._database.read() as connection:
            return _read(connection, endpoint_id)

    def page(self, limit: int, after: str | None) -> list[Row[Any]]:
        """Newest first; `after` goes on behind that id."""
        where = [] if after is None else [webhook_endpoints.c.id < after]
        query = _shown(*where).order_by(webhook_endpoints.c.id.desc()).limit(limit)
        with self._database.read() as connection:
            return list(connection.execute(query).all())

    def change(self, endpoint_id: str, values: Mapping[str, Any], *, enabled: bool | None) -> Row[Any]:
        """Sets columns, and enables or disables if `enabled` says so."""
        with self._database.write() as connection:
            before = _lock(connection, endpoint_id)
            if values:
                connection.execute(_update(endpoint_id).values(**values, updated_at=db_now()))
            if values.get("url", before.url) != before.url:
                # What the old address did is no reason to leave the new one alone.
                _start_afresh(connection, endpoint_id)
            if enabled is True:
                _enable(connection, endpoint_id)
            elif enabled is False:
                disable(connection, endpoint_id, "request")
            return _read(connection, endpoint_id)

    def enable(self, endpoint_id: str) -> Row[Any]:
        """Sends to it again, at once whatever its breaker said; held messages are resumed."""
        with self._database.write() as connection:
            _lock(connection, endpoint_id)
            _enable(connection, endpoint_id)
            return _read(connection, endpoint_id)

    def rotate(self, endpoint_id: str, secret: str | None, overlap: float) -> MadeEndpoint:
        """A new secret; those before it count for `overlap` more seconds. Conflict if too many count already."""
        fresh = secret or new_secret()
        with self._database.write() as connection:
            row = _lock(connection, endpoint_id)
            until = row.now + overlap
            kept = [
                {**item, "until": until if item["until"] is None else min(item["until"], until)}
                for item in row.secrets
                if overlap > 0 and (item["until"] is None or item["until"] > row.now)
            ]
            if len(kept) >= _MOST_SECRETS:
                msg = f"{len(kept)} secrets count at present; wait until one has run out, or let them not overlap."
                raise Conflict(msg, code="too_many_secrets")
            secrets = [{"secret": fresh, "until": None}, *kept]
            connection.execute(_update(endpoint_id).values(secrets=secrets, updated_at=db_now()))
            return MadeEndpoint(_read(connection, endpoint_id), fresh, replayed=False)

    def delete(self, endpoint_id: str) -> None:
        """Nobody sees it any more and nothing is sent to it; its rows are removed in portions."""
        with self._database.write() as connection:
            _lock(connection, endpoint_id)
            forgotten = {"enabled": False, "secrets": [], "idempotency_key": None, "fingerprint": None}
            connection.execute(_update(endpoint_id).values(**forgotten, deleted_at=db_now(), updated_at=db_now()))
            breakers.forget(connection, endpoint_id)

    def test(self, endpoint_id: str) -> str:
        """The id of a test message, which goes before what waits; Conflict if the endpoint is not enabled."""
        with self._database.write() as connection:
            row = _lock(connection, endpoint_id)
            must_be_enabled(row)
            told = {"id": row.id, "links": {"self": f"{BASE}/v1/webhooks/{row.id}"}}
            # A person waits for it, so it is also the probe that an open breaker would let through only later.
            breakers.try_now(connection, endpoint_id)
            return add_message(connection, row, EndpointEvent.TEST, told, row.now, due=_AT_ONCE)


def must_be_enabled(endpoint: Row[Any]) -> None:
    """Conflict if nothing is sent to the endpoint at present."""
    if not endpoint.enabled:
        msg = "The endpoint is not enabled."
        raise Conflict(msg, code="endpoint_disabled")


def _shown(*where: ColumnElement[bool]) -> Any:  # noqa: ANN401 - a select of mixed columns has no better name
    return (
        select(webhook_endpoints, webhook_targets.c.failures, webhook_targets.c.open_until, db_now().label("now"))
        .outerjoin(webhook_targets, webhook_targets.c.target == webhook_endpoints.c.id)
        .where(webhook_endpoints.c.deleted_at.is_(None), *where)
    )


def _read(connection: AnyConnection, endpoint_id: str) -> Row[Any]:
    row: Row[Any] | None = connection.execute(_shown(webhook_endpoints.c.id == endpoint_id)).one_or_none()
    if row is None:
        raise no_endpoint(endpoint_id)
    return row


def no_endpoint(endpoint_id: str) -> NotFound:
    return NotFound(f"There is no webhook endpoint {endpoint_id[:64]}.", code="endpoint_not_found")


def _lock(connection: WriteConnection, endpoint_id: str) -> Row[Any]:
    """The endpoint's row, which nobody else changes meanwhile; messages to it may be written."""
    query = select(webhook_endpoints, db_now().label("now")).where(
        webhook_endpoints.c.id == endpoint_id, webhook_endpoints.c.deleted_at.is_(None)
    )
    row = connection.execute(query.with_for_update(key_share=True, of=webhook_endpoints)).one_or_none()
    if row is None:
        raise no_endpoint(endpoint_id)
    return row


def _update(endpoint_id: str) -> Any:  # noqa: ANN401 - an UPDATE of a table without a mapped class
    return update(webhook_endpoints).where(webhook_endpoints.c.id == endpoint_id)


def _enable(connection: WriteConnection, endpoint_id: str) -> None:
    connection.execute(
        _update(endpoint_id)
        .where(or_(webhook_endpoints.c.enabled.is_(False), webhook_endpoints.c.failing_since.is_not(None)))
        .values(enabled=True, disabled_cause=None, disabled_at=None, updated_at=db_now())
    )
    _start_afresh(connection, endpoint_id)


def _start_afresh(connection: WriteConnection, endpoint_id: str) -> None:
    connection.execute(_update(endpoint_id).values(failing_since=None))
    breakers.forget(connection, endpoint_id)


def _values(new: NewEndpoint, secret: str) -> dict[str, Any]:
    used = new.idempotency
    return {
        "url": new.url,
        "description": new.description,
        "events": list(new.events),
        "secrets": [{"secret": secret, "until": None, "first": True}],
        "enabled": True,
        "idempotency_key": None if used is None else used.key,
        "fingerprint": None if used is None else used.fingerprint,
        "created_at": db_now(),
        "updated_at": db_now(),
    }


def _first_secret(endpoint: Row[Any]) -> str | None:
    """The secret that the endpoint was made with, unless another one has taken its place."""
    newest = endpoint.secrets[0]
    return str(newest["secret"]) if newest.get("first", False) else None


def _made_by(connection: WriteConnection, used: Idempotency) -> Row[Any] | None:
    row = connection.execute(
        select(webhook_endpoints).where(webhook_endpoints.c.idempotency_key == used.key)
    ).one_or_none()
    if row is not None and row.fingerprint != used.fingerprint:
        raise InvalidRequest.of("Idempotency-Key", "was used before with another request", code="idempotency_mismatch")
    return row
