"""Sends due webhook messages, many side by side, so that a dead receiver delays nobody."""

from __future__ import annotations

import json
import logging
import random
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from pipelines.egress import EgressRules
from pipelines.failpoints import Place, reach
from storage.attempted import DeliveryResult
from storage.database import DatabaseUnavailable
from storage.due import CLAIM_SECONDS, DueDelivery
from storage.history import BASE
from storage.secrets import webhook_secret
from storage.settings import StorageSettings
from storage.webhooks import BATCH, WebhookStore
from workers import draining
from workers.webhooks import WebhookClient

log = logging.getLogger(__name__)

#: How often to look for more while deliveries are under way, in seconds.
_LOOK_SECONDS = 0.5

_Sending = Future[tuple[DueDelivery, DeliveryResult]]


class WebhookSender:
    """Claims deliveries, sends them, writes what became of them."""

    def __init__(self, deliveries: WebhookStore, settings: StorageSettings) -> None:
        self._deliveries = deliveries
        self._settings = settings
        self._client = WebhookClient(EgressRules.parse(settings.egress_allow))
        self._next_look = 0.0
        self._patience = _LOOK_SECONDS
        self._threads = ThreadPoolExecutor(BATCH, thread_name_prefix="webhook")

    def deliver_due(self) -> None:
        """Goes on until nothing is due or under way, or the slot is to end: then only what is under way does.

        A worker that dies here leaves claims that run out after 30 s.
        """
        sending: dict[_Sending, DueDelivery] = {}
        while True:
            left = draining.ends_in()
            if left is None:
                sending |= self._more(sending)
            elif left <= 0:
                # The process ends now. Another sends them at once, under their ids, and no attempt is counted.
                self._deliveries.release(sending.values())
                return
            if not sending:
                return
            # What becomes due while a receiver takes its time must not wait for it, so there is another look soon.
            done, _ = wait(sending, timeout=self._patience, return_when=FIRST_COMPLETED)
            results = [future.result() for future in done]
            self._record(results)
            for future in done:
                del sending[future]
            for delivery, result in results:
                log.info("webhook_sent id=%s attempt=%d status=%s", delivery.id, delivery.attempts, result.status)

    def _record(self, results: list[tuple[DueDelivery, DeliveryResult]]) -> None:
        """Writes results, waiting for a database that is away for as long as the claims last.

        After that another sends them again, under their ids; the fencing numbers guard what comes late.
        """
        give_up = time.monotonic() + CLAIM_SECONDS
        while True:
            try:
                return self._deliveries.record_all(results)
            except DatabaseUnavailable:
                if time.monotonic() > give_up or (draining.ends_in() or 1.0) <= 0:
                    raise
                log.warning("webhook_results_wait reason=database_unavailable")
                time.sleep(random.uniform(0.2, 0.8))  # noqa: S311 - jitter needs no cryptographic randomness

    def _more(self, sending: dict[_Sending, DueDelivery]) -> dict[_Sending, DueDelivery]:
        """As many more as there is room for.

        A look costs by the number of targets for whom something waits, so looks take a fifth of the time at most.
        """
        room, began = BATCH - len(sending), time.monotonic()
        if sending and room > 0 and began < self._next_look:
            self._patience = self._next_look - began
            return {}
        self._patience = _LOOK_SECONDS
        if room == 0:
            return {}
        slow = max(0, BATCH // 2 - sum(delivery.slow for delivery in sending.values()))
        try:
            claimed = self._deliveries.claim(room, slow)
        except DatabaseUnavailable:
            # What is under way is not given up for that; the dispatcher asks again for what is due.
            log.warning("webhook_claim_failed reason=database_unavailable")
            return {}
        if len(claimed) < room:
            ended = time.monotonic()
            self._next_look = ended + min(_LOOK_SECONDS, 4.0 * (ended - began))
        return {self._threads.submit(self._send, delivery): delivery for delivery in claimed}

    def _send(self, delivery: DueDelivery) -> tuple[DueDelivery, DeliveryResult]:
        try:
            return delivery, self._attempt(delivery)
        except Exception as error:
            # Whatever a receiver may have found to break here: it is one attempt's failure, and not that of the others.
            log.exception("webhook_crashed id=%s type=%s", delivery.id, type(error).__name__)
            return delivery, DeliveryResult(None, "internal_error")

    def _attempt(self, delivery: DueDelivery) -> DeliveryResult:
        # The address stands inside a JSON string, so it is escaped as one.
        public = json.dumps(self._settings.public_url.rstrip("/"))[1:-1]
        body = delivery.body.replace(BASE, public).encode()
        secrets = delivery.secrets or (webhook_secret(self._settings),)
        reach(Place.WEBHOOK_SENDING)
        sent = self._client.deliver(delivery.url, secrets, delivery.id, body)
        reach(Place.WEBHOOK_SENT)
        return DeliveryResult(
            status=sent.status,
            error=sent.error,
            seconds=sent.seconds,
            request_headers=sent.request_headers,
            response_headers=sent.response_headers,
            response_body=sent.response_head,
            retry_after=sent.retry_after,
        )
