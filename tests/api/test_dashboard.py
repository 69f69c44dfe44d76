"""The dashboard's page, its policy and its files."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.dashboard import ADDRESSES, install
from storage.s3 import S3Artifacts
from storage.s3_client import S3Options
from storage.settings import StorageSettings


def _serve(tmp_path: Path, storage: StorageSettings | None = None) -> TestClient:
    assets = tmp_path / "dist" / "assets"
    assets.mkdir(parents=True)
    for route in ADDRESSES.values():
        (tmp_path / "dist" / f"{route}.html").write_text(f"<title>Harmony: {route}</title>")
    for name, text in {"index-abc.js": "large();", "theme.js": "small();"}.items():
        (assets / name).write_text(text)
        (assets / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
    app = FastAPI()
    install(app, storage or StorageSettings(data_dir=tmp_path), tmp_path / "dist")
    return TestClient(app)


@pytest.mark.parametrize("endpoint", [None, "https://store.example:9000"])
@pytest.mark.parametrize("style", ["path", "host"])
@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "cn-north-1"])
def test_pages_may_play_what_lies_in_the_bucket(tmp_path: Path, endpoint: str | None, style: str, region: str) -> None:
    path_style = style == "path"
    storage = StorageSettings(artifacts="s3", s3_endpoint=endpoint, s3_path_style=path_style, s3_region=region)
    policy = _serve(tmp_path, storage).get("/").headers["content-security-policy"]
    directives = {name: sources for name, *sources in (part.split() for part in policy.split(";"))}
    options = S3Options(
        bucket="harmony", region=region, endpoint=endpoint, access_key="a", secret_key="b", path_style=path_style
    )
    store = S3Artifacts(options)
    link = store.link("key", resource="", filename="a.wav", media_type="audio/wav", seconds=60, disposition="inline")
    store.close()
    for directive in ("connect-src", "media-src"):
        assert any(link.startswith((source, f"{source}/")) for source in directives[directive]), (link, policy)
        assert not any("*" in source for source in directives[directive])


def test_nothing_but_this_server_where_artifacts_lie_here(tmp_path: Path) -> None:
    assert "http" not in _serve(tmp_path).get("/jobs/job_1").headers["content-security-policy"]


def test_each_address_has_the_page_of_its_route(tmp_path: Path) -> None:
    client = _serve(tmp_path)
    expected = {"/": "jobs", "/jobs/job_1": "job", **{f"/{name}": name for name in ("speak", "transcribe", "system")}}
    for address, route in expected.items():
        assert f"Harmony: {route}<" in client.get(address).text


def test_scripts_come_compressed_to_who_takes_it(tmp_path: Path) -> None:
    client = _serve(tmp_path)
    for accepted, encoding in (("gzip, br", "gzip"), ("identity", None), ("gzip;q=0", None)):
        answer = client.get("/assets/index-abc.js", headers={"accept-encoding": accepted})
        assert answer.text == "large();"
        assert answer.headers.get("content-encoding") == encoding
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"].startswith("text/javascript")
    assert client.get("/assets/theme.js").headers["cache-control"] == "no-cache"
    assert client.get("/assets/none.js").status_code == 404


def test_a_checkout_without_the_build_says_how_to_make_it(tmp_path: Path) -> None:
    app = FastAPI()
    install(app, StorageSettings(data_dir=tmp_path), tmp_path / "nothing")
    assert "make frontend" in TestClient(app).get("/").text
