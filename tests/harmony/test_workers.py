"""`harmony workers` against a real server."""

from pathlib import Path

import pytest
from sqlalchemy import update

from harmony.commands.workers import workers
from storage.database import db_now
from storage.slots import SlotFacts, SlotState, SlotStore
from storage.tables_workers import slots
from tests.api.site import serving


def test_workers_are_printed_with_what_they_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(f"sqlite:///{tmp_path / 'x.db'}", tmp_path) as site:
        store = SlotStore(site.database)
        site.beat("io", "webhook", "gpu-nvidia")
        store.beat(
            SlotFacts("cpu-1", ["cpu"], "host", 1, "cpu", 1), SlotState(("tone", "kokoro"), (), "Xeon", 120, 16_000)
        )
        claim = site.claim(site.submit()["id"])
        site.store.heartbeat(claim, 0.5)
        store.leave("webhook-1")
        with site.database.write() as connection:
            connection.execute(update(slots).where(slots.c.name == "io-1").values(beat_at=db_now() - 60))
        workers(site.url)
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    for part in ("live", "Xeon", "120 of 16000 MB", "tone, kokoro", f"synthesize 50% of {claim.work.job_id}"):
        assert part in lines["cpu-1"]
    assert "gone since" in lines["io-1"]
    assert "stopping" in lines["webhook-1"]
    assert lines["gpu-nvidia-1"].split() == ["gpu-nvidia-1", "live", "gpu-nvidia", "cpu"]
