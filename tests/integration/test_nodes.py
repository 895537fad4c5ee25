"""One live session over two nodes: real processes, a real Redis, real sockets; what dies in the middle of it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from inspection_service.settings import Settings
from inspection_service.storage import tables as t
from inspection_service.storage.database import Database
from tests.integration.fleet import Fleet, in_call, joined, meet, steer
from tests.integration.live_pages import PATIENCE_S, agree
from tests.integration.node_process import Node
from tests.integration.servers import RedisServer

pytestmark = pytest.mark.integration
SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("fleet")
    with RedisServer(folder / "redis") as redis:
        more = {"INSPECTION_BROKER__URL": redis.url, "INSPECTION_MEDIA__HEARTBEAT_S": "5"}
        shared = folder / "instance"
        nodes = Node(folder / "node1", shared, **more), Node(folder / "node2", shared, **more)
        shutil.copy(migrated_file, shared / "inspection.db")
        try:
            for node in nodes:
                node.begin()
            for node in nodes:
                node.wait()
            yield Fleet(redis, nodes, Settings(data_dir=shared))
        finally:
            for node in nodes:
                node.kill()


@pytest.fixture
async def fleet(started: Fleet) -> AsyncIterator[Fleet]:
    """Everything up."""
    for each in (started.redis, *started.nodes):
        if each.process is None:
            await asyncio.to_thread(each.start)
    yield started
    for client in started.clients:
        await client.aclose()
    started.clients.clear()


async def metric(node: Node, name: str) -> float:
    """Read one number off a node."""
    async with httpx.AsyncClient(base_url=node.origin, timeout=PATIENCE_S) as client:
        lines = (await client.get("/metrics")).text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


async def until(check: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something that comes true by itself."""
    async with asyncio.timeout(PATIENCE_S):
        while not await check():  # noqa: ASYNC110 - it is another process that makes it true
            await asyncio.sleep(0.05)


async def log_of(fleet: Fleet, case: str) -> list[tuple[int, str]]:
    """Read the case's whole log."""
    column = t.events.c
    query = select(column.seq, column.kind).where(column.inspection_id == case).order_by(column.seq)
    async with Database(fleet.settings.database_url) as database, database.read() as transaction:
        return [(row.seq, row.kind) for row in await transaction.connection.execute(query)]


async def test_two_sides_of_a_call_on_two_nodes(fleet: Fleet) -> None:
    """Steering, words, presence, consents, descriptions and frames pass as if there were one node."""
    one, two = fleet.nodes
    people = await meet(fleet, one, two)
    async with in_call(people) as (seller, operator):
        assert await metric(one, "inspection_sessions_owned") == 1
        assert await metric(two, "inspection_relayed_sockets") == 1
        assert [await steer(seller, operator, f"k{number}") for number in range(3)] == [1, 2, 3]
        await operator.say("chat", id="c1", text="A little to the left, please")
        assert (await seller.hear("chat"))["text"] == "A little to the left, please"
        await operator.say("signal", payload={"description": {"type": "answer", "sdp": SDP}})
        assert (await seller.hear("signal"))["payload"]["description"]["sdp"] == SDP
        # What a list shows comes from the node that does not have the session, too.
        here = fleet.at(two, people.desk)

        async def is_shown() -> bool:
            view = (await here.get(f"/v1/operator/inspections/{people.case}")).json()
            return bool(view["presence"] == {"seller": True, "operators": ["Olivia"]})

        await until(is_shown)
        queue = (await here.get("/v1/operator/inspections")).json()["items"]
        (row,) = [row for row in queue if row["id"] == people.case]
        assert row["call"]["state"] == "accepted"

        async def is_timed() -> bool:
            return await metric(two, "inspection_relay_seconds_count") > 0

        await until(is_timed)
        # A consent taken back at the other node ends the call at once.
        await agree(fleet.at(two, people.phone), "off")
        assert (await operator.hear("call", state="ended"))["reason"] == "consent-withdrawn"
        await seller.hear("call", state="ended")


