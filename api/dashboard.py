"""The dashboard as the front-end build left it in `frontend/dist`: a page for each of its routes, and its files.

A process without the build (a checkout in which nobody ran make) serves a page that says how to make it.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from fastapi import FastAPI
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.pages import COMMON, HEADERS, add_page
from storage.settings import StorageSettings

BUILD = Path(__file__).parents[1] / "frontend" / "dist"

#: The addresses that the dashboard draws itself (frontend/src/router.tsx), and the page of the build that each gets:
#: they differ in the scripts that are loaded first.
ADDRESSES = {
    "/": "jobs",
    "/jobs/{job_id}": "job",
    "/speak": "speak",
    "/transcribe": "transcribe",
    "/system": "system",
}

#: Scripts come from here alone and none stands in a page. Styles may: the components that place menus and lock the
#: scroll behind a dialog write them. `blob:` is what a microphone recorded, played before it is sent.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self' blob:{store}; media-src 'self' blob:{store}; manifest-src 'self'; " + COMMON
)

_MISSING = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Harmony</title></head><body>
<h1>The dashboard is not built</h1>
<p><code>make frontend</code> builds it; then start Harmony again.</p>
<p>The API is complete without it: <a href="/docs">interactive</a>, <a href="/redoc">reference</a>.</p>
</body></html>
"""


def install(app: FastAPI, storage: StorageSettings, build: Path = BUILD) -> None:
    """Adds the dashboard's page and files."""
    policy = _POLICY.format(store=_store(storage))
    for address, route in ADDRESSES.items():
        page = build / f"{route}.html"
        add_page(app, address, page if page.is_file() else _MISSING, policy)
    if (build / "assets").is_dir():
        app.mount("/assets", _Assets(directory=build / "assets"), name="assets")


def _store(settings: StorageSettings) -> str:
    """Where the links to results lead when the artifacts do not lie here, as sources of a policy: this bucket alone."""
    if settings.artifacts != "s3":
        return ""
    endpoint = settings.s3_public_endpoint or settings.s3_endpoint
    bases = _amazon(settings.s3_region) if endpoint is None else [endpoint]
    return "".join(f" {source}" for base in bases for source in _bucket(urlsplit(base), settings.s3_bucket))


def _bucket(base: SplitResult, name: str) -> tuple[str, str]:
    """The bucket in the path and in the host: which of them a link has, boto3 decides by more than one setting."""
    return f"{base.scheme}://{base.netloc}{base.path.rstrip('/')}/{name}/", f"{base.scheme}://{name}.{base.netloc}"


def _amazon(region: str) -> list[str]:
    """The endpoints that boto3 signs links for when none is set."""
    china = ".cn" if region.startswith("cn-") else ""
    return [f"https://s3.amazonaws.com{china}", f"https://s3.{region}.amazonaws.com{china}"]


class _Assets(StaticFiles):
    """The build's files, compressed where the client takes it: the build leaves a `.gz` beside what is worth it."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        # Vite puts a hash of the content into the names of what it makes; what is only copied keeps its name.
        hashed = "-" in Path(path).stem
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if hashed else "no-cache"
        response.headers["vary"] = "accept-encoding"
        response.headers.update(HEADERS)
        if not isinstance(response, FileResponse) or not _takes_gzip(scope):
            return response
        full, stat = self.lookup_path(f"{path}.gz")
        if stat is None:
            return response
        packed = FileResponse(full, media_type=response.media_type, stat_result=stat)
        for name in ("cache-control", "vary", *HEADERS):
            packed.headers[name] = response.headers[name]
        packed.headers["content-encoding"] = "gzip"
        return packed


def _takes_gzip(scope: Scope) -> bool:
    given = b",".join(value for name, value in scope["headers"] if name == b"accept-encoding")
    return any(item.strip().split(b";")[0] == b"gzip" and b"q=0" not in item for item in given.split(b","))
