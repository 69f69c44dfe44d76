"""Underneath the clients: requests sent as often as it takes, answers read to their end over several connections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Self, TypeVar, cast

import httpx

from harmony.client.asking import PATIENCE, Ask, Sending, accepted, settings
from harmony.client.problems import problem_of
from harmony.client.reading import off_the_loop
from harmony.client.retrying import BROKEN, Backoff
from harmony.client.tails import Tail

T = TypeVar("T")


class Connection:
    """To one server, for programs that wait."""

    def __init__(self, base_url: str, *, timeout: float = PATIENCE, retries: int = 3) -> None:
        self.base_url = base_url.rstrip("/")
        self._timeout = timeout
        self._backoff = Backoff(retries)
        self._http = httpx.Client(**settings(self.base_url, timeout))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def _follow(self, tail: Tail[T]) -> Iterator[T]:
        """All of an answer, over as many connections as it takes."""
        backoff, pauses = self._backoff, self._backoff.forever()
        while not tail.ended:
            with self._opened(tail.ask(), backoff) as response:
                # Once attached, a server that is being restarted is waited for.
                backoff = self._backoff.patient()
                if not tail.begins(response):
                    return
                try:
                    for chunk in response.iter_bytes():
                        for item in tail.feed(chunk):
                            pauses = self._backoff.forever()
                            yield item
                    tail.closes()
                except BROKEN:
                    pass  # gone on with below; a server that is gone refuses the new connection
            if not tail.ended:
                time.sleep(next(pauses))

    @contextmanager
    def _opened(self, ask: Ask[object], backoff: Backoff) -> Iterator[httpx.Response]:
        response = self._send(ask, backoff, stream=True)
        try:
            yield response
        finally:
            response.close()

    def _json(self, ask: Ask[T]) -> T:
        return cast("T", self._request(ask).json())

    def _request(self, ask: Ask[object]) -> httpx.Response:
        return self._send(ask, self._backoff)

    def _send(self, ask: Ask[object], backoff: Backoff, *, stream: bool = False) -> httpx.Response:
        """The answer, after as many attempts as it takes; ApiProblem if it is none."""
        sending = Sending(ask, backoff, self._timeout)
        while True:
            try:
                with sending.request(self._http) as request:
                    response = self._http.send(request, stream=stream)
            except httpx.TransportError as error:
                if (pause := sending.after_error(error)) is None:
                    raise
            else:
                if accepted(response):
                    return response
                response.read()
                if (pause := sending.after_answer(response)) is None:
                    raise problem_of(response)
            time.sleep(pause)


class AsyncConnection:
    """To one server, for programs with an event loop."""

    def __init__(self, base_url: str, *, timeout: float = PATIENCE, retries: int = 3) -> None:
        self.base_url = base_url.rstrip("/")
        self._timeout = timeout
        self._backoff = Backoff(retries)
        self._http = httpx.AsyncClient(**settings(self.base_url, timeout))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def _follow(self, tail: Tail[T]) -> AsyncIterator[T]:
        """All of an answer, over as many connections as it takes."""
        backoff, pauses = self._backoff, self._backoff.forever()
        while not tail.ended:
            async with self._opened(tail.ask(), backoff) as response:
                # Once attached, a server that is being restarted is waited for.
                backoff = self._backoff.patient()
                if not tail.begins(response):
                    return
                try:
                    async for chunk in response.aiter_bytes():
                        for item in tail.feed(chunk):
                            pauses = self._backoff.forever()
                            yield item
                    tail.closes()
                except BROKEN:
                    pass  # gone on with below; a server that is gone refuses the new connection
            if not tail.ended:
                await asyncio.sleep(next(pauses))

    @asynccontextmanager
    async def _opened(self, ask: Ask[object], backoff: Backoff) -> AsyncIterator[httpx.Response]:
        response = await self._send(ask, backoff, stream=True)
        try:
            yield response
        finally:
            await response.aclose()

    async def _json(self, ask: Ask[T]) -> T:
        return cast("T", (await self._request(ask)).json())

    async def _request(self, ask: Ask[object]) -> httpx.Response:
        return await self._send(ask, self._backoff)

    async def _send(self, ask: Ask[object], backoff: Backoff, *, stream: bool = False) -> httpx.Response:
        """The answer, after as many attempts as it takes; ApiProblem if it is none."""
        sending = Sending(ask, backoff, self._timeout)
        while True:
            try:
                with sending.request(self._http) as request:
                    response = await self._http.send(off_the_loop(request), stream=stream)
            except httpx.TransportError as error:
                if (pause := sending.after_error(error)) is None:
                    raise
            else:
                if accepted(response):
                    return response
                await response.aread()
                if (pause := sending.after_answer(response)) is None:
                    raise problem_of(response)
            await asyncio.sleep(pause)
