"""Copies a whole instance from its own machine to PostgreSQL and S3, and proves that nothing is missing.

Objects first: each is created once and never changed, so that a copy that was broken off goes on where it was. Then all
records in one transaction, which ends only when every row has been read back: the new database is empty or complete.

Whether the old instance is in use is asked of SQLite: in WAL mode every process that has the database open holds a
shared lock, and the exclusive one is given to nobody beside them. It is held until the copy ends, so that a service
started meanwhile finds the database locked instead of writing what would not be copied.

Source: https://sqlite.org/wal.html#noshm, https://sqlite.org/pragma.html#pragma_locking_mode
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from alembic.runtime.migration import MigrationContext
from sqlalchemy import (
    Connection,
    Integer,
    StaticPool,
    Table,
    create_engine,
    event,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.exc import OperationalError

from inspection_service.storage import tables as t
from inspection_service.storage.database import Database
from inspection_service.storage.errors import (
    CopyIncomplete,
    ObjectExists,
    SchemaDiffers,
    SourceInUse,
    TargetNotEmpty,
)
from inspection_service.storage.objects import ObjectStore

_ROWS: Final = 500
_AT_ONCE: Final = 8
Told = Callable[[str, int, int], None]
"""Hears of progress: of what, how much is done, how much there is."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds, every row and every byte of it compared with the source."""

    rows: dict[str, int]
    """By table."""
    objects: int
    bytes: int
    objects_found: int
    """Of these objects, how many an earlier copy had brought already."""
    rows_were_there: bool
    """An earlier copy had brought the records; they are the same."""


@contextmanager
def opened_alone(path: str) -> Iterator[Connection]:
    """Open a SQLite database so that nobody else has it open, nor can open it, until the block ends.

    Raises:
        SourceInUse: Somebody has it open.
    """
    engine = create_engine(f"sqlite:///{path}", poolclass=StaticPool, connect_args={"timeout": 0.5})

    @event.listens_for(engine, "connect")
    def alone(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN EXCLUSIVE")

    try:
        with engine.connect() as connection:
            try:
                connection.execute(text("SELECT count(*) FROM sqlite_master"))
            except OperationalError as error:
                raise SourceInUse from error
            yield connection
    finally:
        engine.dispose()


async def copy_instance(
    source: Connection, source_store: ObjectStore, target: Database, target_store: ObjectStore, told: Told
) -> Copied:
    """Copy everything; run it again after whatever broke it off.

    Args:
        source: From ``opened_alone``.
        source_store: Its objects.
        target: Migrated to the newest schema.
        target_store: Its objects.
        told: Hears of progress.

    Raises:
        SchemaDiffers: The source was last opened by another release.
        TargetNotEmpty: The target holds something else than a copy of this source, whole or broken off.
        CopyIncomplete: What was read back is not what was written.
    """
    await _check_schema(source, target)
    were_there = await _check_rows(source, target)
    objects, size, found = await _copy_objects(source_store, target_store, told)
    rows = await _copy_rows(source, target, told) if not were_there else _counts(source)
    return Copied(rows, objects, size, found, were_there)


async def _check_schema(source: Connection, target: Database) -> None:
    ours = MigrationContext.configure(source).get_current_revision()
    async with target.read() as transaction:
        theirs = await transaction.connection.run_sync(
            lambda c: MigrationContext.configure(c).get_current_revision()
        )
    if ours != theirs:
        raise SchemaDiffers(source=ours, target=theirs)


async def _check_rows(source: Connection, target: Database) -> bool:
    """Return whether an earlier copy brought all records; false when there are none."""
    async with target.read() as transaction:
        theirs = await transaction.connection.run_sync(_counts)
        seeds = await transaction.connection.run_sync(_digest, t.organisations)
    filled = {name for name, count in theirs.items() if count}
    if not filled or (filled == {t.organisations.name} and seeds[0] == 1 and _counts(source) != theirs):
        return False
    async with target.read() as transaction:
        for table in t.metadata.sorted_tables:
            if await transaction.connection.run_sync(_digest, table) != _digest(source, table):
                raise TargetNotEmpty(what=table.name)
    return True


async def _copy_objects(source: ObjectStore, target: ObjectStore, told: Told) -> tuple[int, int, int]:
    keys = await source.list("")
    there = set(await target.list(""))
    foreign = there.difference(keys)
    if foreign:
        raise TargetNotEmpty(what=min(foreign))
    done, size = 0, 0

    async def copy(key: str) -> None:
        nonlocal done, size
        data = await source.get(key)
        try:
            if key not in there:
                await target.put(key, data)
        except ObjectExists as error:
            raise TargetNotEmpty(what=key) from error
        # Read back, also what an earlier copy brought: nothing is believed that was not seen.
        if _sha256(await target.get(key)) != _sha256(data):
            raise TargetNotEmpty(what=key) if key in there else CopyIncomplete(what=key)
        done, size = done + 1, size + len(data)
        told("objects", done, len(keys))

    await _each(keys, copy)
    if set(await target.list("")) != set(keys):
        raise CopyIncomplete(what="objects")
    return len(keys), size, len(there)


async def _each(keys: Sequence[str], do: Callable[[str], Awaitable[None]]) -> None:
    waiting = iter(keys)

    async def some() -> None:
        for key in waiting:
            await do(key)

    tasks = [asyncio.create_task(some()) for _ in range(_AT_ONCE)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _copy_rows(source: Connection, target: Database, told: Told) -> dict[str, int]:
    counts = _counts(source)
    done, total = 0, sum(counts.values())
    async with target.write() as transaction:
        await transaction.connection.execute(
            t.organisations.delete()
        )  # the migrations' own, which comes along
        for table in t.metadata.sorted_tables:
            for rows in _rows(source, table):
                await transaction.connection.execute(insert(table), rows)
                done += len(rows)
                told("rows", done, total)
            await transaction.connection.run_sync(_go_on_counting, table)
        for table in t.metadata.sorted_tables:
            if await transaction.connection.run_sync(_digest, table) != _digest(source, table):
                raise CopyIncomplete(what=table.name)
    return counts


def _rows(connection: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    """Read a table in the order of its key, some rows at a time."""
    query = select(table).order_by(*table.primary_key.columns).execution_options(stream_results=True)
    found = connection.execute(query)
    for part in found.mappings().partitions(_ROWS):
        yield [dict(row) for row in part]


def _counts(connection: Connection) -> dict[str, int]:
    return {
        table.name: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
        for table in t.metadata.sorted_tables
    }


def _digest(connection: Connection, table: Table) -> tuple[int, str]:
    """Count the rows and hash their values, the same on both databases; the order of keys is each database's own."""
    hashes = [_row_sha256(row) for rows in _rows(connection, table) for row in rows]
    return len(hashes), hashlib.sha256(b"".join(sorted(hashes))).hexdigest()


def _row_sha256(row: dict[str, Any]) -> bytes:
    written = json.dumps(row, sort_keys=True, default=_written, ensure_ascii=True)
    return hashlib.sha256(written.encode()).digest()


def _written(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else value.isoformat()


def _go_on_counting(connection: Connection, table: Table) -> None:
    """Let PostgreSQL number new rows after those that came with their numbers."""
    (key, *more) = table.primary_key.columns
    is_counted = not more and isinstance(key.type, Integer) and key.autoincrement is True
    if is_counted and connection.dialect.name == "postgresql":
        last = connection.execute(select(func.max(key))).scalar_one()
        if last is not None:
            sequence = func.pg_get_serial_sequence(table.name, key.name)
            connection.execute(select(func.setval(sequence, last)))


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
