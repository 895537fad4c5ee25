"""Guessing is slowed down, also while what counts for all nodes is away."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from inspection_service.api.errors import RateLimited
from inspection_service.api.limits import Counters, Limit

pytestmark = pytest.mark.unit
NOBODY_THERE = "redis://127.0.0.1:1/0"


@pytest.fixture
async def counters() -> AsyncIterator[Counters]:
    """Counts in this process."""
    opened = Counters()
    yield opened
    await opened.close()


async def test_calls_are_counted_per_caller(counters: Counters) -> None:
    """A caller who used up the window waits; another caller does not; each limit counts for itself."""
    limit, other = (
        Limit(counters, "logins", 2, window_s=3600),
        Limit(counters, "codes", 2, window_s=3600),
    )
    first = await limit.hit("a")
    assert (first.remaining, first.quota) == (1, 2)
    assert (await limit.hit("a")).remaining == 0
    with pytest.raises(RateLimited) as refused:
        await limit.hit("a")
    assert 1 <= refused.value.attributes["retry_after_s"] <= 3600
    assert refused.value.headers["RateLimit-Policy"] == '"logins";q=2;w=3600'
    assert refused.value.headers["RateLimit"].startswith('"logins";r=0;t=')
    await limit.hit("b")
    await other.hit("a")


async def test_a_node_counts_for_itself_while_redis_is_away() -> None:
    """Nobody is refused for that, and nobody may guess for ever."""
    counters = Counters(NOBODY_THERE)
    limit = Limit(counters, "logins", 2, window_s=3600)
    assert [(await limit.hit("a")).remaining for _ in range(2)] == [1, 0]
    with pytest.raises(RateLimited):
        await limit.hit("a")
    assert (await limit.hit("b")).remaining == 1
    await counters.close()