async def test_frames_and_tabs_by_way_of_another_node(fleet: Fleet) -> None:
    """A seller's frames reach the owner; a newer tab at another node replaces the older; floods end at the edge."""
    one, two = fleet.nodes
    people = await meet(fleet, two, one)
    async with AsyncExitStack() as stack:
        operator = await stack.enter_async_context(joined(people.desk, people.case, "operator"))
        seller = await stack.enter_async_context(joined(people.phone, people.case, "seller"))
        before = await metric(one, 'inspection_analysis_frames_total{path="jpeg"}')
        await seller.connection.send(b"\xff\xd8\xff not a whole picture")

        async def has_come() -> bool:
            return await metric(one, 'inspection_analysis_frames_total{path="jpeg"}') > before

        await until(has_come)
        newer = await stack.enter_async_context(joined(fleet.at(one, people.phone), people.case, "seller"))
        assert await seller.closed() == 4409
        await newer.hear("presence", seller=True)
        elsewhere = await stack.enter_async_context(
            joined(fleet.at(two, people.desk), people.case, "operator")
        )
        for _ in range(300):
            await elsewhere.connection.send("{}")
        assert await elsewhere.closed() == 4429
        # Who signs out at one node is shown out at the other, where the socket is.
        watching = await stack.enter_async_context(
            joined(fleet.at(two, people.desk), people.case, "operator")
        )
        await people.desk.post("/v1/operator/logout")
        assert await watching.closed() == await operator.closed() == 4401
        await newer.hear("presence", operators=[])


async def test_the_owner_dies_in_a_call(fleet: Fleet) -> None:
    """Both sides come back to the other node and to the same call; numbers go on, the open command gets its answer."""
    one, two = fleet.nodes
    people = await meet(fleet, one, two)
    async with in_call(people) as (seller, operator):
        assert await steer(seller, operator, "k1") == 1
        await operator.say("command", id="k2", name="torch", args={"on": False})
        await seller.hear("command", id="k2")
        one.kill()
        assert await operator.closed() == 1012
        phone_saw, desk_saw = seller.last_seq, operator.last_seq
    async with (
        joined(fleet.at(two, people.phone), people.case, "seller", phone_saw) as seller,
        joined(people.desk, people.case, "operator", desk_saw) as operator,
    ):
        assert (await operator.hear("call", state="accepted"))["call_id"] == people.call_id
        await seller.say("ack", id="k2", ok=True, effect={"torch": False})
        assert (await operator.hear("ack", id="k2"))["no"] == 2
        assert await steer(seller, operator, "k3") == 3
        await operator.say("call.end")
        await seller.hear("call", state="ended")
    events = await log_of(fleet, people.case)
    assert [seq for seq, _ in events] == list(range(1, len(events) + 1))
    kinds = [kind for _, kind in events]
    assert (kinds.count("call.accepted"), kinds.count("call.ended")) == (1, 1)
    assert (kinds.count("command.sent"), kinds.count("command.acknowledged")) == (3, 3)


async def test_redis_dies_in_a_call(fleet: Fleet) -> None:
    """The owner's page goes on; the other comes back when Redis does; HTTP never fails, and readiness says why."""
    one, two = fleet.nodes
    people = await meet(fleet, one, two)
    async with in_call(people) as (seller, operator):
        fleet.redis.kill()
        assert await operator.closed() == 1012
        await seller.hear("presence", operators=[])
        ready = (await people.desk.get("/readyz")).json()
        assert (ready["status"], ready["degraded"]) == ("ok", ["broker"])
        # An act at the node that does not have the session reaches it through the log.
        await agree(fleet.at(two, people.phone), "point")
        await asyncio.to_thread(fleet.redis.start)
        async with joined(people.desk, people.case, "operator", operator.last_seq) as back:
            assert (await back.hear("call"))["call_id"] == people.call_id
            await back.say("command", id="k1", name="torch", args={"on": True})
            assert (await back.hear("ack", id="k1"))["error"] == "level-needed"
            await agree(people.phone, "steer")
            assert await steer(seller, back, "k2") == 1
            await back.say("call.end")
            await seller.hear("call", state="ended")
    assert await metric(one, "inspection_sessions_lost_total") == 0
    async with httpx.AsyncClient(base_url=two.origin, timeout=PATIENCE_S) as client:
        assert (await client.get("/readyz")).json()["degraded"] == []
