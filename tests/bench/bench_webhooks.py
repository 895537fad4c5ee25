"""How soon a platform knows that a report is sealed, alone and with a dead endpoint beside, and what a burst costs.

Run alone with ``python -m tests.bench.bench_webhooks``; ``make bench`` collects ``rows()``.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from sqlalchemy import insert, update

from inspection_service.clock import SystemClock
from inspection_service.inspections.bus import InProcessBus
from inspection_service.inspections.records import Actor, InspectionId, ReportFiles, TenantId, Vehicle
from inspection_service.inspections.requests import Order
from inspection_service.inspections.scope import AllTenants
from inspection_service.inspections.service import Inspections
from inspection_service.platforms import DeliveryQueue, Endpoints, GuardedPoster, SecretBox, WebhookOutbox
from inspection_service.settings import UploadSettings, WebhookSettings
from inspection_service.storage import tables as t
from inspection_service.storage.database import Database
from inspection_service.storage.migrate import migrate
from inspection_service.telemetry.metrics import Metrics
from inspection_service.testing import MemoryStore, shipped_shelf
from inspection_service.work.delivering import Delivering
from tests.bench.rows import Row, row
from tests.integration.webhook_receiver import Arrived, Receiver, open_receiver

SEALS: Final = 60
EVERY_S: Final = 0.2
"""Five a second: ten times what 50,000 inspections a day come to."""
BURST: Final = 200
_BY: Final = Actor("platform", "bench")
_PEPPER: Final = b"\x01" * 32


def rows() -> list[Row]:
    """Measure; database, signatures, connections and the receiver are real, on this machine."""
    return asyncio.run(_rows())


async def _rows() -> list[Row]:
    async with open_receiver() as good, open_receiver() as dead:
        dead.answer = _silence
        bare = await _bare(good)
        alone, per_s = await _measured(good, None)
        beside, _ = await _measured(good, dead)
    one_post = ("p95 of a bare httpx POST to the same receiver", _p(bare, 95) * 1e3)
    return [
        row("webhooks.sealed_to_received_p50", _p(alone, 50) * 1e3, "ms", reference=one_post),
        row("webhooks.sealed_to_received_p95", _p(alone, 95) * 1e3, "ms", reference=one_post, at_most=1000.0),
        row(
            "webhooks.sealed_to_received_p95_beside_a_dead_endpoint",
            _p(beside, 95) * 1e3,
            "ms",
            reference=("the same without it", _p(alone, 95) * 1e3),
            at_most=1000.0,
        ),
        row("webhooks.delivered_per_second_in_a_burst", per_s, "1/s"),
    ]


async def _silence(_arrived: Arrived, _writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _bare(receiver: Receiver) -> list[float]:
    """Post what we would, without anything of ours, a connection for each as we do."""
    took = []
    for _ in range(SEALS):
        start = time.perf_counter()
        async with httpx.AsyncClient(trust_env=False, verify=False) as client:
            await client.post(receiver.url, content=b'{"type":"inspection.sealed","data":{}}')
        took.append(time.perf_counter() - start)
    return took


@dataclass
class _Instance:
    database: Database
    inspections: Inspections
    endpoints: Endpoints


@asynccontextmanager
async def _instance(folder: Path) -> AsyncIterator[_Instance]:
    clock, bus, secrets = SystemClock(), InProcessBus(), SecretBox(_PEPPER)
    settings = WebhookSettings(allow_private=True)
    async with Database(f"sqlite+aiosqlite:///{folder / 'inspection.db'}") as database:
        await migrate(database)
        inspections = Inspections(
            database,
            MemoryStore(),
            clock,
            bus,
            shelf=shipped_shelf(),
            uploads=UploadSettings(),
            scope=AllTenants(),
            outbox=WebhookOutbox(),
        )
        poster = GuardedPoster(settings, clock)
        delivering = Delivering(
            DeliveryQueue(database, clock, settings, secrets), poster, bus, clock, settings, metrics=Metrics()
        )
        telling = asyncio.create_task(delivering.run())
        try:
            yield _Instance(database, inspections, Endpoints(database, clock, settings, secrets))
        finally:
            telling.cancel()
            with suppress(asyncio.CancelledError):
                await telling
            poster.close()


async def _measured(good: Receiver, dead: Receiver | None) -> tuple[list[float], float]:
    """Seal inspections at a steady pace; then order many at once.

    Returns:
        Seconds from the act of sealing to the receiver for each, and messages a second in the burst.
    """
    good.arrived.clear()
    with tempfile.TemporaryDirectory() as name:
        async with _instance(Path(name)) as instance:
            tenants = [await _tenant(instance, "one"), await _tenant(instance, "two")]
            ids = [await _signed_off(instance, tenants[0]) for _ in range(SEALS)]
            await instance.endpoints.create(tenants[0], good.url, kinds=["inspection.sealed"])
            if dead is not None:
                await instance.endpoints.create(tenants[1], dead.url)
                for _ in range(SEALS):
                    await _signed_off(instance, tenants[1])
                await dead.until(lambda arrived: len(arrived) >= 1)
            took = await _sealed(instance, ids, good)
            made = await instance.endpoints.list(tenants[0])
            await instance.endpoints.change(tenants[0], made[0].id, kinds=["inspection.ordered"])
            good.arrived.clear()
            start = time.perf_counter()
            for _ in range(BURST):
                await _ordered(instance, tenants[0])
            await good.until(lambda arrived: len(arrived) >= BURST)
            return took, BURST / (time.perf_counter() - start)


async def _sealed(instance: _Instance, ids: list[InspectionId], good: Receiver) -> list[float]:
    began: dict[str, float] = {}

    async def seal(number: int, inspection_id: InspectionId) -> None:
        await asyncio.sleep(number * EVERY_S)
        began[inspection_id] = time.time()
        await instance.inspections.mark_sealed(inspection_id, _files())

    async with asyncio.TaskGroup() as group:
        for number, inspection_id in enumerate(ids):
            group.create_task(seal(number, inspection_id))
    await good.until(lambda arrived: len(arrived) >= len(ids))
    return [each.at - began[each.message["data"]["inspection_id"]] for each in good.arrived]


async def _tenant(instance: _Instance, name: str) -> TenantId:
    async with instance.database.write() as transaction:
        await transaction.connection.execute(
            insert(t.tenants).values(id=name, name=name, kind="live", created_at=SystemClock().now())
        )
    return TenantId(name)


async def _ordered(instance: _Instance, tenant_id: TenantId) -> InspectionId:
    order = Order(vehicle=Vehicle(), checklist="listing-12", language="en")
    return (await instance.inspections.order(tenant_id, order, by=_BY)).inspection.id


async def _signed_off(instance: _Instance, tenant_id: TenantId) -> InspectionId:
    """Bring an inspection to where only the seal is missing."""
    inspection_id = await _ordered(instance, tenant_id)
    async with instance.database.write() as transaction:
        await transaction.connection.execute(
            update(t.inspections).where(t.inspections.c.id == inspection_id).values(state="signed_off")
        )
    return inspection_id


def _files() -> ReportFiles:
    return ReportFiles(SystemClock().now(), "json", "0" * 64, "jws", "pdf", "0" * 64, "root")


def _p(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


if __name__ == "__main__":
    print(json.dumps([each.to_json() for each in rows()], indent=1))
