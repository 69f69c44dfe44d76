"""`harmony jobs bulk` against a real server."""

import json
from pathlib import Path

import pytest
import typer

from harmony.commands.jobs import bulk
from tests.api.site import serving


def test_many_jobs_are_counted_then_ordered(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(f"sqlite:///{tmp_path / 'x.db'}", tmp_path) as site:
        site.beat()
        for label in ("a", "a", "b"):
            site.submit(labels={"what": label})
        bulk("cancel", status=["queued", "running"], label=["what:a"], dry_run=True, url=site.url)
        counted = json.loads(capsys.readouterr().out)
        bulk("cancel", label=["what:a"], url=site.url)
        order = json.loads(capsys.readouterr().out)
        assert site.http.get(f"/v1/jobs/bulk/{order['id']}").json() == order
    assert counted == {"action": "cancel", "matching": 2, "exact": True, "applicable": 2}
    assert (order["status"], order["matching"]) == ("running", 2)


def test_all_jobs_are_deleted_only_when_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.BadParameter, match="--all"):
        bulk("delete")
    with serving(f"sqlite:///{tmp_path / 'x.db'}", tmp_path) as site:
        bulk("delete", every=True, url=site.url)
        assert json.loads(capsys.readouterr().out)["action"] == "delete"
