"""`make demo` without its installation: real models, real recordings, the whole way."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest


@pytest.mark.models
@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.xdist_group("models")
def test_every_kind_of_job_succeeds_and_the_round_trip_keeps_its_words(tmp_path: Path) -> None:
    demo = [sys.executable, "-m", "harmony.demo", "--keep"]
    with subprocess.Popen(demo, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        said = ""
        for line in running.stderr:
            said += line
            if kept := re.search(r"stays up at (http://\S+)/", line):
                page, jobs = httpx.get(f"{kept[1]}/"), httpx.get(f"{kept[1]}/v1/jobs?status=succeeded").json()["data"]
                assert "<title>Harmony" in page.text
                assert len(jobs) == 6
                running.send_signal(signal.SIGINT)
        table = running.stdout.read()
    assert running.returncode == 0, table + said
    assert "6 jobs succeeded, 6 webhooks verified" in said
    made = {path.name for path in (tmp_path / "demo-output").iterdir()}
    assert {"speech.wav", "round-trip.txt", "english.txt", "spanish.txt", "vad.json", "embedding.json"} <= made
