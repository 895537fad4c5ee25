"""Work that goes by a real Redis to other processes: nothing is lost with it, nothing is done twice for long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from inspection_service.settings import BrokerSettings, WorkSettings
from inspection_service.storage.errors import BrokerUnavailable
from inspection_service.testing import Backend, open_backend
from inspection_service.work.crew import Crew
from inspection_service.work.pieces import QUEUES, Queue
from inspection_service.work.reconciler import Reconciler
from tests.integration.servers import RedisServer

pytestmark = pytest.mark.integration
LIMIT_S = 120
VISION: tuple[Queue, ...] = ("vision",)
AT_ONCE: dict[Queue, int] = {"vision": 2, "report": 1, "webhook": 4}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(autouse=True)
async def empty(server: RedisServer) -> None:
    """Each test finds nothing of the one before."""
    if server.process is None:
        server.start()
    redis: Redis = Redis.from_url(server.url)
    await redis.flushall()
    await redis.aclose()


class Worker:
    """One process of the fleet, in this one: it looks at the records, sends, and takes what is sent."""

    def __init__(self, backend: Backend, url: str, **work: float) -> None:
        settings = WorkSettings.model_validate({"poll_s": 0.5, "turn_s": 0.01} | work)
        self.crew = Crew(BrokerSettings(url=SecretStr(url)), settings, metrics=backend.metrics)
        self.reconciler = Reconciler(
            backend.inspections,
            backend.handlers,
            backend.bus,
            settings,
            metrics=backend.metrics,
            crew=self.crew,
        )
        self.crew.learn(self.reconciler.works)
        self.stop = asyncio.Event()

    @asynccontextmanager
    async def working(self, at_once: dict[Queue, int] | None = None) -> AsyncIterator[None]:
        """Take work for the length of the block, then end in good order."""
        taking = asyncio.create_task(self.crew.take(at_once or AT_ONCE, self.stop))
        try:
            yield
        finally:
            self.stop.set()
            await taking
            await self.crew.close()

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """Look at the records and send for the length of the block."""
        looking = asyncio.create_task(self.reconciler.run(QUEUES))
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.wait({looking})


async def until_judged(backend: Backend, *captures: tuple[str, str]) -> None:
    """Return when all these photos have their judgement."""
    assert captures
    async with asyncio.timeout(LIMIT_S), backend.bus.subscribe() as events:
        while await backend.inspections.to_judge():
            await events.next(1)


async def photographed(backend: Backend, many: int) -> list[tuple[str, str]]:
    seller = await backend.joined()
    steps = [step["id"] for step in (await backend.inspections.get(seller.inspection_id)).checklist["steps"]]
    return [(seller.inspection_id, (await backend.photographed(seller, step)).id) for step in steps[:many]]


async def test_what_one_sends_another_does_once(backend: Backend, server: RedisServer) -> None:
    """One process looks and does nothing itself; two others judge eight photos, each once."""
    waiting = await photographed(backend, 8)
    sender, first, second = (Worker(backend, server.url) for _ in range(3))
    async with first.working(), second.working(), sender.looking():
        await until_judged(backend, *waiting)
    await sender.crew.close()
    assert backend.judge.calls == len(waiting)


async def test_what_is_under_way_is_not_sent_twice(backend: Backend, server: RedisServer) -> None:
    """Nobody takes it, three look: there is one message a photo; after ``resend_s`` there are two."""
    waiting = await photographed(backend, 3)
    workers = [Worker(backend, server.url, resend_s=1) for _ in range(3)]
    redis: Redis = Redis.from_url(server.url)
    for worker in workers:
        assert (await worker.reconciler.round(VISION)).total == 0
    assert await redis.xlen("inspection:queue:vision") == len(waiting)
    async with asyncio.timeout(LIMIT_S):
        while await redis.xlen("inspection:queue:vision") < 2 * len(waiting):
            await workers[0].reconciler.round(VISION)
    async with workers[1].working():
        await until_judged(backend, *waiting)
    assert backend.judge.calls == len(waiting)
    await redis.aclose()
    for worker in workers:
        await worker.crew.close()


async def test_redis_killed_and_started_again_loses_nothing(backend: Backend, server: RedisServer) -> None:
    """It comes back empty, without streams and groups: the workers find it, and what it lost is sent again."""
    waiting = await photographed(backend, 4)
    worker = Worker(backend, server.url)
    for_redis: Redis = Redis.from_url(server.url)
    await worker.reconciler.round(VISION)
    assert await for_redis.xlen("inspection:queue:vision") == len(waiting)
    async with worker.working():
        await until_judged(backend, *waiting)  # it has a group now, and waits for more
        server.kill()
        server.start()
        more = await photographed(backend, 4)
        async with worker.looking():
            await until_judged(backend, *more)
    assert backend.judge.calls == len(waiting) + len(more)
    await for_redis.aclose()


async def test_while_redis_is_away_work_is_done_by_whoever_looks(
    backend: Backend, server: RedisServer
) -> None:
    """Nothing can be sent, readiness says so, and the seller gets an answer all the same."""
    waiting = await photographed(backend, 3)
    server.kill()
    worker = Worker(backend, server.url)
    with pytest.raises(BrokerUnavailable):
        await worker.crew.ping()
    async with worker.working(), worker.looking():
        await until_judged(backend, *waiting)
    assert backend.judge.calls == len(waiting)


class Slow:
    """A judge that waits until it may go on."""

    def __init__(self, backend: Backend) -> None:
        self.begun, self.may_end = asyncio.Event(), asyncio.Event()
        self.backend = backend
        self.ended = 0

    async def __call__(self, inspection_id: str, capture_id: str) -> None:
        self.begun.set()
        await self.may_end.wait()
        self.ended += 1


def slowly(worker: Worker, slow: Slow) -> None:
    """Have this worker's photos judged by the slow one."""
    works = [replace(work, do=slow) if work.kind == "judge" else work for work in worker.reconciler.works]
    worker.crew.learn(works)


