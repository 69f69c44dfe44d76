"""Rules 1 and 2: a publication is committed before it is sent, and a message that is refused ends its chain."""

from __future__ import annotations

from pathlib import Path

import pytest
from celery import Celery, chain

from migrations import upgrade
from pipelines.ids import step_id
from storage.admission import Admission
from storage.database import Database
from tests.queue.stack import Stack, on
from tests.storage.house import House
from tests.storage.machine.faults import AT_COMMIT, Died, dying
from workers.app import app
from workers.broker import Broker
from workers.dispatcher import Dispatcher
from workers.webhook_upkeep import WebhookUpkeep


@pytest.mark.services
def test_nothing_is_sent_that_is_not_committed(
    valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'harmony.db'}"
    upgrade(url)
    database = Database(url)
    house = House(database)
    monkeypatch.setattr(app.conf, "broker_url", valkey_url)
    broker = Broker(app, valkey_url)
    dispatcher = Dispatcher(database, broker, "house", Admission({}, 300.0), WebhookUpkeep(database, 1.0))
    dispatcher._live, dispatcher._broker_ok = {"cpu": 1}, True
    job_id = house.submit("cpu")
    with pytest.raises(Died), dying(database, AT_COMMIT):
        dispatcher._admit(house.lead)
    assert (house.row(job_id).phase, broker.depths(["cpu"])) == ("waiting", {"cpu": 0})
    dispatcher._admit(house.lead)
    assert (house.row(job_id).phase, house.row(job_id).publication) == ("published", 1)
    assert broker.depths(["cpu"]) == {"cpu": 1}
    database.close()


@on("sqlite")
def test_a_message_that_is_refused_ends_its_chain(stack: Stack) -> None:
    """Rule 1: what is behind it in the chain is not sent; here to a queue where nobody would take it."""
    job_id = stack.tone()
    assert stack.ends([job_id]) == ["succeeded"]
    with Celery("test", broker=stack.valkey.url) as sender:
        steps = [
            sender.signature("run_step", (step_id(job_id, 0), 0), immutable=True).set(queue=queue)
            for queue in ("cpu", "gpu-amd")
        ]
        chain(*steps, app=sender).apply_async()
    # The slot takes messages in their order, so that one has been refused when these have run.
    assert set(stack.ends([stack.tone() for _ in range(3)])) == {"succeeded"}
    stack.until(lambda: stack.depth("cpu") == 0, 20, "an empty queue")
    assert stack.depth("gpu-amd") == 0
