"""A service with a receiver, and everything between them that other processes do: fan-out, upkeep, sending."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import update

from storage import dispatch, webhook_upkeep
from storage.database import db_now
from storage.leadership import Lead, leading, take_lead
from storage.tables_webhooks import webhook_deliveries, webhook_endpoints
from storage.webhooks import WebhookStore
from tests.api.site import Site
from tests.webhooks.receivers import Receiver
from workers.delivery import WebhookSender


@dataclass
class Post:
    """The ways of a message, walked when the test says so."""

    site: Site
    receiver: Receiver
    _lead: Lead | None = None

    def __post_init__(self) -> None:
        self.sender = WebhookSender(WebhookStore(self.site.database), self.site.settings)

    def create(self, path: str = "/hook", **more: Any) -> dict[str, Any]:
        """A new endpoint at the receiver, with its secret."""
        answer = self.site.http.post("/v1/webhooks", json={"url": self.receiver.url(path), **more})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def get(self, path: str, status: int = 200) -> dict[str, Any]:
        """A document."""
        answer = self.site.http.get(path)
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    def order(self, path: str, status: int, **body: Any) -> dict[str, Any]:
        """What a POST is answered with."""
        answer = self.site.http.post(path, json=body or None)
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    def listed(self, endpoint: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
        """The endpoint's deliveries, newest first."""
        answer = self.site.http.get(f"/v1/webhooks/{endpoint['id']}/deliveries", params=query)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["data"])

    def log(self, delivery: dict[str, Any]) -> dict[str, Any]:
        """The delivery with its attempts."""
        return self.get(delivery["links"]["self"].removeprefix(self.site.settings.public_url))

    def dispatch(self) -> int:
        """A second of the dispatcher: fan-out, then upkeep; how many events got their positions."""
        if self._lead is None:
            # In the test's own name, as Site does it: taking it twice keeps it.
            self._lead = take_lead(self.site.database, "test")
            assert self._lead is not None
        with leading(self.site.database, self._lead) as connection:
            numbered = dispatch.number_events(connection)
        with self.site.database.read() as reading:
            there_is = webhook_upkeep.there_is_upkeep(reading)
        if there_is:
            with leading(self.site.database, self._lead) as connection:
                webhook_upkeep.keep_up(connection)
        return numbered

    def send(self) -> None:
        """A second of the dispatcher, then the sender until nothing is due."""
        self.dispatch()
        self.sender.deliver_due()

    def make_due(self, delivery_id: str) -> None:
        """As if the time until the next attempt had passed."""
        with self.site.database.write() as connection:
            connection.execute(
                update(webhook_deliveries).where(webhook_deliveries.c.id == delivery_id).values(next_at=db_now() - 1.0)
            )

    def set(self, endpoint: dict[str, Any], **values: Any) -> None:
        """Writes the endpoint's row directly, where a test would have to wait for days."""
        with self.site.database.write() as connection:
            connection.execute(
                update(webhook_endpoints).where(webhook_endpoints.c.id == endpoint["id"]).values(**values)
            )

    def claim(self, job_id: str) -> Any:
        """What a slot does first; see Site.claim."""
        self._lead = None
        return self.site.claim(job_id)
