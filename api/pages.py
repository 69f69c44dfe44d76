"""The API's description for people, interactive and as a reference, all from this server."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_STATIC = Path(__file__).parent / "static"

COMMON = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

#: Nothing is loaded from anywhere else, and no script stands in a page. Both viewers set styles from script; ReDoc
#: searches in a worker made of a blob.
_VIEWER = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; worker-src blob:; font-src 'self'; " + COMMON
)

#: What every page and every file of a page says beside its policy.
HEADERS = {"referrer-policy": "same-origin", "x-content-type-options": "nosniff"}


class _Static(StaticFiles):
    """Files that may be kept, but are asked for again after an upgrade."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "no-cache"
        response.headers.update(HEADERS)
        return response


def install(app: FastAPI) -> None:
    """Adds the pages and their files."""
    app.mount("/static/viewer", _Static(directory=_viewer_files()), name="viewer")
    app.mount("/static", _Static(directory=_STATIC), name="static")
    for path in ("/docs", "/redoc"):
        add_page(app, path, (_STATIC / f"{path[1:]}.html").read_text(encoding="utf-8"), _VIEWER)


def add_page(app: FastAPI, path: str, content: str | Path, policy: str) -> None:
    """Serves a page under its content security policy; it is asked for again each time, and nothing frames it.

    A file is read anew each time: a build made under a running server names other scripts.
    """
    headers = {"content-security-policy": policy, "cache-control": "no-cache", **HEADERS}

    async def page() -> Response:
        if isinstance(content, Path):
            return FileResponse(content, media_type="text/html", headers=headers)
        return HTMLResponse(content, headers=headers)

    app.add_api_route(path, page, include_in_schema=False, response_class=HTMLResponse)


def _viewer_files() -> Path:
    """The scripts of Swagger UI and ReDoc, as the package fastapi-offline brings them."""
    spec = find_spec("fastapi_offline")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("fastapi-offline is missing: pip install -c constraints.txt -e .")
    return Path(spec.submodule_search_locations[0]) / "static"
