"""SQLite's thread is asked once a statement, and nothing is lost or left behind by asking so seldom."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from inspection_service.settings import DatabaseSettings
from inspection_service.storage.database import Database
from inspection_service.storage.errors import DatabaseUnavailable
from inspection_service.storage.one_trip import PORTION_ROWS, OneTripConnection, connection_to

pytestmark = pytest.mark.unit


class Counted(OneTripConnection):
    """Counts what it asks of its thread."""

    trips: int = 0

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.trips += 1
        return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A database with one connection and a table of numbers."""
    async with Database(
        f"sqlite+aiosqlite:///{tmp_path / 'x.db'}", DatabaseSettings(pool_size=1, busy_timeout_s=0.1)
    ) as opened:
        async with opened.write() as transaction:
            await transaction.connection.execute(text("CREATE TABLE n (n INTEGER PRIMARY KEY)"))
        yield opened


@pytest.fixture
async def counted(tmp_path: Path) -> AsyncIterator[Counted]:
    """A connection of the driver, by itself."""
    connection = Counted(
        lambda: sqlite3.connect(tmp_path / "y.db", isolation_level=None, check_same_thread=False), 1
    )
    async with connection:
        async with connection.cursor() as cursor:
            await cursor.execute("CREATE TABLE n (n INTEGER PRIMARY KEY)")
        connection.trips = 0
        yield connection


async def test_a_transaction_is_a_trip_a_statement_and_one_to_commit(counted: Counted) -> None:
    """The cursor, its ``BEGIN``, the rows and the end of the cursor ride along."""
    async with counted.cursor() as begin, counted.cursor() as cursor:
        await begin.execute("BEGIN IMMEDIATE")
        await cursor.execute("INSERT INTO n VALUES (?)", (1,))
        await cursor.execute("SELECT n FROM n")
        assert await cursor.fetchall() == [(1,)]
        await counted.commit()
    assert counted.trips == 3
    assert not counted.in_transaction


async def test_what_was_never_begun_is_neither_committed_nor_undone(counted: Counted) -> None:
    """A ``BEGIN`` that nothing followed is forgotten: the next statement stands alone."""
    cursor = counted.cursor()
    await cursor.execute("BEGIN IMMEDIATE")
    await counted.rollback()
    await counted.rollback()
    await counted.commit()
    assert counted.trips == 0
    await cursor.execute("INSERT INTO n VALUES (1)")
    assert not counted.in_transaction


async def test_a_cursor_tells_what_the_driver_tells(counted: Counted) -> None:
    """Rows changed, the last row's number, the columns, and rows one by one."""
    cursor = counted.cursor()
    await cursor.executemany("INSERT INTO n VALUES (?)", [(1,), (2,), (3,)])
    assert cursor.rowcount == 3
    await cursor.execute("INSERT INTO n VALUES (7)")
    assert (cursor.rowcount, cursor.lastrowid, cursor.description) == (1, 7, None)
    await cursor.execute("SELECT n FROM n ORDER BY n")
    assert [column[0] for column in cursor.description] == ["n"]
    assert await cursor.fetchone() == (1,)
    assert await cursor.fetchmany(2) == [(2,), (3,)]
    assert await cursor.fetchall() == [(7,)]
    assert await cursor.fetchone() is None


@pytest.mark.parametrize("more", [-1, 0, 1, PORTION_ROWS])
async def test_a_long_result_is_whole(counted: Counted, more: int) -> None:
    """In portions where it is read so, with a last portion that is short, empty or full."""
    cursor, count = counted.cursor(), PORTION_ROWS + more
    await cursor.executemany("INSERT INTO n VALUES (?)", [(number,) for number in range(count)])
    await cursor.execute("SELECT n FROM n ORDER BY n")
    assert [row[0] async for row in cursor] == list(range(count))
    await cursor.execute("SELECT n FROM n ORDER BY n")
    assert len(await cursor.fetchall()) == count
    await cursor.execute("SELECT n FROM n ORDER BY n")
    await cursor.close()  # what is left of it would hold the log's old pages for ever
    await cursor.execute("DROP TABLE n")


async def test_a_streamed_table_comes_whole(database: Database) -> None:
    """As a copy of an instance reads it."""
    async with database.write() as transaction:
        numbers = [{"n": number} for number in range(2 * PORTION_ROWS + 5)]
        await transaction.connection.execute(text("INSERT INTO n VALUES (:n)"), numbers)
    async with database.read() as transaction:
        streamed = await transaction.connection.stream(text("SELECT n FROM n ORDER BY n"))
        assert [row.n async for row in streamed] == list(range(2 * PORTION_ROWS + 5))


async def test_a_statement_that_fails_leaves_no_transaction(database: Database) -> None:
    """Neither one that cannot be read nor one whose ``BEGIN`` had to wait too long."""
    with pytest.raises(DatabaseUnavailable):
        async with database.write() as transaction:
            await transaction.connection.execute(text("INSERT INTO nowhere VALUES (1)"))
    path = Path(str(database.url).removeprefix("sqlite+aiosqlite:///"))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseUnavailable):
        async with database.write() as transaction:
            await transaction.connection.execute(text("INSERT INTO n VALUES (1)"))
    other.execute("ROLLBACK")
    other.close()
    async with database.write() as transaction:
        await transaction.connection.execute(text("INSERT INTO n VALUES (1)"))


async def test_who_is_cancelled_under_way_holds_no_lock_afterwards(tmp_path: Path) -> None:
    """The thread begins the transaction after the page that wanted it has gone: it is undone all the same."""
    may_begin = threading.Event()

    def open_slowly() -> sqlite3.Connection:
        opened = sqlite3.connect(tmp_path / "y.db", isolation_level=None, check_same_thread=False)
        opened.execute("CREATE TABLE n (n INTEGER)")
        opened.create_function("wait", 0, lambda: may_begin.wait(60) and 1)
        return opened

    connection = OneTripConnection(open_slowly, 1)
    async with connection:
        before = asyncio.ensure_future(connection.cursor().execute("SELECT wait()"))
        await asyncio.sleep(0)  # it is with the thread now
        cursor = connection.cursor()
        await cursor.execute("BEGIN IMMEDIATE")
        writing = asyncio.ensure_future(cursor.execute("INSERT INTO n VALUES (1)"))
        await asyncio.sleep(0)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        assert not connection.in_transaction  # its turn has not come
        undone = asyncio.ensure_future(connection.rollback())
        may_begin.set()
        await asyncio.gather(before, undone)
        assert not connection.in_transaction
        await cursor.execute("SELECT count(*) FROM n")
        assert await cursor.fetchall() == [(0,)]


async def test_a_forgotten_connection_keeps_no_process_alive(tmp_path: Path) -> None:
    """Its thread ends with the process, whoever did not close it."""
    connection = connection_to(str(tmp_path / "z.db"), {"check_same_thread": False})
    assert connection._thread.daemon
    await connection
    await connection.close()