async def test_asked_to_stop_a_worker_finishes_what_it_began_and_begins_nothing(
    backend: Backend, server: RedisServer
) -> None:
    """The second photo stays for another worker."""
    waiting = await photographed(backend, 2)
    worker, other = Worker(backend, server.url), Worker(backend, server.url, resend_s=1)
    slow = Slow(backend)
    slowly(worker, slow)
    await worker.reconciler.round(VISION)
    taking = asyncio.create_task(worker.crew.take({"vision": 1}, worker.stop))
    await asyncio.wait_for(slow.begun.wait(), LIMIT_S)
    worker.stop.set()
    slow.may_end.set()
    await asyncio.wait_for(taking, LIMIT_S)
    assert slow.ended == 1
    await worker.crew.close()
    async with other.working(), other.looking():
        await until_judged(backend, *waiting)
    assert backend.judge.calls == len(waiting), "the slow one wrote nothing"


async def test_what_takes_longer_than_the_grace_is_broken_off_and_free_at_once(
    backend: Backend, server: RedisServer
) -> None:
    """A worker that must go does not hold its work until a mark runs out."""
    waiting = await photographed(backend, 1)
    worker, other = Worker(backend, server.url, grace_s=0), Worker(backend, server.url)
    slow = Slow(backend)
    slowly(worker, slow)
    await worker.reconciler.round(VISION)
    taking = asyncio.create_task(worker.crew.take({"vision": 1}, worker.stop))
    await asyncio.wait_for(slow.begun.wait(), LIMIT_S)
    worker.stop.set()
    await asyncio.wait_for(taking, LIMIT_S)
    assert slow.ended == 0
    redis: Redis = Redis.from_url(server.url)
    assert await redis.keys("inspection:work:judge*") == []
    await redis.aclose()
    await worker.crew.close()
    async with other.working(), other.looking():
        await until_judged(backend, *waiting)


async def test_what_failed_waits_longer_each_time_whoever_does_it(
    backend: Backend, server: RedisServer, tmp_path: Path
) -> None:
    """The pause is kept where all workers see it."""
    await photographed(backend, 1)
    worker = Worker(backend, server.url, poll_s=600)
    backend.judge.away = "scene.onnx"
    redis: Redis = Redis.from_url(server.url)
    async with worker.working():
        await worker.reconciler.round(VISION)
        async with asyncio.timeout(LIMIT_S):
            while b"waits" not in await redis.mget(await redis.keys("inspection:work:judge*") or ["none"]):
                pass
    other = Worker(backend, server.url, poll_s=600)
    await other.reconciler.round(VISION)
    assert await redis.xlen("inspection:queue:vision") == 1
    await redis.aclose()
    await other.crew.close()


async def test_a_message_of_another_release_is_left_to_it(backend: Backend, server: RedisServer) -> None:
    """Unknown kinds and broken messages are put aside; the worker goes on."""
    redis: Redis = Redis.from_url(server.url)
    await redis.xadd("inspection:queue:vision", {"data": b"not a message"})
    await redis.xadd("inspection:queue:vision", {"other": b"field"})
    newer = Worker(backend, server.url)
    await newer.crew._sent["vision"].kiq("kind-of-tomorrow", ["ins_1"])
    waiting = await photographed(backend, 1)
    async with newer.working(), newer.looking():
        await until_judged(backend, *waiting)
    await redis.aclose()


async def test_no_broker_behind_the_address_is_known_soon(tmp_path: Path) -> None:
    """A process that never reached Redis ends in good order too."""
    async with open_backend(tmp_path) as backend:
        worker = Worker(backend, "redis://127.0.0.1:1/0")
        async with worker.working():
            with pytest.raises(BrokerUnavailable):
                await worker.crew.ping()
