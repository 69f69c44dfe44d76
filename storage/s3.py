"""Artifacts in any S3-compatible store, through boto3 (imported when the first client is made, once per process).

Requests carry no trailing checksums, which several stores refuse; the SHA-256 goes into the object's metadata for
people who look at the bucket, and readers check the bytes against the artifact's row.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from storage.artifacts import (
    CHUNK,
    Disposition,
    Listed,
    Stored,
    checked_key,
    checked_prefix,
    checked_range,
    content_disposition,
    copy_checked,
    corrupt,
)
from storage.s3_client import Body, S3Options, as_ours, error_code, make_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

#: Above this a put is a multipart upload in parts of PART bytes.
MULTIPART = 32 << 20
PART = 8 << 20

MISSING_CODES = {"404", "NoSuchKey", "NotFound"}
RANGE_CODES = {"416", "InvalidRange"}


@dataclass(frozen=True)
class _Clients:
    """boto3 clients are safe in threads but not across a fork, hence the pid."""

    pid: int
    inner: S3Client
    public: S3Client


class S3Artifacts:
    """The ArtifactStore of a bucket; its links are presigned GETs on the public endpoint."""

    def __init__(self, options: S3Options) -> None:
        self._options = options
        self._clients: _Clients | None = None

    def put(self, key: str, source: BinaryIO, *, media_type: str) -> Stored:
        """Streams in; see ArtifactStore. Reads the source twice: the checksum goes ahead of the bytes."""
        checked_key(key)
        if source.seekable():
            return self._upload(key, source, media_type)
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(source, copy, CHUNK)
            copy.seek(0)
            return self._upload(key, cast("BinaryIO", copy), media_type)

    def put_bytes(self, key: str, data: bytes, *, media_type: str) -> Stored:
        """Writes bytes; see ArtifactStore."""
        return self.put(key, io.BytesIO(data), media_type=media_type)

    def open(self, key: str, *, start: int = 0, end: int | None = None) -> BinaryIO:
        """Opens a range; see ArtifactStore."""
        from botocore.exceptions import ClientError

        checked_key(key)
        checked_range(start, end)
        if end == start:
            return io.BytesIO()
        extra = {"Range": f"bytes={start}-{'' if end is None else end - 1}"} if start or end is not None else {}
        with as_ours(key):
            try:
                answer = self._inner().get_object(Bucket=self._options.bucket, Key=key, **extra)  # type: ignore[arg-type]  # an optional TypedDict keyword
            except ClientError as error:
                if error_code(error) in RANGE_CODES:
                    return io.BytesIO()
                raise
        return cast("BinaryIO", io.BufferedReader(Body(answer["Body"], key), CHUNK))

    def stat(self, key: str) -> int | None:
        """Its length; see ArtifactStore."""
        from botocore.exceptions import ClientError

        checked_key(key)
        with as_ours(key):
            try:
                return self._inner().head_object(Bucket=self._options.bucket, Key=key)["ContentLength"]
            except ClientError as error:
                if error_code(error) in MISSING_CODES:
                    return None
                raise

    def fetch(self, key: str, path: Path, sha256: str) -> None:
        """Copies out, checked; see ArtifactStore."""
        with self.open(key) as source:
            copy_checked(source, path, sha256, key=key)

    def read(self, key: str, sha256: str) -> bytes:
        """Reads, checked; see ArtifactStore."""
        with self.open(key) as source:
            data = source.read()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise corrupt(key)
        return data

    def delete(self, key: str) -> None:
        """Removes; see ArtifactStore."""
        checked_key(key)
        with as_ours(key):
            self._inner().delete_object(Bucket=self._options.bucket, Key=key)

    def list(self, prefix: str = "") -> Iterator[Listed]:
        """Everything under a prefix, a page of 1,000 per request."""
        pages = self._inner().get_paginator("list_objects_v2")
        with as_ours(prefix):
            for page in pages.paginate(Bucket=self._options.bucket, Prefix=checked_prefix(prefix)):
                for item in page.get("Contents", ()):
                    yield Listed(item["Key"], item["Size"], item["LastModified"].timestamp())

    def drop_partial(self, older_than: float) -> int:
        """Aborts old multipart uploads; see ArtifactStore."""
        before = time.time() - older_than
        client = self._inner()
        with as_ours(""):
            uploads = client.list_multipart_uploads(Bucket=self._options.bucket).get("Uploads", ())
            old = [upload for upload in uploads if upload["Initiated"].timestamp() <= before]
            for upload in old:
                client.abort_multipart_upload(
                    Bucket=self._options.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                )
        return len(old)

    def link(
        self, key: str, *, resource: str, filename: str, media_type: str, seconds: int, disposition: Disposition
    ) -> str:
        """A presigned GET that answers with this media type and file name; `resource` is for stores without links."""
        del resource
        parameters = {
            "Bucket": self._options.bucket,
            "Key": checked_key(key),
            "ResponseContentType": media_type,
            "ResponseContentDisposition": content_disposition(disposition, filename),
        }
        with as_ours(key):
            return self._both().public.generate_presigned_url("get_object", Params=parameters, ExpiresIn=seconds)

    def check(self) -> None:
        """Asks for the bucket; see ArtifactStore."""
        with as_ours(""):
            self._inner().head_bucket(Bucket=self._options.bucket)

    def create_bucket(self) -> None:
        """Makes the bucket unless it is there: for fresh stores on one machine, and tests."""
        from botocore.exceptions import ClientError

        with as_ours(""):
            try:
                self._inner().head_bucket(Bucket=self._options.bucket)
            except ClientError as error:
                if error_code(error) not in MISSING_CODES:
                    raise
                self._inner().create_bucket(Bucket=self._options.bucket)

    def close(self) -> None:
        """Closes the connections of this process; the next call opens new ones."""
        clients, self._clients = self._clients, None
        if clients is not None and clients.pid == os.getpid():
            clients.inner.close()
            clients.public.close()

    def _upload(self, key: str, source: BinaryIO, media_type: str) -> Stored:
        stored = _measure(source)
        metadata = {"sha256": stored.sha256}
        with as_ours(key):
            if stored.bytes <= MULTIPART:
                self._inner().put_object(
                    Bucket=self._options.bucket, Key=key, Body=source, ContentType=media_type, Metadata=metadata
                )
            else:
                self._upload_parts(key, source, media_type, metadata)
        return stored

    def _upload_parts(self, key: str, source: BinaryIO, media_type: str, metadata: dict[str, str]) -> None:
        """Part by part from this thread, so that no more than one part is in memory."""
        client, bucket = self._inner(), self._options.bucket
        upload = client.create_multipart_upload(Bucket=bucket, Key=key, ContentType=media_type, Metadata=metadata)
        identity = upload["UploadId"]
        try:
            tags = []
            for number, part in enumerate(iter(lambda: source.read(PART), b""), start=1):
                answer = client.upload_part(Bucket=bucket, Key=key, UploadId=identity, PartNumber=number, Body=part)
                tags.append({"ETag": answer["ETag"], "PartNumber": number})
            client.complete_multipart_upload(
                Bucket=bucket,
                Key=key,
                UploadId=identity,
                MultipartUpload={"Parts": tags},  # type: ignore[typeddict-item]  # literal keys, built in a loop
            )
        except BaseException:
            client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=identity)
            raise

    def _inner(self) -> S3Client:
        return self._both().inner

    def _both(self) -> _Clients:
        clients = self._clients
        if clients is None or clients.pid != os.getpid():
            inner = make_client(self._options, self._options.endpoint)
            other = self._options.public_endpoint not in (None, self._options.endpoint)
            public = make_client(self._options, self._options.public_endpoint) if other else inner
            self._clients = clients = _Clients(os.getpid(), inner, public)
        return clients


def _measure(source: BinaryIO) -> Stored:
    """Length and SHA-256 from here to the end; comes back to where it began."""
    begin = source.tell()
    digest = hashlib.sha256()
    size = 0
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
    source.seek(begin)
    return Stored(size, digest.hexdigest())
