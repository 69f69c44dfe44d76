"""Blocks of stored bytes: each read once for all who want it at the same time, and few of them kept."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import BinaryIO

import pytest

from api.blocks import BLOCK, Blocks, Stored
from pipelines.errors import PermanentError, TransientError
from storage.local import LocalArtifacts

CONTENT = bytes(range(256)) * (3 * BLOCK // 256) + b"the end"


class Counted(LocalArtifacts):
    """The store of one machine, which counts how often it is read."""

    opened = 0

    def open(self, key: str, *, start: int = 0, end: int | None = None) -> BinaryIO:
        self.opened += 1
        return super().open(key, start=start, end=end)


@pytest.fixture
def store(tmp_path: Path) -> Counted:
    store = Counted(tmp_path)
    store.put_bytes("some/bytes", CONTENT, media_type="application/octet-stream")
    return store


STORED = Stored("some/bytes", len(CONTENT))


async def everything(blocks: Blocks) -> bytes:
    found = b""
    while len(found) < STORED.bytes:
        found += await blocks.read(STORED, len(found))
    return found


def test_many_readers_read_once(store: Counted) -> None:
    async def read() -> list[bytes]:
        blocks = Blocks(store)
        return list(await asyncio.gather(*(everything(blocks) for _ in range(100))))

    assert set(asyncio.run(read())) == {CONTENT}
    assert store.opened == 4


def test_from_within_a_block(store: Counted) -> None:
    async def read(start: int) -> bytes:
        return await Blocks(store).read(STORED, start)

    assert asyncio.run(read(BLOCK - 3)) == CONTENT[BLOCK - 3 : BLOCK]
    assert asyncio.run(read(3 * BLOCK + 4)) == b"end"


def test_only_the_last_blocks_are_kept(store: Counted) -> None:
    async def read() -> None:
        blocks = Blocks(store, kept=2 * BLOCK)
        await everything(blocks)
        await blocks.read(STORED, 2 * BLOCK)
        assert store.opened == 4
        await blocks.read(STORED, 0)
        assert store.opened == 5

    asyncio.run(read())


def test_a_reader_that_leaves_takes_nothing_from_the_others(store: Counted) -> None:
    async def read() -> bytes:
        blocks = Blocks(store)
        leaving, staying = (asyncio.ensure_future(blocks.read(STORED, 0)) for _ in range(2))
        await asyncio.sleep(0)
        leaving.cancel()
        return await staying

    assert asyncio.run(read()) == CONTENT[:BLOCK]
    assert store.opened == 1


def test_what_is_not_there_is_an_error_and_not_kept(store: Counted) -> None:
    async def read(stored: Stored, start: int) -> bytes:
        return await Blocks(store).read(stored, start)

    with pytest.raises(PermanentError) as missing:
        asyncio.run(read(Stored("no/bytes", 10), 0))
    assert missing.value.code == "artifact_missing"
    with pytest.raises(TransientError) as short:
        asyncio.run(read(Stored("some/bytes", STORED.bytes + 1), 3 * BLOCK))
    assert short.value.code == "artifact_corrupt"
