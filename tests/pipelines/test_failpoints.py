import ast
import os
import signal
import subprocess
import sys
import timeit
from pathlib import Path

import pytest

from pipelines import failpoints
from pipelines.failpoints import AFTER, BEFORE, VARIABLE, Action, Commit, Place, arm, disarm, fired, reaching, spots

ROOT = Path(__file__).parents[2]

#: Reaches a place as often as its first argument says, and counts aloud.
WALKER = """
import sys
from pipelines.failpoints import Place, reach
for turn in range(int(sys.argv[1])):
    print(turn, flush=True)
    reach(Place.CHUNK)
"""


def walk(folder: Path | None, times: int) -> subprocess.Popen[str]:
    environment = {key: value for key, value in os.environ.items() if key != VARIABLE}
    if folder is not None:
        environment[VARIABLE] = str(folder)
    return subprocess.Popen(
        [sys.executable, "-c", WALKER, str(times)], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )


def test_a_process_ends_itself_at_the_turn_that_was_armed(tmp_path: Path) -> None:
    arm(tmp_path, Place.CHUNK, turn=3)
    walker = walk(tmp_path, 10)
    assert walker.communicate(timeout=20)[0].split() == ["0", "1", "2"]
    assert walker.returncode == -signal.SIGKILL
    hit = fired(tmp_path, Place.CHUNK)
    assert hit is not None
    assert hit.pid == walker.pid


def test_it_happens_once_over_all_processes(tmp_path: Path) -> None:
    arm(tmp_path, Place.CHUNK, turn=5)
    walkers = [walk(tmp_path, 4) for _ in range(6)]
    counted = [len(walker.communicate(timeout=30)[0].split()) for walker in walkers]
    assert sorted(walker.returncode for walker in walkers) == [-signal.SIGKILL, 0, 0, 0, 0, 0]
    assert sum(counted) <= 6 * 4
    again = walk(tmp_path, 4)
    again.communicate(timeout=20)
    assert again.returncode == 0, "the place was armed once and hit a second process"


def test_a_process_freezes_and_goes_on(tmp_path: Path) -> None:
    arm(tmp_path, Place.CHUNK, Action.FREEZE, turn=2)
    walker = walk(tmp_path, 4)
    _, status = os.waitpid(walker.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    hit = fired(tmp_path, Place.CHUNK)
    assert hit is not None
    assert hit.pid == walker.pid
    walker.send_signal(signal.SIGCONT)
    assert walker.communicate(timeout=20)[0].split() == ["0", "1", "2", "3"]
    assert walker.returncode == 0


def test_nothing_happens_where_nothing_is_armed(tmp_path: Path) -> None:
    arm(tmp_path, Place.RETURNED)
    arm(tmp_path, Place.CHUNK)
    disarm(tmp_path, Place.CHUNK)
    walker = walk(tmp_path, 2)
    walker.communicate(timeout=20)
    assert walker.returncode == 0
    assert fired(tmp_path, Place.CHUNK) is None


def test_arming_forgets_who_was_hit_before(tmp_path: Path) -> None:
    arm(tmp_path, Place.CHUNK)
    walk(tmp_path, 1).communicate(timeout=20)
    assert fired(tmp_path, Place.CHUNK) is not None
    arm(tmp_path, Place.CHUNK)
    assert fired(tmp_path, Place.CHUNK) is None


def test_an_unknown_place_cannot_be_armed(tmp_path: Path) -> None:
    for spot in ("chunks", "claim", "chunk.before_commit", "../chunk"):
        with pytest.raises(ValueError, match="no failpoint"):
            arm(tmp_path, spot)


def test_a_file_of_a_place_does_nothing_without_the_variable(tmp_path: Path) -> None:
    arm(tmp_path, Place.CHUNK)
    walker = walk(None, 2)
    walker.communicate(timeout=20)
    assert walker.returncode == 0
    assert not failpoints.ENABLED


def test_in_production_a_place_costs_less_than_a_microsecond() -> None:
    rounds = 20_000
    best = min(timeit.repeat(lambda: failpoints.reach(Place.CHUNK), number=rounds, repeat=7)) / rounds
    assert best < 1e-6


def test_a_place_that_is_looked_at_but_not_armed_goes_on(tmp_path: Path) -> None:
    reach = reaching(tmp_path)
    reach(Place.CHUNK)
    reach(Commit.CLAIM, BEFORE)
    reach(Commit.CLAIM, AFTER)
    assert list(tmp_path.iterdir()) == []


def test_every_place_is_reached_somewhere_in_the_code() -> None:
    """A place that nothing reaches would be tried in vain."""
    used: set[str] = set()
    for package in ("api", "storage", "workers"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Attribute(value=ast.Name(id="Place" | "Commit" as kind), attr=name):
                        used.add(f"{kind}.{name}")
    wanted = sorted([*(f"Place.{place.name}" for place in Place), *(f"Commit.{commit.name}" for commit in Commit)])
    assert sorted(used) == wanted
    assert all(sentence.endswith(".") for sentence in spots().values())
