"""One move of a job's life, made by the code of an earlier tree: run there with that tree's `House`.

`old_moves.py URL MOVE ARGUMENTS…` prints what came of it as JSON.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import storage
from pipelines.errors import Cause
from storage.claims import Claim
from storage.database import Database
from storage.webhooks import DeliveryResult, WebhookStore
from tests.storage.house import House, error_of, output

WEBHOOK = {"url": "https://example.org/", "secret": None, "events": ["job.succeeded", "job.failed", "job.cancelled"]}


def main(url: str, move: str, *arguments: str) -> object:
    """Makes the move."""
    assert Path(storage.__file__).is_relative_to(Path.cwd()), "this is not the earlier tree"
    database = Database(url)
    try:
        return MOVES[move](House(database), *arguments)
    finally:
        database.close()


def submit(house: House, *queues: str) -> str:
    return house.submit(*queues, webhook=WEBHOOK)


def _claimed(house: House, job_id: str) -> Claim:
    row = house.row(job_id)
    if row.phase == "waiting":
        house.publish(job_id)
    return house.claim(job_id, row.step_index)


def step(house: House, job_id: str) -> str:
    """Its current step, from the publication to the end."""
    claim = _claimed(house, job_id)
    house.store.heartbeat(claim, 0.5)
    return house.store.complete_step(claim, [output(f"{job_id}/{claim.work.index}")])


def fail(house: House, job_id: str, cause: Cause) -> str:
    return house.store.fail_step(_claimed(house, job_id), cause, error=error_of(cause))


def cancel(house: House, job_id: str) -> str:
    return house.store.cancel(job_id)


def deliver(house: House) -> list[str]:
    """The webhook messages that were due; each is accepted."""
    deliveries = WebhookStore(house.database)
    due = deliveries.claim()
    for delivery in due:
        deliveries.record(delivery, DeliveryResult(200, None))
    return [json.loads(delivery.body)["data"]["id"] for delivery in due]


MOVES: dict[str, Callable[..., object]] = {
    "submit": submit,
    "step": step,
    "fail": fail,
    "cancel": cancel,
    "deliver": deliver,
}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))  # noqa: T201 - its answer
