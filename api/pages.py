"""Pages for people, all from this server: the list of jobs, and the interactive description of the API."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_STATIC = Path(__file__).parent / "static"

#: Nothing is loaded from anywhere else, and no script stands in a page.
_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; {more}"
_COMMON = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_PAGE = _POLICY.format(more=_COMMON)

#: Both viewers set styles from script; ReDoc searches in a worker made of a blob.
_VIEWER = _PAGE.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'") + "; worker-src blob:; font-src 'self'"


class _Static(StaticFiles):
    """Files that may be kept, but are asked for again after an upgrade."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "no-cache"
        response.headers["x-content-type-options"] = "nosniff"
        return response


def install(app: FastAPI) -> None:
    """Adds the pages and their files."""
    app.mount("/static/viewer", _Static(directory=_viewer_files()), name="viewer")
    app.mount("/static", _Static(directory=_STATIC), name="static")
    for path, name, policy in (
        ("/", "jobs.html", _PAGE),
        ("/docs", "docs.html", _VIEWER),
        ("/redoc", "redoc.html", _VIEWER),
    ):
        _add(app, path, (_STATIC / name).read_text(encoding="utf-8"), policy)


def _add(app: FastAPI, path: str, content: str, policy: str) -> None:
    headers = {
        "content-security-policy": policy,
        "cache-control": "no-cache",
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
    }

    async def page() -> HTMLResponse:
        return HTMLResponse(content, headers=headers)

    app.add_api_route(path, page, include_in_schema=False, response_class=HTMLResponse)


def _viewer_files() -> Path:
    """The scripts of Swagger UI and ReDoc, as the package fastapi-offline brings them."""
    spec = find_spec("fastapi_offline")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("fastapi-offline is missing: pip install -c constraints.txt -e .")
    return Path(spec.submodule_search_locations[0]) / "static"
