"""The two messages: run this step, deliver what is due. Ids in, a few lines."""

from __future__ import annotations

from celery.exceptions import Ignore

from pipelines.failpoints import Place, reach
from workers.app import app


@app.task(name="run_step")
def run_step(step: str, publication: int) -> None:
    """Returning lets the chain move on; Ignore acknowledges the message and stops the chain (rule 1)."""
    # Imported here because the dispatcher knows these tasks too and needs nothing of what they do.
    from workers.child import runner

    if not runner().run(step, publication):
        raise Ignore
    reach(Place.RETURNED)


@app.task(name="deliver_webhooks")
def deliver_webhooks() -> None:
    """Sends what is due, until nothing is."""
    from workers.child import webhook_sender

    webhook_sender().deliver_due()
