"""What the stack is made of, as data; tests/stack starts it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harmony.output import Prefixer
from harmony.ports import free_port, is_free
from harmony.stack import StackError, StackOptions, parse_slots, programs

CONFIG = Path(__file__).parents[2] / "config.yml"


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StackOptions:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("HARMONY_")]:
        monkeypatch.delenv(name)
    return StackOptions("127.0.0.1", 8123, 6399, tmp_path, CONFIG, {"cpu": 2, "io": 1, "webhook": 1})


def test_every_queue_has_a_slot_unless_told_otherwise() -> None:
    assert parse_slots(None, CONFIG) == {"cpu": 1, "io": 1, "webhook": 1}
    assert parse_slots("cpu=2, io=3", CONFIG) == {"cpu": 2, "io": 3, "webhook": 1}


@pytest.mark.parametrize("text", ["gpu=1", "cpu", "cpu=0", "cpu=x", "cpu=-1"])
def test_slots_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(StackError, match="--slots"):
        parse_slots(text, CONFIG)


def test_the_groups_stop_in_order(options: StackOptions) -> None:
    names = [[program.name for program in group] for group in programs(options)]
    assert names == [["api"], ["cpu-1", "cpu-2", "io-1", "webhook-1"], ["dispatcher"], ["valkey"]]


def test_the_slots_of_models_share_the_cores(options: StackOptions) -> None:
    slots = {program.name: program for group in programs(options) for program in group}
    share = str(max(1, len(os.sched_getaffinity(0)) // 2))
    assert [slots[name].env["HARMONY_THREADS"] for name in ("cpu-1", "cpu-2", "io-1")] == [share, share, "1"]


def test_a_broker_of_the_operators_is_used(options: StackOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    assert programs(options)[0][0].env["HARMONY_BROKER_URL"] == "redis://127.0.0.1:6399/0"
    monkeypatch.setenv("HARMONY_BROKER_URL", "redis://elsewhere/0")
    groups = programs(options)
    assert "valkey" not in [program.name for group in groups for program in group]
    assert "HARMONY_BROKER_URL" not in groups[0][0].env


def test_a_public_address_in_the_env_file_is_kept(options: StackOptions) -> None:
    assert programs(options)[0][0].env["HARMONY_PUBLIC_URL"] == "http://127.0.0.1:8123"
    Path(".env").write_text("HARMONY_PUBLIC_URL=https://speech.example\n", encoding="utf-8")
    assert "HARMONY_PUBLIC_URL" not in programs(options)[0][0].env


def test_lines_carry_the_name_of_who_said_them(capsys: pytest.CaptureFixture[str]) -> None:
    printer = Prefixer(5)
    printer("api", "hello")
    printer.plain("ready")
    assert capsys.readouterr().out == "api   | hello\nready\n"


def test_a_free_port_is_free() -> None:
    assert is_free("127.0.0.1", free_port())


def test_a_free_port_is_given_to_one_only_and_never_to_a_connection() -> None:
    given = [free_port() for _ in range(50)]
    assert len(set(given)) == len(given)
    elsewhere = subprocess.run(
        [sys.executable, "-c", f"from harmony.ports import _claim; print(any(map(_claim, {given})))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert elsewhere.stdout.strip() == "False"
    start = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    assert max(given) < start
