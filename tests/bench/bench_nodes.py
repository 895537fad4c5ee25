"""What a second node costs a command: both sides on one node, each on its own, and what Redis takes by itself."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from redis.asyncio import Redis

from inspection_service.settings import Settings
from tests.bench.rows import Row, row
from tests.integration.fleet import Fleet, in_call, meet, steer
from tests.integration.live_pages import Page
from tests.integration.node_process import Node
from tests.integration.servers import RedisServer

COMMANDS: Final = 100
"""Asked for, carried out and answered, one after the other; each is written to the log twice."""
WARM_UP: Final = 20
QUESTIONS: Final = 100
TRIPS: Final = 500
PATIENCE_S: Final = 60.0


def rows() -> list[Row]:
    """Measure on one database, one Redis and two nodes, all on this machine."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with RedisServer(folder / "redis") as redis:
            shared, more = folder / "instance", {"INSPECTION_BROKER__URL": redis.url}
            nodes = Node(folder / "node1", shared, **more), Node(folder / "node2", shared, **more)
            alone = Node(folder / "alone", folder / "instance-alone")
            try:
                for node in (*nodes, alone):
                    node.start()
                return asyncio.run(_measured(redis, nodes, shared, alone, folder / "instance-alone"))
            finally:
                for node in (*nodes, alone):
                    node.kill()


async def _measured(
    redis: RedisServer, nodes: tuple[Node, Node], shared: Path, alone: Node, shared_alone: Path
) -> list[Row]:
    one, two = nodes
    fleet = Fleet(redis, nodes, Settings(data_dir=shared))
    single = Fleet(redis, (alone, alone), Settings(data_dir=shared_alone))
    try:
        async with AsyncExitStack() as stack:
            calls = [
                await stack.enter_async_context(in_call(await meet(each, phone_at, desk_at)))
                for each, phone_at, desk_at in ((single, alone, alone), (fleet, one, one), (fleet, one, two))
            ]
            without, same, apart = await _taken(COMMANDS, calls, _command)
            _, near, far = await _taken(QUESTIONS, calls, _question)
        bare = await _round_trips(redis.url)
    finally:
        for client in (*fleet.clients, *single.clients):
            await client.aclose()
    name, hop = "command asked to answer seen, ", "a page's question and its answer, "
    return [
        row(f"{name}one node without a broker, p50", _ms(without), "ms"),
        row(
            f"{name}both sides on one of two nodes, p50",
            _ms(same),
            "ms",
            reference=("one node without a broker", _ms(without)),
        ),
        row(
            f"{name}a side on each of two nodes, p50",
            _ms(apart),
            "ms",
            reference=("both sides on one node", _ms(same)),
        ),
        row(f"{name}a side on each of two nodes, p95", _ms(apart, 95), "ms"),
        row(
            f"{hop}by way of another node, p50",
            _ms(far),
            "ms",
            reference=("on the node that has the session", _ms(near)),
        ),
        row(
            "what the other node adds to a question, p50",
            _ms(far) - _ms(near),
            "ms",
            reference=("bare Redis pub/sub, there and back", _ms(bare)),
        ),
    ]


Call = tuple[Page, Page]
"""A seller's page and an operator's."""


async def _taken(
    count: int, calls: Sequence[Call], act: Callable[[Call, int], Awaitable[object]]
) -> list[list[float]]:
    """Time an act in each call by turns, so that whatever else the machine does falls on all alike."""
    taken: list[list[float]] = [[] for _ in calls]
    for number in range(WARM_UP + count):
        for call, times in zip(calls, taken, strict=True):
            began_s = time.perf_counter()
            await act(call, number)
            times.append(time.perf_counter() - began_s)
    return [times[WARM_UP:] for times in taken]


async def _command(call: Call, number: int) -> None:
    """Have the phone steered; done when its answer is seen."""
    await steer(*call, f"k{number}")


async def _question(call: Call, _: int) -> None:
    """Ask the session for fresh credentials of the relay, from the operator's page; nothing is written."""
    await call[1].say("ice")
    await call[1].hear("ice")


async def _round_trips(url: str) -> list[float]:
    """Send a message of a command's size to a listener that sends it back."""
    here, there = Redis.from_url(url), Redis.from_url(url)
    taken: list[float] = []
    try:
        async with here.pubsub() as ours, there.pubsub() as theirs:
            await ours.subscribe("back")
            await theirs.subscribe("there")

            async def send_back() -> None:
                async for said in theirs.listen():
                    if said["type"] == "message":
                        await there.publish("back", said["data"])

            sending = asyncio.create_task(send_back())
            try:
                for _ in range(WARM_UP + TRIPS):
                    began_s = time.perf_counter()
                    await here.publish("there", b"x" * 200)
                    async with asyncio.timeout(PATIENCE_S):
                        while (await ours.get_message(timeout=None) or {}).get("type") != "message":
                            pass
                    taken.append(time.perf_counter() - began_s)
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
    finally:
        await here.aclose()
        await there.aclose()
    return taken[WARM_UP:]


def _ms(seconds: list[float], percent: int = 50) -> float:
    return 1000 * statistics.quantiles(seconds, n=100)[percent - 1]
