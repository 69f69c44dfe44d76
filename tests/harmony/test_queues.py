"""`harmony queues` against a real server."""

from pathlib import Path

import pytest

from harmony.client import ApiProblem
from harmony.commands.queues import list_queues, pause, resume
from harmony.console import sentences
from tests.api.site import serving


def test_queues_are_listed_paused_and_resumed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(f"sqlite:///{tmp_path / 'x.db'}", tmp_path) as site:
        site.beat()
        site.submit()
        pause("cpu", url=site.url)
        assert capsys.readouterr().out.startswith("paused since 20")
        list_queues(url=site.url)
        lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
        assert "paused since" in lines["cpu"]
        assert "open" in lines["io"]
        resume("cpu", url=site.url)
        list_queues(url=site.url)
        assert "paused" not in capsys.readouterr().out


def test_an_unknown_queue_is_one_line(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path / 'x.db'}", tmp_path) as site, pytest.raises(ApiProblem) as told:
        pause("nothing", url=site.url)
    lines = sentences(told.value)
    assert lines is not None
    assert "There is no queue nothing" in lines[0]
