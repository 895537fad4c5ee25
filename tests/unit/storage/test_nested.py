"""Rows that come back inside another row are what they are on their own."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import insert, select

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


async def test_what_is_read_once_needs_no_transaction_and_keeps_none_open(tmp_path: Path) -> None:
    """A writer is not kept waiting by whoever has asked one question and still looks at the answer."""
    async with Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}") as database:
        await migrate(database)
        async with database.read_once() as asked:
            query = select(t.tenants.c.name)
            assert (await asked.connection.execute(query)).first() is None
            async with asyncio.timeout(60), database.write() as transaction:
                await transaction.connection.execute(
                    insert(t.tenants).values(id="ten_1", name="New", created_at=NOON)
                )
            assert (await asked.connection.execute(query)).scalar_one() == "New"
