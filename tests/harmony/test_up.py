"""`harmony up` as people start it, with the weightless model: what it prints, what it refuses, what it survives."""

import json
import os
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from harmony.background import BackgroundStack, StackDidNotStart
from harmony.client import ApiProblem, Client
from tests.client.proxy import Proxy

pytestmark = [pytest.mark.stack, pytest.mark.services, pytest.mark.xdist_group("stack")]

CONFIG = "models: [{name: tone, family: tone}]\n"
#: A job that is in work long enough to kill something meanwhile.
JOB = {"kind": "speech", "model": "tone", "input": {"text": "hello " * 20}, "options": {"stages": 3}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("stack")
    (made / "config.yml").write_text(CONFIG, encoding="utf-8")
    return made


def start(folder: Path, data: str = "data") -> BackgroundStack:
    return BackgroundStack(folder / data, folder / f"{data}.log", arguments=["--config", str(folder / "config.yml")])


@pytest.fixture(scope="module")
def stack(folder: Path) -> Iterator[BackgroundStack]:
    with start(folder) as running:
        yield running


@pytest.fixture
def server(stack: BackgroundStack) -> Iterator[Client]:
    with Client(stack.url) as client:
        yield client


def harmony(stack: BackgroundStack, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "HARMONY_URL": stack.url}
    command = [sys.executable, "-m", "harmony", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=env, timeout=60)


def children(pid: int) -> dict[str, int]:
    """The supervisor's processes by what they run, as far as they run already and still."""
    found = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            command = Path(f"/proc/{child}/cmdline").read_bytes().decode().rstrip("\0").split("\0")
        except FileNotFoundError:
            continue
        if "tether.py" in " ".join(command) or command == [""]:
            continue
        name = command[command.index("--name") + 1] if "--name" in command else command[-1].removeprefix("workers.")
        found["valkey" if "valkey-server" in command[0] else name] = int(child)
    return found


def eventually(condition: Callable[[], bool], seconds: float = 20) -> bool:
    """Another process's doing can only be looked for."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_the_line_with_the_address_is_printed_once(stack: BackgroundStack, folder: Path) -> None:
    lines = (folder / "data.log").read_text(encoding="utf-8").splitlines()
    assert lines.count(f"Harmony is ready at {stack.url}") == 1
    assert httpx.get(f"{stack.url}/readyz", trust_env=False).status_code == 200


def test_a_job_by_the_command_line(stack: BackgroundStack, tmp_path: Path) -> None:
    spoken = tmp_path / "hello.wav"
    done = harmony(stack, "submit", "speech", "hello there", "--model", "tone", "--label", "a=b", "-o", str(spoken))
    assert done.returncode == 0, done.stderr
    assert spoken.read_bytes().startswith(b"RIFF")
    heard = harmony(stack, "submit", "transcription", str(spoken), "--model", "tone", "--wait")
    assert heard.returncode == 0, heard.stderr
    assert heard.stdout.strip()
    listed = harmony(stack, "jobs", "list", "--label", "a:b")
    assert listed.stdout.count("job_") == 1


def test_speech_is_written_and_played_while_it_is_made(
    stack: BackgroundStack, server: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = subprocess.run(
        [sys.executable, "-m", "harmony", "submit", "speech", "hello there", "--model", "tone", "-o", "-"],
        check=True, capture_output=True, env={**os.environ, "HARMONY_URL": stack.url}, timeout=60,
    ).stdout  # fmt: skip
    spoken = tmp_path / "hello.wav"
    harmony(stack, "submit", "speech", "hello there", "--model", "tone", "-o", str(spoken))
    with wave.open(str(spoken)) as file:
        samples, rate = file.readframes(file.getnframes()), file.getframerate()
    # Nobody knew the length when the head was written; the file has it.
    assert spoken.stat().st_size == 44 + len(samples)
    assert written[44:] == samples
    # A player gets the samples, and their rate.
    player = tmp_path / "aplay"
    player.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/said; cat > {tmp_path}/played\n', encoding="utf-8")
    player.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    played = harmony(stack, "submit", "speech", "hello there", "--model", "tone", "--play")
    assert played.returncode == 0, played.stderr
    assert (tmp_path / "played").read_bytes() == samples
    assert str(rate) in (tmp_path / "said").read_text().split()
    player.write_text("#!/bin/sh\necho no such device >&2; exit 1\n", encoding="utf-8")
    silent = harmony(stack, "submit", "speech", "hello there", "--model", "tone", "--play")
    assert (silent.returncode, silent.stderr) == (1, "harmony: aplay does not play: no such device\n")


def test_a_stream_goes_on_at_its_byte(stack: BackgroundStack, server: Client) -> None:
    job = server.submit({**JOB, "options": {"stages": 1, "delay_ms": 300}})
    with Proxy(stack.url, [700, 60_000]) as proxy, Client(proxy.url) as unlucky:
        heard = b"".join(unlucky.stream(job, form="pcm"))
    whole = server.wait(job, timeout=30)
    assert heard == server.download(whole)[44:]
    assert b"".join(server.stream(job, form="pcm", offset=len(heard) - 100)) == heard[-100:]
    cancelled = server.cancel(server.submit({**JOB, "options": {"delay_ms": 5000}}))
    with pytest.raises(ApiProblem) as caught:
        list(server.stream(cancelled))
    assert caught.value.code == "no_result"


def test_somebody_elses_voice_by_the_command_line(stack: BackgroundStack, tmp_path: Path) -> None:
    reference, cloned, converted = (tmp_path / f"{name}.wav" for name in ("reference", "cloned", "converted"))
    harmony(stack, "submit", "speech", "somebody speaks " * 4, "--model", "tone", "-o", str(reference))
    made = harmony(stack, "submit", "speech", "hello there", "--reference", str(reference), "-o", str(cloned))
    assert made.returncode == 0, made.stderr
    done = harmony(stack, "submit", "voice_conversion", str(cloned), "--target", str(reference), "-o", str(converted))
    assert done.returncode == 0, done.stderr
    assert converted.stat().st_size == cloned.stat().st_size
    nobody = harmony(stack, "submit", "voice_conversion", str(cloned))
    assert nobody.returncode == 2
    assert "--target" in nobody.stderr
    misplaced = harmony(stack, "submit", "vad", str(cloned), "--reference", str(reference))
    assert misplaced.returncode == 2


def test_show_and_watch(stack: BackgroundStack, server: Client) -> None:
    job = server.submit(JOB)
    watched = harmony(stack, "jobs", "watch", job["id"])
    assert watched.stdout.splitlines()[-1].split()[2] == "job.succeeded"
    assert json.loads(harmony(stack, "jobs", "show", job["id"]).stdout)["status"] == "succeeded"


def test_run_again_and_delete(stack: BackgroundStack, server: Client) -> None:
    job = server.wait(server.submit(JOB)["id"], timeout=30)
    again = harmony(stack, "jobs", "retry", job["id"], "--from", "0").stdout.strip()
    harmony(stack, "jobs", "watch", again)
    document = json.loads(harmony(stack, "jobs", "show", again).stdout)
    assert (document["retry_of"], document["status"]) == (job["id"], "succeeded")
    harmony(stack, "jobs", "delete", job["id"])
    gone = harmony(stack, "jobs", "show", job["id"])
    assert gone.returncode == 1
    assert "job_not_found" in gone.stderr


def test_problems_are_one_line_and_their_fields(stack: BackgroundStack) -> None:
    done = harmony(stack, "submit", "speech", "hello", "--model", "nobody")
    assert done.returncode == 1
    assert done.stderr.startswith("harmony: ")
    assert "unknown_model" in done.stderr
    assert "Traceback" not in done.stderr


def test_polling_and_events_agree_and_resume(server: Client) -> None:
    job = server.submit(JOB)
    history = list(server.events(job["id"]))
    assert [event.seq for event in history] == list(range(1, len(history) + 1))
    assert server.wait(job["id"], timeout=30)["status"] == "succeeded"
    rest = server.events(job["id"], last_event_id=history[2].seq)
    assert [(event.seq, event.type) for event in rest] == [(event.seq, event.type) for event in history[3:]]
    assert list(server.events(job["id"], last_event_id=history[-1].seq)) == []


def test_the_client_raises_the_problem_document(server: Client) -> None:
    with pytest.raises(ApiProblem) as caught:
        server.submit({"kind": "speech", "model": "tone", "input": {}})
    assert (caught.value.status, caught.value.code) == (422, "missing_field")
    assert caught.value.fields[0][0] == "input.text"


def test_the_data_directory_is_refused_to_a_second_stack(stack: BackgroundStack, folder: Path) -> None:
    with pytest.raises(StackDidNotStart, match=f"in use by process {stack.pid}"), start(folder):
        pass


@pytest.mark.chaos
@pytest.mark.parametrize("victim", ["api", "dispatcher", "valkey", "cpu-1", "io-1"])
def test_a_killed_process_comes_back_and_the_job_goes_on(stack: BackgroundStack, victim: str) -> None:
    before = children(stack.pid)
    with Client(stack.url) as client:
        jobs = [client.submit(JOB) for _ in range(10)]
    os.kill(before[victim], signal.SIGKILL)
    assert eventually(lambda: children(stack.pid).get(victim, before[victim]) != before[victim])
    with Client(stack.url) as client:
        assert eventually(lambda: _answers(stack.url))
        ended = [client.wait(job["id"], timeout=45) for job in jobs]
    assert [job["status"] for job in ended] == ["succeeded"] * len(jobs)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/livez", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.chaos
def test_the_supervisors_death_takes_all_along_and_the_next_goes_on(folder: Path) -> None:
    with start(folder, "second") as first, Client(first.url) as client:
        pids = children(first.pid).values()
        jobs = [client.submit(JOB) for _ in range(20)]
        first.stop(signal.SIGKILL)
        assert eventually(lambda: all(gone(pid) for pid in pids), 5)
    with start(folder, "second") as second:
        with Client(second.url) as client:
            assert {client.wait(job["id"], timeout=60)["status"] for job in jobs} == {"succeeded"}
        assert second.stop(signal.SIGTERM) == 0
    assert (folder / "second.log").read_text(encoding="utf-8").splitlines()[-1] == "Harmony has stopped"
