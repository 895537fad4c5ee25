"""Short-lived notes in Redis about work that is under way, so that it is seldom done twice; never relied upon.

One key a piece: ``sent`` while it waits in a queue, ``doing TOKEN`` while somebody does it (renewed; it ends by itself
when they die), ``waits`` after it failed. When Redis forgets, work is done twice, which is wasteful and never wrong.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

DOING_S: Final = 15.0
"""Seconds after which work whose worker died may begin anew."""
_RENEW_S: Final = DOING_S / 3
_REMEMBER_FAILURES_S: Final = 86400
_BEGIN: Final = """
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, 5) == 'doing' then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_RENEW: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
_DONE: Final = """
redis.call('DEL', KEYS[2])
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""
_FAILED: Final = """
local times = redis.call('INCR', KEYS[2])
redis.call('EXPIRE', KEYS[2], ARGV[1])
local wait = math.floor(math.min(tonumber(ARGV[3]), tonumber(ARGV[2]) * 2 ^ math.min(times - 1, 30)))
redis.call('SET', KEYS[1], 'waits', 'PX', wait)
return times
"""


class Hold:
    """What somebody who does a piece of work holds; how it ends is said by ``has_failed``."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.token = f"doing {secrets.token_hex(8)}"
        self.has_failed = False
        self.is_over = False


class Marks:
    """The notes. Every method may raise what the client raises when Redis is away, but for ``hold``."""

    def __init__(
        self, redis: Redis, prefix: str, *, sent_s: float, first_wait_s: float, longest_wait_s: float
    ) -> None:
        """Keep the client and the times.

        Args:
            redis: An open client.
            prefix: Begins every key.
            sent_s: Seconds for which a piece that was sent is not sent again.
            first_wait_s: Seconds after a first failure.
            longest_wait_s: Seconds it never waits longer than.
        """
        self._redis: Any = redis  # its stubs are wrong about what awaits and what scripts take
        self._prefix = f"{prefix}:work:"
        self._sent_ms = int(sent_s * 1000)
        self._first_wait_ms = int(first_wait_s * 1000)
        self._longest_wait_ms = int(longest_wait_s * 1000)

    async def not_under_way(self, what: Sequence[str]) -> list[bool]:
        """Say of each piece whether nobody is at it, and note that it is being sent."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for name in what:
                pipe.set(self._prefix + name, "sent", nx=True, px=self._sent_ms)
            return [bool(was_set) for was_set in await pipe.execute()]

    async def is_turn(self, name: str, seconds: float) -> bool:
        """Whether nobody took this turn within the last ``seconds``."""
        taken = await self._redis.set(
            f"{self._prefix}turn:{name}", "1", nx=True, px=max(1, int(seconds * 1000))
        )
        return bool(taken)

    async def forget(self, what: str) -> None:
        """Let a piece be sent again at once."""
        await self._redis.delete(self._prefix + what)

    @asynccontextmanager
    async def hold(self, what: str) -> AsyncIterator[Hold | None]:
        """Hold a piece while it is done; ``None`` when somebody else does it. With Redis away it is held by nobody."""
        hold = Hold(what)
        with suppress(RedisError, OSError):
            if not await self._redis.eval(_BEGIN, 1, self._prefix + what, hold.token, int(DOING_S * 1000)):
                yield None
                return
        renewing = asyncio.create_task(self._renew(hold), name="mark")
        try:
            yield hold
        finally:
            # Also said, for a cancellation may be swallowed: the client sends by ``asyncio.wait_for``, which until
            # Python 3.12 drops one that comes as the bytes leave. Who awaited such a task would never work again.
            hold.is_over = True
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing
            with suppress(RedisError, OSError):
                await self._end(hold)

    async def _end(self, hold: Hold) -> None:
        keys = (self._prefix + hold.what, f"{self._prefix}failed:{hold.what}")
        if hold.has_failed:
            times = (_REMEMBER_FAILURES_S, self._first_wait_ms, self._longest_wait_ms)
            await self._redis.eval(_FAILED, 2, *keys, *times)
        else:
            await self._redis.eval(_DONE, 2, *keys, hold.token)

    async def _renew(self, hold: Hold) -> None:
        while not hold.is_over:
            await asyncio.sleep(_RENEW_S)
            with suppress(RedisError, OSError):
                await self._redis.eval(_RENEW, 1, self._prefix + hold.what, hold.token, int(DOING_S * 1000))
