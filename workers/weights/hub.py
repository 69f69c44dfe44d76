"""Files of model hubs by the protocol of Hugging Face: `hf:OWNER/REPO@REVISION/PATH`.

HF_ENDPOINT names another hub or a mirror, HF_TOKEN opens gated repositories, HF_HUB_OFFLINE=1 forbids the network.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from pipelines.sources import parts
from workers.weights.errors import WeightsUnavailable
from workers.weights.locks import Locks
from workers.weights.origins import Reading, Stated, forbid_when_offline

if TYPE_CHECKING:
    import httpx

_CONNECT_SECONDS: Final = 10.0
_SILENCE_SECONDS: Final = 60.0
_HOPS: Final = 5
_COMMIT: Final = re.compile(r"^[0-9a-f]{40}$")
_SHA256: Final = re.compile(r"^[0-9a-f]{64}$")
_OK, _PARTIAL, _REDIRECT, _CLIENT_ERROR = 200, 206, 300, 400
#: What an answer means to who asked; the text of the answer may hold more than should be passed on.
_SENTENCES: Final = {
    401: "it is not there, or it is gated or private: accept its terms on the hub and set HF_TOKEN",
    403: "HF_TOKEN does not open it: accept its terms on the hub with the account of that token",
    404: "there is no such repository, revision or file",
    429: "the hub asks to come back later",
}


class Hub:
    """One hub, as the environment names it. A branch or tag is resolved once; the locks remember the commit."""

    def __init__(self, locks: Locks) -> None:
        self._locks = locks
        self._client: httpx.Client | None = None

    def state(self, source: str) -> Stated:
        """What the hub says of the file; see Origin."""
        forbid_when_offline(source, "HF_HUB_OFFLINE")
        named = parts(source)
        repo, revision, path = named["repo"], named["revision"], named["path"]
        commit = revision if _COMMIT.match(revision) else self._locks.commit(repo, revision)
        headers = self._heads(source, _address(repo, commit or revision, path))
        if commit is None:
            commit = headers.get("x-repo-commit", "")
            if not _COMMIT.match(commit):
                raise WeightsUnavailable(f"{source}: the hub does not say which commit {revision} is; name a commit")
            self._locks.keep_commit(repo, revision, commit)
        tag = (headers.get("x-linked-etag") or headers.get("etag", "")).removeprefix("W/").strip('"')
        size = headers.get("x-linked-size") or headers.get("content-length")
        return Stated(
            source=f"hf:{repo}@{commit}/{path}",
            version=f"{commit} {tag}",
            size=int(size) if size is not None and size.isdecimal() else None,
            sha256=tag if _SHA256.match(tag) else None,
            git_sha1=tag if _COMMIT.match(tag) else None,
        )

    @contextmanager
    def read(self, stated: Stated, start: int) -> Iterator[Reading]:
        """The file from `start` on; see Origin. The token does not follow a redirect to another host."""
        named = parts(stated.source)
        address = _address(named["repo"], named["revision"], named["path"])
        wanted = {"Range": f"bytes={start}-"} if start else {}
        with (
            _as_ours(stated.source),
            self._http().stream("GET", address, headers=self._headers(wanted), follow_redirects=True) as answer,
        ):
            if answer.status_code not in (_OK, _PARTIAL):
                raise _refusal(stated.source, answer.status_code)
            # Blocks as they come: larger ones would lose, with a cut connection, what had come of them.
            yield Reading(_first_byte(answer), answer.iter_bytes())

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _heads(self, source: str, address: str) -> dict[str, str]:
        """The headers of the file, the first word winning; what another host says of its copy does not count."""
        heads: dict[str, str] = {}
        with _as_ours(source):
            for _ in range(_HOPS):
                answer = self._http().head(address, headers=self._headers({}))
                if answer.status_code >= _CLIENT_ERROR:
                    raise _refusal(source, answer.status_code)
                # A redirect's own length and tag are not the file's.
                own = answer.headers.items() if not answer.has_redirect_location else _linked(answer)
                heads = {**dict(own), **heads}
                target = answer.next_request
                if target is None or target.url.netloc != answer.url.netloc:
                    return heads
                address = str(target.url)
        raise WeightsUnavailable(f"{source}: the hub redirects in circles")

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        token = os.environ.get("HF_TOKEN", "").strip()
        # Lengths and ranges are those of the file, not of a compressed form.
        return {"Accept-Encoding": "identity", **more, **({"Authorization": f"Bearer {token}"} if token else {})}

    def _http(self) -> httpx.Client:
        if self._client is None:
            import httpx

            self._client = httpx.Client(timeout=httpx.Timeout(_SILENCE_SECONDS, connect=_CONNECT_SECONDS))
        return self._client


def _address(repo: str, revision: str, path: str) -> str:
    endpoint = os.environ.get("HF_ENDPOINT", "").strip().rstrip("/") or "https://huggingface.co"
    return f"{endpoint}/{repo}/resolve/{revision}/{quote(path)}"


def _linked(answer: httpx.Response) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in answer.headers.items() if name.startswith("x-"))


def _first_byte(answer: httpx.Response) -> int:
    if answer.status_code == _OK:
        return 0
    stated = re.match(r"^bytes (\d+)-", answer.headers.get("content-range", ""))
    return int(stated[1]) if stated else 0


def _refusal(source: str, status: int) -> WeightsUnavailable:
    return WeightsUnavailable(f"{source}: {_SENTENCES.get(status, 'the hub cannot give it now')} (HTTP {status})")


@contextmanager
def _as_ours(source: str) -> Iterator[None]:
    """The client's errors in our words: theirs may hold signed addresses."""
    import httpx

    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise WeightsUnavailable(f"{source}: the hub cannot be reached: {type(error).__name__}") from error
