"""Registries of one machine: wheels that the real pip finds, and a server that the real npm asks."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def make_wheel(folder: Path, name: str, members: Mapping[str, bytes], version: str = "1.0.0") -> Path:
    """A wheel with these members; what pip checks of it is its metadata."""
    path = folder / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    metadata = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in {**members, **metadata}.items():
            archive.writestr(member, content)
    return path


def make_tarball(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for member, content in members.items():
            entry = tarfile.TarInfo(member)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@contextmanager
def npm_registry(name: str, version: str, tarball: bytes) -> Iterator[str]:
    """The address of a registry that holds one package."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.endswith(".tgz"):
                self._answer(200, "application/octet-stream", tarball)
            elif self.path.strip("/") == name:
                self._answer(200, "application/json", json.dumps(self._document()).encode())
            else:
                self._answer(404, "application/json", b'{"error": "not_found"}')

        def _document(self) -> dict[str, object]:
            integrity = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
            address = f"http://{self.headers['Host']}/{name}/-/{name}-{version}.tgz"
            release = {"name": name, "version": version, "dist": {"tarball": address, "integrity": integrity}}
            return {"name": name, "dist-tags": {"latest": version}, "versions": {version: release}}

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silent: the tests read no log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()
