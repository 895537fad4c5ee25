"""A Redis stream that outlives its Redis: taskiq-redis's broker, with what it lacks for that.

Its own ``listen`` ends with the first lost connection, looks for what dead workers left behind only when something
new arrives, takes a hundred messages at once (so that one worker is buried and another idle), and starts at the
stream's end (so that what was sent before the first worker came is never read). Acknowledged messages stay in a stream:
``maxlen`` bounds it, and what is trimmed unread is found again in the records.

Source: taskiq-redis 1.2.4, redis_broker.py; https://redis.io/docs/latest/develop/data-types/streams/
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError
from taskiq import AckableMessage
from taskiq_redis import RedisStreamBroker

from inspection_service.telemetry import logs

GROUP: Final = "workers"
_PAUSE_S: Final = 0.5
"""Between tries to reach a Redis that is away."""
_BLOCK_MS: Final = 2000
_MAX_LENGTH: Final = 10_000
CONNECTION: Final[dict[str, Any]] = {
    "socket_connect_timeout": 3.0,
    "socket_timeout": 10.0,
    "health_check_interval": 15,
}
"""A Redis that hangs is as away as one that is gone; reading blocks for two seconds at most."""


class Stream(RedisStreamBroker):
    """The stream of one queue."""

    def __init__(self, url: str, name: str, *, idle_s: float) -> None:
        """Name the stream; nothing is connected yet.

        Args:
            url: ``redis://...``.
            name: Of the stream's key.
            idle_s: Seconds after which a message somebody took and never finished is given to another.
        """
        super().__init__(
            url,
            queue_name=name,
            consumer_group_name=GROUP,
            consumer_id="0",
            maxlen=_MAX_LENGTH,
            idle_timeout=int(idle_s * 1000),
            xread_block=_BLOCK_MS,
            xread_count=1,
            **CONNECTION,
        )
        self._has_group = False
        self._is_away = False
        self._reclaim_at_s = 0.0

    async def listen(self) -> AsyncGenerator[AckableMessage, None]:
        """Give messages one at a time until closed, whatever becomes of Redis meanwhile."""
        while True:
            try:
                found = await self._next()
            except (RedisError, OSError) as error:
                self._has_group = False
                if not self._is_away:
                    logs.queue_away(self.queue_name, error)
                self._is_away = True
                await asyncio.sleep(_PAUSE_S)
                continue
            if self._is_away:
                self._is_away = False
                logs.queue_back(self.queue_name)
            for message_id, fields in found:
                if fields and b"data" in fields:
                    yield AckableMessage(data=fields[b"data"], ack=self._acknowledge(message_id))

    async def _next(self) -> list[tuple[Any, dict[bytes, bytes]]]:
        async with Redis(connection_pool=self.connection_pool) as redis:
            if not self._has_group:
                await self._make_group(redis)
            if time.monotonic() >= self._reclaim_at_s:
                self._reclaim_at_s = time.monotonic() + self.idle_timeout / 2000
                left: Any = await redis.xautoclaim(
                    self.queue_name, GROUP, self.consumer_name, min_idle_time=self.idle_timeout, count=1
                )
                if left[1]:
                    self._reclaim_at_s = 0.0  # there may be more
                    return list(left[1])
            fetched: Any = await redis.xreadgroup(
                GROUP, self.consumer_name, {self.queue_name: ">"}, count=1, block=self.block
            )
            return [message for _, messages in fetched or () for message in messages]

    async def _make_group(self, redis: Any) -> None:
        try:
            await redis.xgroup_create(self.queue_name, GROUP, id=self.consumer_id, mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):  # it is there: as it should be
                raise
        self._has_group = True

    def _acknowledge(self, message_id: Any) -> Callable[[], Awaitable[None]]:
        async def acknowledge() -> None:
            try:
                async with Redis(connection_pool=self.connection_pool) as redis:
                    await redis.xack(self.queue_name, GROUP, message_id)
            except (RedisError, OSError) as error:
                # It comes again, and whoever takes it finds it done.
                logs.queue_away(self.queue_name, error)

        return acknowledge
