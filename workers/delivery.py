"""Sends due webhook messages, up to 32 side by side, so that a dead receiver delays nobody."""

from __future__ import annotations

import json
import logging
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from pipelines.egress import EgressRules
from storage.history import BASE
from storage.secrets import webhook_secret
from storage.settings import StorageSettings
from storage.webhooks import BATCH, DeliveryResult, DueDelivery, WebhookStore
from workers.webhooks import WebhookClient

log = logging.getLogger(__name__)

#: How often to look for more while deliveries are under way, in seconds.
_LOOK_SECONDS = 0.5


class WebhookSender:
    """Claims deliveries, sends them, writes what became of them."""

    def __init__(self, deliveries: WebhookStore, settings: StorageSettings) -> None:
        self._deliveries = deliveries
        self._settings = settings
        self._client = WebhookClient(EgressRules.parse(settings.egress_allow))
        self._threads = ThreadPoolExecutor(BATCH, thread_name_prefix="webhook")

    def deliver_due(self) -> None:
        """Goes on until nothing is due or under way. A worker that dies here leaves claims that run out after 30 s."""
        sending: set[Future[tuple[DueDelivery, DeliveryResult]]] = set()
        while True:
            if room := BATCH - len(sending):
                sending |= {self._threads.submit(self._send, delivery) for delivery in self._deliveries.claim(room)}
            if not sending:
                return
            # What becomes due while a receiver takes its time must not wait for it, so there is another look soon.
            done, sending = wait(sending, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
            for sent in done:
                delivery, result = sent.result()
                self._deliveries.record(delivery, result)
                log.info("webhook_sent id=%s attempt=%d status=%s", delivery.id, delivery.attempts, result.status)

    def _send(self, delivery: DueDelivery) -> tuple[DueDelivery, DeliveryResult]:
        # The address stands inside a JSON string, so it is escaped as one.
        public = json.dumps(self._settings.public_url.rstrip("/"))[1:-1]
        body = delivery.body.replace(BASE, public).encode()
        secret = delivery.secret or webhook_secret(self._settings)
        sent = self._client.deliver(delivery.url, secret, delivery.id, body)
        return delivery, DeliveryResult(sent.status, sent.error)
