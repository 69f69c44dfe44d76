"""The S3 client itself: how it is configured, and its errors in our words. boto3 is imported at use."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, cast

from pipelines.errors import PermanentError, TransientError
from storage.artifacts import missing

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client

CONNECT_TIMEOUT = 5
READ_TIMEOUT = 60
ATTEMPTS = 5

REFUSED_CODES = {"AccessDenied", "403", "Forbidden", "InvalidAccessKeyId", "SignatureDoesNotMatch", "NoSuchBucket"}


@dataclass(frozen=True)
class S3Options:
    """Where the bucket is. Without an endpoint it is AWS; without keys boto3 looks where it always does."""

    bucket: str
    region: str
    endpoint: str | None = None
    #: The host in links, where clients reach the store under another name than we do.
    public_endpoint: str | None = None
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    path_style: bool = True


def make_client(options: S3Options, endpoint: str | None) -> S3Client:
    import boto3
    from botocore.config import Config

    config = Config(
        signature_version="s3v4",
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=16,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path" if options.path_style else "auto"},
    )
    # A session of its own: boto3's default one must not be used from several threads.
    return boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint,
        region_name=options.region,
        aws_access_key_id=options.access_key,
        aws_secret_access_key=options.secret_key,
        config=config,
    )


class Body(io.RawIOBase):
    """A response's body whose network errors are ours, also in the middle of a download."""

    def __init__(self, body: object, key: str) -> None:
        self._body = cast("BinaryIO", body)
        self._key = key

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer))
        with as_ours(self._key):
            data = self._body.read(len(view))
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._body.close()
        super().close()


def error_code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def as_ours(key: str) -> Iterator[None]:
    """Botocore's errors in our words; its messages may hold hosts and keys, so only the code is repeated."""
    from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError, IncompleteReadError  # noqa: A004 - botocore's name

    try:
        yield
    except ClientError as error:
        code = error_code(error)
        if code in {"NoSuchKey", "404"} and key:
            raise missing(key) from error
        if code in REFUSED_CODES:
            raise TransientError(f"the artifact store refused the request: {code}", code="storage_refused") from error
        raise TransientError(f"the artifact store failed: {code}", code="storage_unavailable") from error
    except (ConnectionError, HTTPClientError, IncompleteReadError) as error:
        raise TransientError(
            f"the artifact store cannot be reached: {type(error).__name__}", code="storage_unavailable"
        ) from error
    except BotoCoreError as error:
        raise PermanentError(
            f"the artifact store cannot be used as configured: {type(error).__name__}", code="storage_misconfigured"
        ) from error
