"""What a second node costs a command: both sides on one node, each on its own, and what Redis takes by itself."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

from redis.asyncio import Redis

from inspection_service.settings import Settings
from tests.bench.rows import Row, row
from tests.integration.fleet import Fleet, in_call, meet, steer
from tests.integration.node_process import Node
from tests.integration.servers import RedisServer

COMMANDS: Final = 200
"""Asked for, carried out and answered, one after the other; each is written to the log twice."""
WARM_UP: Final = 20
TRIPS: Final = 1000
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
        without = await _commands(single, alone, alone)
        same = await _commands(fleet, one, one)
        apart = await _commands(fleet, one, two)
        bare = await _round_trips(redis.url)
    finally:
        for client in (*fleet.clients, *single.clients):
            await client.aclose()
    p50 = statistics.median
    name = "command asked to answer seen, "
    return [
        row(f"{name}one node without a broker, p50", 1000 * p50(without), "ms"),
        row(
            f"{name}both sides on one of two nodes, p50",
            1000 * p50(same),
            "ms",
            reference=("one node without a broker", 1000 * p50(without)),
        ),
        row(
            f"{name}a side on each of two nodes, p50",
            1000 * p50(apart),
            "ms",
            reference=("both sides on one node", 1000 * p50(same)),
        ),
        row(f"{name}a side on each of two nodes, p95", 1000 * _p95(apart), "ms"),
        row(
            "there and back between two nodes, what it adds to a command, p50",
            1000 * (p50(apart) - p50(same)),
            "ms",
            reference=("bare Redis pub/sub, there and back", 1000 * p50(bare)),
        ),
        row("bare Redis pub/sub, there and back, p95", 1000 * _p95(bare), "ms"),
    ]


async def _commands(fleet: Fleet, phone_at: Node, desk_at: Node) -> list[float]:
    """Have a phone steered; return how long each command took until its answer was seen."""
    people = await meet(fleet, phone_at, desk_at)
    taken: list[float] = []
    async with in_call(people) as (seller, operator):
        for number in range(WARM_UP + COMMANDS):
            began_s = time.perf_counter()
            await steer(seller, operator, f"k{number}")
            taken.append(time.perf_counter() - began_s)
    return taken[WARM_UP:]


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


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
