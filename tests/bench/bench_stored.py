"""Lists, the operators' queue and looking for copies of a photo over many inspections, on both databases.

``BENCH_STORED`` says how many (100,000).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from typing import Final

from sqlalchemy import insert, select

from inspection_service.commands.serve import keep_what_is_loaded
from inspection_service.settings import Settings
from inspection_service.storage import tables as t
from inspection_service.storage.database import Database
from inspection_service.storage.opening import open_store
from tests.bench import stored
from tests.bench.http_load import Line, ms, one_after_another
from tests.bench.instances import Instance, on_postgres, on_sqlite, opened_room
from tests.bench.rows import Row, row

STORED: Final = int(os.environ.get("BENCH_STORED", "100000"))
OPEN: Final = 0.02
"""Share of stored inspections that are open: a platform's last days beside its last years."""
LISTS: Final = 60
DEEP: Final = 20
"""Pages gone through before the one that is measured."""


def rows() -> list[Row]:
    """Measure."""
    with on_postgres() as instance:
        found = _stored(instance)
    with on_sqlite() as instance:
        return [*found, *_stored(instance)]


def _stored(instance: Instance) -> list[Row]:
    asyncio.run(_fill(instance.settings))
    page = "/v1/inspections?limit=50"
    cursor = asyncio.run(_cursor(instance, "/v1/inspections?limit=100"))
    lists: dict[str, bytes] = {
        "list": instance.asked_by_platform(page),
        "list_deep": instance.asked_by_platform(f"{page}&cursor={cursor}"),
        "list_by_state": instance.asked_by_platform(f"{page}&state=seller_signed"),
        "list_by_reference": instance.asked_by_platform(f"{page}&reference=chaos-1"),
        "list_by_plate": instance.asked_by_platform(f"{page}&plate=AB-{STORED // 2}-CD"),
        "list_by_vin": instance.asked_by_platform(f"{page}&vin=W{10**15 + STORED // 2}"),
        "operator_queue": instance.asked_by_operator("/v1/operator/inspections?limit=50"),
    }
    found = []
    for name, request in lists.items():
        took = asyncio.run(one_after_another(instance.node.port, [request] * (LISTS + 5)))[5:]
        found.append(
            row(f"platform.{name}_of_{STORED}_p95_{instance.name}", ms(took, 95), "ms", at_most=50.0)
        )
    took = asyncio.run(_looked_for(instance.settings))
    found.append(row(f"platform.copy_looked_for_of_{STORED}_p95_{instance.name}", ms(took, 95), "ms"))
    return found


async def _looked_for(settings: Settings) -> list[float]:
    """Look for a photo's copies among those of all inspections, as it is done for every photo that is judged."""
    seconds = []
    keep_what_is_loaded()  # as nodes and workers do
    async with Database(settings.database_url, settings.database) as database:
        store = open_store(settings.store_url, settings.store)
        room = opened_room(database, store)
        async with database.read() as transaction:
            photo = (await transaction.connection.execute(select(t.looks).limit(1))).one()
        capture = await room.capture(photo.inspection_id, photo.capture_id)
        for number in range(LISTS + 5):
            began = time.perf_counter()
            await room.known_pictures(photo.tenant_id, capture, _look(-1 - number))
            seconds.append(time.perf_counter() - began)
        await store.close()
    return seconds[5:]


async def _cursor(instance: Instance, path: str) -> str:
    """Go through some pages and return where the next one begins."""
    cursor = ""
    async with Line(instance.node.port) as line:
        for _ in range(DEEP):
            more = f"&cursor={cursor}" if cursor else ""
            cursor = json.loads(await line.ask(instance.asked_by_platform(path + more)))["next_cursor"]
    return cursor


async def _fill(settings: Settings) -> None:
    async with Database(settings.database_url, settings.database) as database:
        ids = await _templates(database)
        await _remember_looks(database)
        waiting = int(STORED * OPEN)
        await stored.copy(database, ids["seller_signed"], waiting, start=1)
        await stored.copy(database, ids["sealed"], STORED - waiting, start=waiting + 1)
    await stored.look_over(settings.database_url)


async def _remember_looks(database: Database) -> None:
    """Let every photo have a look of its own, which scripted judges do not give."""
    async with database.write() as transaction:
        photo, case = t.captures.c, t.inspections.c
        query = select(photo.inspection_id, photo.id, case.tenant_id, photo.received_at).join(t.inspections)
        found = (await transaction.connection.execute(query)).all()
        looks = [
            dict(zip(("inspection_id", "capture_id", "tenant_id", "received_at"), each, strict=True))
            | {"look": _look(number)}
            for number, each in enumerate(found)
        ]
        await transaction.connection.execute(insert(t.looks), looks)


def _look(number: int) -> str:
    """Write a fingerprint unlike any of another number."""
    return " ".join(hashlib.sha256(f"{number} {part}".encode()).hexdigest() for part in range(3))


async def _templates(database: Database) -> dict[str, str]:
    column = t.inspections.c
    async with database.read() as transaction:
        query = select(column.state, column.id).where(column.reference.is_not(None))
        return {row.state: row.id for row in await transaction.connection.execute(query)}
