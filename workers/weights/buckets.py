"""Files of S3-compatible stores: `s3:BUCKET/KEY`. The store is that of the artifacts, or one of its own."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, cast

from pipelines.sources import parts
from workers.weights.errors import WeightsUnavailable
from workers.weights.origins import BLOCK, Reading, Stated, forbid_when_offline

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from storage.s3_client import S3Options


class Buckets:
    """One store, as HARMONY_WEIGHTS_S3_* say, else HARMONY_S3_*; without keys boto3 looks where it always does."""

    def __init__(self) -> None:
        self._client: S3Client | None = None

    def state(self, source: str) -> Stated:
        """What the store says of the object; see Origin."""
        forbid_when_offline(source)
        named = parts(source)
        with _as_ours(source):
            head = self._s3().head_object(Bucket=named["bucket"], Key=named["key"], ChecksumMode="ENABLED")
        whole = head.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT"
        digest = head.get("ChecksumSHA256") if whole else None
        return Stated(
            source=source,
            version=head["ETag"],
            size=head["ContentLength"],
            sha256=None if digest is None else base64.b64decode(digest).hex(),
        )

    @contextmanager
    def read(self, stated: Stated, start: int) -> Iterator[Reading]:
        """The object from `start` on, if it is still the one that was stated; see Origin."""
        named = parts(stated.source)
        with _as_ours(stated.source):
            answer = self._s3().get_object(
                Bucket=named["bucket"], Key=named["key"], IfMatch=stated.version, Range=f"bytes={start}-"
            )
            body = cast("BinaryIO", answer["Body"])
            try:
                yield Reading(start if "ContentRange" in answer else 0, iter(lambda: body.read(BLOCK), b""))
            finally:
                body.close()

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _s3(self) -> S3Client:
        if self._client is None:
            from storage.s3_client import make_client

            options = _options()
            self._client = make_client(options, options.endpoint)
        return self._client


def _options() -> S3Options:
    from storage.s3_client import S3Options
    from storage.settings import StorageSettings
    from workers.settings import WorkerSettings

    own, shared = WorkerSettings(), StorageSettings()
    access, secret = own.weights_s3_access_key, own.weights_s3_secret_key
    if access is None:
        access, secret = shared.s3_access_key, shared.s3_secret_key
    return S3Options(
        bucket="",
        region=own.weights_s3_region or shared.s3_region,
        endpoint=own.weights_s3_endpoint or shared.s3_endpoint,
        access_key=None if access is None else access.get_secret_value(),
        secret_key=None if secret is None else secret.get_secret_value(),
        path_style=shared.s3_path_style,
    )


@contextmanager
def _as_ours(source: str) -> Iterator[None]:
    """Botocore's errors in our words; its messages may hold hosts and keys, so only the code is repeated."""
    from botocore.exceptions import BotoCoreError, ClientError

    from storage.s3_client import REFUSED_CODES, error_code

    try:
        yield
    except ClientError as error:
        code = error_code(error)
        if code in {"NoSuchKey", "404"}:
            said = "the store has no such object"
        elif code in {"PreconditionFailed", "412"}:
            said = "it was replaced while it was being fetched"
        elif code in REFUSED_CODES:
            said = "the store refuses; HARMONY_WEIGHTS_S3_* say how to reach it"
        else:
            said = "the store failed"
        raise WeightsUnavailable(f"{source}: {said} ({code})") from error
    except BotoCoreError as error:
        raise WeightsUnavailable(f"{source}: the store cannot be reached: {type(error).__name__}") from error
