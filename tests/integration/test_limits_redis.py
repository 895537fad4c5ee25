"""Two nodes and a running Redis share one limit; while it is away each counts for itself, and then they share again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from inspection_service.api.errors import RateLimited
from inspection_service.api.limits import Counters, Limit
from tests.integration.servers import RedisServer
from tests.integration.service import open_test_service, problem

pytestmark = pytest.mark.integration
QUOTA = 12
MANY = 1_000_000
_WAIT_S = 120


def _left(answer: httpx.Response) -> int:
    """How many calls are left, as the answer says."""
    name, left, resets = answer.headers["ratelimit"].split(";")
    assert (name, answer.headers["ratelimit-policy"]) == ('"key"', f'"key";q={QUOTA};w=60')
    assert 1 <= int(resets.removeprefix("t=")) <= 60
    return int(left.removeprefix("r="))


async def test_two_nodes_share_a_key_s_limit(tmp_path: Path) -> None:
    """Whichever node is asked, together they answer so many calls a minute, and say how many are left."""
    with RedisServer(tmp_path / "redis") as redis:
        more = {"broker": {"url": redis.url}, "limits": {"key_per_minute": QUOTA}}
        async with open_test_service(tmp_path, **more) as one, open_test_service(tmp_path, **more) as two:
            platform = await one.platform()
            elsewhere = two.browser(Authorization=platform.headers["Authorization"])
            lefts: list[int] = []
            async with asyncio.timeout(_WAIT_S):
                while True:  # a minute may end in between: then there is one more window
                    answer = await (platform, elsewhere)[len(lefts) % 2].get("/v1/checklists")
                    lefts.append(_left(answer))
                    if answer.status_code != 200:
                        break
            window = lefts[len(lefts) - 1 - lefts[::-1].index(QUOTA - 1) :]
            assert window == [*range(QUOTA - 1, -1, -1), 0], "two nodes, one count"
            problem(answer, "rate-limited", 429)
            assert 1 <= int(answer.headers["retry-after"]) <= 60


async def test_an_outage_of_redis_refuses_nobody_and_ends(tmp_path: Path) -> None:
    """Each node goes on counting for itself, also to the limit; when Redis is back they count together again."""
    with RedisServer(tmp_path / "redis") as redis:
        nodes = [Counters(redis.url), Counters(redis.url)]
        one, two = (Limit(node, "key", MANY, window_s=86400) for node in nodes)
        try:
            assert (await one.hit("a")).remaining == MANY - 1
            assert (await two.hit("a")).remaining == MANY - 2

            await asyncio.to_thread(redis.kill)
            assert [(await one.hit("a")).remaining for _ in range(2)] == [MANY - 1, MANY - 2]
            assert [(await two.hit("a")).remaining for _ in range(9)][-1] == MANY - 9
            narrow = Limit(nodes[0], "guesses", 1, window_s=86400)
            await narrow.hit("b")
            with pytest.raises(RateLimited):
                await narrow.hit("b")

            await asyncio.to_thread(redis.start)
            async with asyncio.timeout(_WAIT_S):  # a node asks Redis again after some seconds
                while (await one.hit("a")).remaining - (await two.hit("a")).remaining != 1:
                    pass
        finally:
            for node in nodes:
                await node.close()
