"""SQLite with one trip to its thread for a statement, where the driver makes four: cursor, statement, rows, close.

A trip wakes a thread and then the event loop again. That costs little on an idle machine, and on a busy one two turns
in the queue for a processor: an operator's command, whose line must stand in the log before the phone obeys, waited
for nineteen trips.

- A statement's first rows come with it; a long result that is streamed keeps its cursor and comes in portions.
- ``BEGIN`` travels with the first statement after it. SQLite takes no lock and looks at nothing in between.
- A rollback or commit of what was never begun is no trip at all.

Source: https://sqlite.org/lang_transaction.html; the driver's protocol: ``sqlalchemy.connectors.asyncio``,
``AsyncIODBAPICursor``.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Self

import aiosqlite

PORTION_ROWS: Final = 1_000
"""So many rows come with their statement; more are fetched when they are asked for."""
_BEGINS: Final = frozenset({"BEGIN", "BEGIN IMMEDIATE"})


def connection_to(database: str, options: Mapping[str, Any]) -> OneTripConnection:
    """Return a connection that opens when it is awaited.

    Args:
        database: Path of the file.
        options: Further arguments of ``sqlite3.connect``.
    """
    return OneTripConnection(partial(sqlite3.connect, database, **options), PORTION_ROWS)


class OneTripConnection(aiosqlite.Connection):
    """A connection whose cursors make one trip a statement."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], iter_chunk_size: int) -> None:
        super().__init__(connector, iter_chunk_size)
        self._thread.daemon = True  # as SQLAlchemy sets it: a forgotten connection keeps no process alive
        self._held_begin: str | None = None
        self._is_settled = True
        """Whether everything that was asked of the thread is done, so that what SQLite says of itself is so."""

    def cursor(self) -> OneTripCursor:  # type: ignore[override]  # the driver's own makes a trip to be made
        """Return a cursor; that alone asks nothing of the thread."""
        return OneTripCursor(self)

    async def commit(self) -> None:
        """Commit what was begun."""
        if self._is_begun():
            await self.trip(self._conn.commit)

    async def rollback(self) -> None:
        """Undo what was begun."""
        if self._is_begun():
            await self.trip(self._conn.rollback)

    def _is_begun(self) -> bool:
        self._held_begin = None
        return not self._is_settled or self.in_transaction

    async def run(self, work: Callable[[sqlite3.Cursor], Any]) -> _Answer:
        """Do some work with a new cursor, in the thread, after the ``BEGIN`` that was held back for it."""
        begin, self._held_begin = self._held_begin, None
        answer: _Answer = await self.trip(_answer, self._conn, begin, work)
        return answer

    async def trip(self, work: Callable[..., Any], *given: Any) -> Any:
        """Do something in the thread. Who is cancelled meanwhile leaves it there, to be done all the same."""
        self._is_settled = False
        try:
            done = await self._execute(work, *given)  # type: ignore[no-untyped-call]
        except Exception:
            self._is_settled = True
            raise
        self._is_settled = True
        return done

    def hold(self, begin: str) -> None:
        """Keep a ``BEGIN`` for the statement that follows."""
        self._held_begin = begin


class _Answer:
    """What one trip brings back."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self.description = cursor.description
        self.rows: list[Any] = [] if self.description is None else cursor.fetchmany(PORTION_ROWS)
        self.rowcount = cursor.rowcount
        self.lastrowid = cursor.lastrowid
        self.rest = cursor if len(self.rows) == PORTION_ROWS else None
        if self.rest is None:
            cursor.close()


def _answer(
    connection: sqlite3.Connection, begin: str | None, work: Callable[[sqlite3.Cursor], Any]
) -> _Answer:
    cursor = connection.cursor()
    try:
        if begin is not None:
            cursor.execute(begin)
        work(cursor)
        return _Answer(cursor)
    except BaseException:
        cursor.close()
        raise


class OneTripCursor:
    """A cursor as SQLAlchemy uses it; rows that came with the statement are here already."""

    def __init__(self, connection: OneTripConnection) -> None:
        self._connection = connection
        self._rows: deque[Any] = deque()
        self._rest: sqlite3.Cursor | None = None
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def execute(self, operation: str, parameters: Any = ()) -> Self:
        """Run one statement."""
        if operation in _BEGINS:
            self._connection.hold(operation)
            return self
        return await self._run(lambda cursor: cursor.execute(operation, parameters))

    async def executemany(self, operation: str, parameters: Any) -> Self:
        """Run one statement with each of these."""
        return await self._run(lambda cursor: cursor.executemany(operation, parameters))

    async def _run(self, work: Callable[[sqlite3.Cursor], Any]) -> Self:
        await self.close()
        answer = await self._connection.run(work)
        self._rows, self._rest = deque(answer.rows), answer.rest
        self.description, self.rowcount = answer.description, answer.rowcount
        self.lastrowid = answer.lastrowid
        return self

    async def fetchone(self) -> Any | None:
        """Return the next row, or ``None`` after the last."""
        found = await self.fetchmany(1)
        return found[0] if found else None

    async def fetchmany(self, size: int | None = None) -> Sequence[Any]:
        """Return so many rows, fewer at the end."""
        wanted = self.arraysize if size is None else size
        if len(self._rows) < wanted and self._rest is not None:
            self._rows.extend(await self._more(max(wanted, PORTION_ROWS)))
        return [self._rows.popleft() for _ in range(min(wanted, len(self._rows)))]

    async def fetchall(self) -> Sequence[Any]:
        """Return all rows that are left."""
        if self._rest is not None:
            self._rows.extend(await self._more(None))
        rows, self._rows = list(self._rows), deque()
        return rows

    async def __aiter__(self) -> AsyncIterator[Any]:
        while (row := await self.fetchone()) is not None:
            yield row

    async def _more(self, count: int | None) -> list[Any]:
        rest = self._rest
        assert rest is not None
        rows: list[Any] = await self._connection.trip(
            rest.fetchall if count is None else partial(rest.fetchmany, count)
        )
        if count is None or len(rows) < count:
            await self._let_go()
        return rows

    async def close(self) -> None:
        """Let go of what is left; twice is fine."""
        self._rows.clear()
        await self._let_go()

    async def _let_go(self) -> None:
        rest, self._rest = self._rest, None
        if rest is not None:
            await self._connection.trip(rest.close)
