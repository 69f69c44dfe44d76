import os
import subprocess
import sys
from pathlib import Path

import pytest

from harmony.datadir import DataDirInUse, locked


def test_a_data_directory_in_use_is_refused_by_the_holders_number(tmp_path: Path) -> None:
    with (
        locked(tmp_path / "data"),
        pytest.raises(DataDirInUse, match=f"process {os.getpid()};"),
        locked(tmp_path / "data"),
    ):
        pass


def test_it_is_free_again_afterwards_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    for _ in range(2):
        with locked(tmp_path / "data"):
            assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    script = (
        "import signal, sys; from pathlib import Path; from harmony.datadir import locked\n"
        "with locked(Path(sys.argv[1])): print('held', flush=True); signal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(DataDirInUse, match=f"process {holder.pid};"), locked(tmp_path):
            pass
        holder.kill()
    with locked(tmp_path):
        pass
