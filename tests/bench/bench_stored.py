"""A platform's lists and the operators' queue over many inspections, on both databases.

``BENCH_STORED`` says how many (100,000).
"""

from __future__ import annotations

import asyncio
import json
import os
from typing import Final

from sqlalchemy import select

from inspection_service.settings import Settings
from inspection_service.storage import tables as t
from inspection_service.storage.database import Database
from tests.bench import stored
from tests.bench.http_load import Line, ms, one_after_another
from tests.bench.instances import Instance, on_postgres, on_sqlite
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
    return found


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
        waiting = int(STORED * OPEN)
        await stored.copy(database, ids["seller_signed"], waiting, start=1)
        await stored.copy(database, ids["sealed"], STORED - waiting, start=waiting + 1)
        await stored.look_over(database)


async def _templates(database: Database) -> dict[str, str]:
    column = t.inspections.c
    async with database.read() as transaction:
        query = select(column.state, column.id).where(column.reference.is_not(None))
        return {row.state: row.id for row in await transaction.connection.execute(query)}
