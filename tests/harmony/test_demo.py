"""`make demo` without its installation: real models, real recordings, the whole way."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.models
@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.xdist_group("models")
def test_every_kind_of_job_succeeds_and_the_round_trip_keeps_its_words(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "harmony.demo"], check=False, capture_output=True, text=True, cwd=tmp_path, timeout=880
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 jobs succeeded, 6 webhooks verified" in done.stderr
    made = {path.name for path in (tmp_path / "demo-output").iterdir()}
    assert {"speech.wav", "round-trip.txt", "english.txt", "spanish.txt", "vad.json", "embedding.json"} <= made
