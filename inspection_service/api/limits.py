"""How often somebody may come: windows of a minute, counted in this process or, for many nodes, in Redis.

While Redis does not answer each node counts for itself: a limit is there to protect the service, not to be what stops
it, and an outage is no open door for those who guess. When it is back they count together again, from nothing.

Source: draft-ietf-httpapi-ratelimit-headers (``RateLimit-Policy``, ``RateLimit``), RFC 9110 section 10.2.3
(``Retry-After``), https://limits.readthedocs.io (fixed window).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import ceil
from typing import Final

from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError
from redis.asyncio import ConnectionPool

from inspection_service.api.errors import RateLimited
from inspection_service.settings import LimitSettings
from inspection_service.telemetry import logs

WINDOW_S: Final = 60
_REDIS_TIMEOUT_S: Final = 0.5
_PAUSE_S: Final = 5.0
"""Seconds for which a Redis that did not answer is not asked again, so that its absence slows nobody down."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller is within a limit."""

    policy: str
    quota: int
    window_s: int
    remaining: int
    reset_s: int
    """Seconds until the window is over."""

    def headers(self) -> dict[str, str]:
        """Write it as an answer carries it."""
        return {
            "RateLimit-Policy": f'"{self.policy}";q={self.quota};w={self.window_s}',
            "RateLimit": f'"{self.policy}";r={self.remaining};t={self.reset_s}',
        }


class Counters:
    """Where the counts are: in this process, or in Redis for all nodes together."""

    def __init__(self, broker_url: str = "") -> None:
        """Keep where to count; nothing is opened yet.

        Args:
            broker_url: ``redis://...`` counts there; empty: in this process.
        """
        self._pool: ConnectionPool | None = None
        storage: Storage
        if broker_url:
            self._pool = ConnectionPool.from_url(
                broker_url, socket_timeout=_REDIS_TIMEOUT_S, socket_connect_timeout=_REDIS_TIMEOUT_S
            )
            # The library's signature knows no pools; it hands every option to the client, which does.
            options: dict[str, object] = {"connection_pool": self._pool}
            storage = RedisStorage(
                f"async+{broker_url}",
                wrap_exceptions=True,
                implementation="redispy",
                key_prefix="inspection-limits",
                **options,  # type: ignore[arg-type]
            )
        else:
            storage = MemoryStorage()
        self._storage = storage
        self._limiter = FixedWindowRateLimiter(storage)
        self._here = MemoryStorage()
        self._alone = FixedWindowRateLimiter(self._here)
        self._silent_until_s = 0.0

    async def count(self, item: RateLimitItemPerSecond, policy: str, caller: str) -> tuple[bool, Standing]:
        """Count one call; return whether it is within the limit, and where the caller is now."""
        if time.monotonic() < self._silent_until_s:
            return await _counted(self._alone, item, policy, caller)
        try:
            return await _counted(self._limiter, item, policy, caller)
        except StorageError as error:
            self._silent_until_s = time.monotonic() + _PAUSE_S
            logs.resource_missing("limits", error)
            return await _counted(self._alone, item, policy, caller)

    async def close(self) -> None:
        """Let go of connections; closing twice is fine."""
        for storage in (self._storage, self._here):
            if isinstance(storage, MemoryStorage) and storage.timer is not None:
                await storage.timer  # it forgets what is over, and ends by itself
        if self._pool is not None:
            await self._pool.disconnect()


async def _counted(
    limiter: FixedWindowRateLimiter, item: RateLimitItemPerSecond, policy: str, caller: str
) -> tuple[bool, Standing]:
    is_within = await limiter.hit(item, policy, caller)
    ends_at, remaining = await limiter.get_window_stats(item, policy, caller)
    reset_s = min(max(ceil(ends_at - time.time()), 1), item.get_expiry())
    return is_within, Standing(policy, item.amount, item.get_expiry(), max(remaining, 0), reset_s)


class Limit:
    """At most so many calls of one caller within each window."""

    def __init__(self, counters: Counters, policy: str, tries: int, *, window_s: int = WINDOW_S) -> None:
        """Keep the limit; nothing is counted yet.

        Args:
            counters: Where the counts are.
            policy: The name the limit has in answers.
            tries: How many calls pass within one window.
            window_s: Length of the window in seconds.
        """
        self._counters = counters
        self._policy = policy
        self._item = RateLimitItemPerSecond(tries, window_s, namespace="limit")

    async def hit(self, caller: str) -> Standing:
        """Count one call.

        Args:
            caller: Whom to count for: an address, or a key's id.

        Raises:
            RateLimited: The window is used up; ``retry_after_s`` says when the next one starts.
        """
        is_within, standing = await self._counters.count(self._item, self._policy, caller)
        if not is_within:
            refused = RateLimited(retry_after_s=standing.reset_s)
            refused.headers = standing.headers()
            raise refused
        return standing


@dataclass(frozen=True, slots=True)
class Limits:
    """How often whom may come; ``Identity`` keeps its own counts per account and link besides."""

    counters: Counters
    keys: Limit
    """Calls with one platform key."""
    guesses: Limit
    """Keys that are not known, by address."""
    logins: Limit
    links: Limit
    codes: Limit
    log: Limit

    @classmethod
    def make(cls, settings: LimitSettings, broker_url: str = "") -> Limits:
        """Set the limits of a minute."""
        counters = Counters(broker_url)
        return cls(
            counters=counters,
            keys=Limit(counters, "key", settings.key_per_minute),
            guesses=Limit(counters, "guesses", settings.guesses_per_minute),
            logins=Limit(counters, "logins", settings.logins_per_minute),
            links=Limit(counters, "links", settings.links_per_minute),
            codes=Limit(counters, "codes", settings.codes_per_minute),
            log=Limit(counters, "log", settings.log_per_minute),
        )

    async def close(self) -> None:
        """Let go of connections."""
        await self.counters.close()
