"""Fills a database with as many inspections as a big platform has, copied by the database itself from real ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Column, Table, text
from sqlalchemy.ext.asyncio import create_async_engine

from inspection_service.inspections.views import LISTED_EVENTS
from inspection_service.storage import tables as t
from inspection_service.storage.database import Database

_COPIED: Final[Sequence[Table]] = (
    t.inspections,
    t.events,
    t.captures,
    t.looks,
    t.signatures,
    t.reports,
    t.consents,
)
_SHIFTED: Final = frozenset({"created_at", "updated_at"})
"""Moved into the past, a minute for each copy; else all would be one moment."""


async def copy(database: Database, inspection_id: str, count: int, *, start: int) -> None:
    """Copy an inspection with its photos, signatures and report.

    Of its events only those are copied that lists read, and the last: the others are only found by their own
    inspection. Judgements are left empty for the same reason. Each copy is found by a plate and a VIN of its own.

    Args:
        database: Where.
        inspection_id: Which.
        count: How often.
        start: Number of the first copy; numbers are part of the ids.
    """
    numbers = (
        f"WITH RECURSIVE g(n) AS (SELECT {start} UNION ALL SELECT n + 1 FROM g WHERE n + 1 < {start + count})"
        if database.is_sqlite
        else f"WITH g AS (SELECT generate_series({start}, {start + count - 1}) AS n)"
    )
    kinds = ", ".join(f"'{kind}'" for kind in sorted(LISTED_EVENTS))
    async with database.write() as transaction:
        for table in _COPIED:
            columns = [each for each in table.c if not _is_numbered(each)]
            names = ", ".join(f'"{column.name}"' for column in columns)
            values = ", ".join(_value(column, is_sqlite=database.is_sqlite) for column in columns)
            own = "id" if table is t.inspections else "inspection_id"
            # The strings are ours: names of our tables and an id of our own making.
            query = f"INSERT INTO {table.name} ({names}) {numbers} SELECT {values} FROM {table.name}, g "
            query += f"WHERE {own} = '{inspection_id}'"
            if table is t.events:
                query += (
                    f" AND (kind IN ({kinds}) OR seq = (SELECT max(seq) FROM events AS e "
                    f"WHERE e.inspection_id = '{inspection_id}'))"
                )
            await transaction.connection.execute(text(query))


async def look_over(url: str) -> None:
    """Let the database look through what it has, as it does by itself before long.

    PostgreSQL would begin in the middle of what is measured, with a million new rows at once, on one of two cores.
    """
    engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        words = "ANALYZE" if engine.dialect.name == "sqlite" else "VACUUM ANALYZE"
        await connection.execute(text(words))
    await engine.dispose()


def _is_numbered(column: Column[object]) -> bool:
    """Whether the database makes it up by itself."""
    return column.name == "id" and column.type.python_type is int


def _value(column: Column[object], *, is_sqlite: bool) -> str:
    table, name = column.table, f'"{column.name}"'
    if column.name == "inspection_id" or (column.name == "id" and table.name == "inspections"):
        return f"{name} || '_' || g.n"
    if column.name == "plate_key":
        return "'AB' || g.n || 'CD'"
    if column.name == "vin":
        return f"'W' || CAST({10**15} + g.n AS VARCHAR)"
    if column.name == "judgement":
        return f"CASE WHEN {name} IS NULL THEN NULL ELSE '{{}}' END" + ("" if is_sqlite else "::json")
    if column.name in _SHIFTED and table.name == "inspections":
        if is_sqlite:
            return f"strftime('%Y-%m-%d %H:%M:%S', {name}, '-' || g.n || ' minutes') || '.000000'"
        return f"{name} - g.n * interval '1 minute'"
    return name
