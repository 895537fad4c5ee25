"""Rows that come back inside another row are what they are on their own."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import bindparam, func, insert, select

from inspection_service.settings import DatabaseSettings
from inspection_service.storage import tables as t
from inspection_service.storage.database import Database
from inspection_service.storage.migrate import migrate
from inspection_service.testing import NOON
from tests.unit.storage.nested_rules import check_nested

pytestmark = pytest.mark.unit


async def test_nested_rows_are_the_rows(tmp_path: Path) -> None:
    """Moments, floats to their last digit, truth values, JSON and nulls; each with its own, in the order asked for."""
    async with Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}") as database:
        await migrate(database)
        await check_nested(database)


async def test_whoever_asks_one_question_keeps_nothing_open(tmp_path: Path) -> None:
    """Nothing is begun for it: a writer is not kept waiting, and the only connection there is goes on to the next."""
    settings = DatabaseSettings(pool_size=1)
    async with Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}", settings) as database:
        await migrate(database)
        query = select(t.tenants.c.name).where(t.tenants.c.id == bindparam("id"))
        assert not await database.ask(query, {"id": "ten_1"})
        async with asyncio.timeout(60), database.write() as transaction:
            await transaction.connection.execute(
                insert(t.tenants).values(id="ten_1", name="New", created_at=NOON)
            )
        assert [row["name"] for row in await database.ask(query, {"id": "ten_1"})] == ["New"]


async def test_a_question_nobody_waits_for_any_longer_is_given_up(tmp_path: Path) -> None:
    """Who is cancelled in the middle of an answer takes no connection along, however far it had come."""
    settings = DatabaseSettings(pool_size=1)
    async with Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}", settings) as database:
        await migrate(database)
        query = select(func.count()).select_from(t.tenants)
        for steps in range(12):
            asking = asyncio.create_task(database.ask(query))
            for _ in range(steps):
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        async with asyncio.timeout(60):
            assert [row["count_1"] for row in await database.ask(query)] == [0]
