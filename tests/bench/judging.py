"""How fast photos are judged by one worker and by two, beside bare processes with the same models.

The workers are the program as it is installed, on PostgreSQL, Redis and an S3 server, all on this machine: what the
engines and the node take is missing to the workers.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Final

from sqlalchemy import func, insert, select

from inspection_service.clock import SystemClock
from inspection_service.inspections.records import Actor, CaptureId, InspectionId, StepId, TenantId, Vehicle
from inspection_service.inspections.requests import NewCapture, Order
from inspection_service.inspections.service import Inspections
from inspection_service.settings import VisionSettings
from inspection_service.storage import tables as t
from inspection_service.storage.database import Database
from inspection_service.storage.opening import open_store
from inspection_service.vision.pipeline import Pipeline
from tests.bench.bench_vision import photo_of
from tests.bench.instances import opened_room
from tests.bench.rows import Row, row
from tests.integration.cluster import Cluster

PHOTOS: Final = int(os.environ.get("BENCH_PHOTOS", "96"))
WARM_UP: Final = 6
"""Photos judged first, so that each worker has loaded its models."""
EACH: Final = 12
"""Photos of one inspection."""
_LONGEST_S: Final = 3600.0
_SIZE_PX: Final = (1600, 1200)
_VIEW: Final = "front_left"
_BY: Final = Actor("platform", "bench")


async def rows(folder: Path) -> list[Row]:
    """Measure both; the ratio of the ratios is what is judged.

    Everything is measured before and after and the mean taken: a machine that is shared is not as fast all the time.
    """
    photo = photo_of(_VIEW, _SIZE_PX)
    bare = [[await asyncio.to_thread(_bare_per_s, photo, count)] for count in (1, 2)]
    ours: list[list[float]] = [[], []]
    async with Cluster(folder, nodes=1, workers=2, queues=("vision",), real_models=True) as cluster:
        settings = cluster.settings
        async with Database(settings.database_url, settings.database) as database:
            store = open_store(settings.store_url, settings.store)
            try:
                room = _Room(database, opened_room(database, store), photo)
                await room.open()
                await room.judged_s(WARM_UP)
                second = cluster.workers[1]
                for workers in (2, 1, 1, 2):
                    if workers == 2 and second.process is None:
                        second.start()
                        await room.judged_s(WARM_UP)
                    if workers == 1:
                        second.kill()
                    ours[workers - 1].append(PHOTOS / await room.judged_s(PHOTOS))
            finally:
                await store.close()
    for count in (2, 1):
        bare[count - 1].append(await asyncio.to_thread(_bare_per_s, photo, count))
    return _rows([fmean(each) for each in ours], [fmean(each) for each in bare])


def _rows(ours: Sequence[float], bare: Sequence[float]) -> list[Row]:
    gain, of_bare = ours[1] / ours[0], bare[1] / bare[0]
    share = gain / of_bare
    return [
        row(
            "platform.photos_judged_by_1_worker",
            ours[0],
            "1/s",
            reference=(f"1 bare process, {PHOTOS} photos", bare[0]),
        ),
        row(
            "platform.photos_judged_by_2_workers",
            ours[1],
            "1/s",
            reference=(f"2 bare processes, {PHOTOS} photos", bare[1]),
        ),
        Row(
            "platform.gain_of_the_second_worker",
            round(gain, 3),
            "x",
            "gain of the second bare process",
            round(of_bare, 3),
            round(share, 3),
            "ratio >= 0.9",
            share >= 0.9,
        ),
    ]


class _Room:
    """Where photos are put, and looked at until all are judged."""

    def __init__(self, database: Database, inspections: Inspections, photo: bytes) -> None:
        self._database = database
        self._inspections = inspections
        self._photo = photo
        self._sent = 0

    async def open(self) -> None:
        """Admit a platform."""
        async with self._database.write() as transaction:
            await transaction.connection.execute(
                insert(t.tenants).values(
                    id="bench", name="bench", kind="live", created_at=SystemClock().now()
                )
            )

    async def judged_s(self, count: int) -> float:
        """Put so many photos there and return the seconds until the last is judged."""
        cases = [await self._ordered() for _ in range(-(-count // EACH))]
        began = time.perf_counter()
        for number in range(count):
            await self._receive(cases[number // EACH])
        deadline = began + _LONGEST_S
        while await self._judged() < self._sent:
            assert time.perf_counter() < deadline, "the workers do not judge"
            await asyncio.sleep(0.25)
        return time.perf_counter() - began

    async def _ordered(self) -> tuple[InspectionId, StepId]:
        order = Order(vehicle=Vehicle(), checklist="listing-12", language="en")
        placed = await self._inspections.order(TenantId("bench"), order, by=_BY)
        case = placed.inspection.id
        await self._inspections.join(case, by=_BY)
        await self._inspections.give_consents(case, {"photos": True}, by=_BY)
        return case, StepId(_VIEW)

    async def _receive(self, case: tuple[InspectionId, StepId]) -> None:
        self._sent += 1
        data = self._photo + self._sent.to_bytes(4, "big")  # behind the picture: another file, the same work
        new = NewCapture(CaptureId(f"capture-{self._sent:06d}"), case[1], data)
        await self._inspections.receive_capture(case[0], new, by=_BY)

    async def _judged(self) -> int:
        async with self._database.read() as transaction:
            query = select(func.count()).select_from(t.judgements)
            return int((await transaction.connection.execute(query)).scalar_one())


def _bare_per_s(photo: bytes, processes: int) -> float:
    """Judge photos in processes that do nothing else."""
    context = multiprocessing.get_context("spawn")
    ready, go = context.Semaphore(0), context.Event()
    share = max(1, PHOTOS // processes)
    running = [
        context.Process(target=_judge, args=(photo, share, ready, go), daemon=True) for _ in range(processes)
    ]
    for each in running:
        each.start()
    for _ in running:
        ready.acquire()
    began = time.perf_counter()
    go.set()
    for each in running:
        each.join()
        assert each.exitcode == 0
    return share * processes / (time.perf_counter() - began)


def _judge(photo: bytes, count: int, ready: multiprocessing.synchronize.Semaphore, go: object) -> None:
    pipeline = Pipeline.open(VisionSettings().models_dir)
    pipeline.judge(photo, _VIEW)
    ready.release()
    go.wait()  # type: ignore[attr-defined]
    for _ in range(count):
        pipeline.judge(photo, _VIEW)
