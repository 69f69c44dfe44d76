"""What the dispatcher says to the broker and asks of it. BrokerUnavailable is an answer here, not an accident."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

import redis
from celery import Celery, chain
from kombu.exceptions import OperationalError

from pipelines.errors import TransientError
from pipelines.ids import step_id
from pipelines.jobs import Priority
from storage.dispatch import Chain
from workers.app import MESSAGE_TIME_LIMIT, PRIORITY_STEPS
from workers.tasks import deliver_webhooks, run_step

log = logging.getLogger(__name__)

#: Priority of a job → of its messages, where Redis takes 0 first.
_MESSAGE_PRIORITY: Mapping[int, int] = {
    Priority.HIGH: 0,
    Priority.NORMAL: 3,
    Priority.LOW: 6,
    Priority.DEFERRABLE: 9,
}

#: How kombu names the list of a priority other than 0.
_LIST = "{queue}\x06\x16{priority}"


class BrokerUnavailable(TransientError):
    """The broker does not answer."""

    code = "broker_unavailable"


class Broker:
    """One connection for looking, one for publishing."""

    def __init__(self, app: Celery, url: str) -> None:
        self._app = app
        self._redis = redis.Redis.from_url(
            # A broker that does not answer must not make the dispatcher miss what else there is to do each second.
            url,
            socket_timeout=2,
            socket_connect_timeout=2,
            socket_keepalive=True,
            retry=None,
        )
        self._producer = None

    def depths(self, queues: Iterable[str]) -> dict[str, int]:
        """How many messages each queue holds, over all priorities."""
        names = list(queues)
        try:
            pipe = self._redis.pipeline(transaction=False)
            for queue in names:
                for priority in PRIORITY_STEPS:
                    pipe.llen(queue if priority == 0 else _LIST.format(queue=queue, priority=priority))
            lengths = pipe.execute()
        except redis.RedisError as error:
            raise _away(error) from error
        lists = len(PRIORITY_STEPS)
        return {queue: sum(lengths[at * lists : (at + 1) * lists]) for at, queue in enumerate(names)}

    def check_policy(self) -> None:
        """Warns when the broker may throw messages away under memory pressure; rows would heal it, but slowly."""
        try:
            policy = self._redis.config_get("maxmemory-policy").get("maxmemory-policy")
        except redis.RedisError as error:
            log.warning("broker_policy_unknown type=%s", type(error).__name__)
            return
        if policy != "noeviction":
            log.warning("broker_may_evict policy=%s; set maxmemory-policy noeviction", policy)

    def send(self, published: Chain) -> None:
        """Publishes the chain's messages: the first now, the rest inside it."""
        priority = _MESSAGE_PRIORITY[published.priority]
        signatures = [
            run_step.si(step_id(published.job_id, link.index), published.publication).set(
                queue=link.queue, priority=priority, time_limit=MESSAGE_TIME_LIMIT
            )
            for link in published.links
        ]
        try:
            chain(*signatures).apply_async(retry=False) if len(signatures) > 1 else signatures[0].apply_async(
                retry=False
            )
        except (OperationalError, redis.RedisError, OSError) as error:
            raise _away(error) from error

    def send_delivery(self) -> None:
        """Tells the `webhook` queue that something is due."""
        try:
            deliver_webhooks.apply_async(retry=False, priority=0)
        except (OperationalError, redis.RedisError, OSError) as error:
            raise _away(error) from error


def _away(error: Exception) -> BrokerUnavailable:
    msg = f"The broker does not answer ({type(error).__name__})."
    return BrokerUnavailable(msg)
