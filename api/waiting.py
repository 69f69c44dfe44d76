"""Waiting for a job on behalf of a request."""

from __future__ import annotations

import asyncio

from api.services import Services


async def until_change(services: Services, job_id: str, seq: int, seconds: float) -> bool:
    """Whether the job got an event behind `seq` within `seconds`."""
    with services.hub.follow(job_id, seq) as listener:
        return bool(await listener.next(seconds))


async def until_end(services: Services, job_id: str, seconds: float) -> bool:
    """Whether the job ended within `seconds`."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    with services.hub.follow(job_id, 0) as listener:
        while not listener.closed:
            frames = await listener.next(max(0.0, end - loop.time()))
            if not frames:
                return False
            if frames[-1].is_end:
                return True
    return False
