"""Notes about work under way hold nobody up, whatever the client of Redis does."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from inspection_service.work import marks as module
from inspection_service.work.marks import Marks

pytestmark = pytest.mark.unit


class SwallowingRedis:
    """Drops one cancellation, as ``asyncio.wait_for`` does before Python 3.12 when what it waits for is just done."""

    def __init__(self) -> None:
        self.is_renewing = asyncio.Event()
        self.calls = 0

    async def eval(self, *_: Any) -> int:
        """Begin at once; renew until cancelled, and then as if nothing had happened; end at once."""
        self.calls += 1
        if self.calls == 2:
            self.is_renewing.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                return 1
        return 1


async def test_a_cancellation_that_is_swallowed_holds_no_worker_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The piece ends when its work does, although the task that renewed its note did not hear that it was cancelled."""
    monkeypatch.setattr(module, "_RENEW_S", 0.0)
    redis = SwallowingRedis()
    marks = Marks(cast(Redis, redis), "x", sent_s=1, first_wait_s=1, longest_wait_s=1)
    async with asyncio.timeout(60):
        async with marks.hold("judge/1") as hold:
            assert hold is not None
            await redis.is_renewing.wait()
    assert redis.calls == 3
