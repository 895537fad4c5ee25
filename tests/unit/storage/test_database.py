"""Transactions commit whole or not at all, and foreign errors stop at the door."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError

from inspection_service.inspections.records import Vehicle
from inspection_service.inspections.requests import Order
from inspection_service.settings import DatabaseSettings
from inspection_service.storage import tables as t
from inspection_service.storage.database import Database
from inspection_service.storage.errors import DatabaseUnavailable, StorageFull
from inspection_service.storage.migrate import alembic_config, migrate
from inspection_service.testing import NOON, Backend, judgement

pytestmark = pytest.mark.unit


def tenant(number: int) -> dict[str, object]:
    return {"id": f"ten_{number}", "name": "x" * 2000, "created_at": NOON}


async def test_migrations_make_exactly_the_tables(tmp_path: Path) -> None:
    """Twice is fine; Alembic finds no difference between revisions and tables; and one can go back."""
    async with Database(f"sqlite+aiosqlite:///{tmp_path / 'a' / 'x.db'}") as database:
        await migrate(database)
        await migrate(database)
        async with database.write() as transaction:
            await transaction.connection.run_sync(lambda c: command.check(alembic_config(c)))
            await transaction.connection.run_sync(lambda c: command.downgrade(alembic_config(c), "base"))
        await migrate(database)


async def test_cars_that_were_there_before_are_found_too(backend: Backend) -> None:
    """The revision that made cars findable by plate and VIN fills in those of the inspections it meets."""
    cars = [
        Vehicle(plate="ab-123 cd", vin="VF3CCHNZ6GT012345"),
        Vehicle(plate="Ж777ЖЖ"),
        Vehicle(make="Peugeot"),
    ]
    for car in cars:
        await backend.identity.order(
            backend.platform, Order(vehicle=car, checklist="listing-12", language="fr")
        )
    query = select(t.inspections.c.plate_key, t.inspections.c.vin)
    async with backend.database.write() as transaction:
        run = transaction.connection.run_sync
        before = set((await transaction.connection.execute(query)).all())
        await run(lambda c: command.downgrade(alembic_config(c), "0005"))
        await run(lambda c: command.upgrade(alembic_config(c), "head"))
        assert set((await transaction.connection.execute(query)).all()) == before
    assert before == {("AB123CD", "VF3CCHNZ6GT012345"), ("Ж777ЖЖ", None), (None, None)}


async def test_signatures_that_wait_are_known_by_their_cases_too(backend: Backend) -> None:
    """The revision that put the moment beside the case fills it in where a sign-off is waited for, void ones aside."""
    states = ("seller_signed", "seller_signed", "in_progress")
    cases = [(await backend.ordered())[0].id for _ in states]
    at, column = t.inspections.c.signed_at, t.inspections.c
    async with backend.database.write() as transaction:
        run = transaction.connection.execute
        for case, state, void_at in zip(cases, states, (None, NOON, None), strict=True):
            await run(update(t.inspections).where(column.id == case).values(state=state))
            mark = {"role": "seller", "name": "S", "shown_sha256": "", "second_factor": "none"}
            await run(insert(t.signatures).values(inspection_id=case, at=NOON, voided_at=void_at, **mark))
        await transaction.connection.run_sync(lambda c: command.downgrade(alembic_config(c), "0008"))
        await transaction.connection.run_sync(lambda c: command.upgrade(alembic_config(c), "head"))
        found = dict((await run(select(column.id, at))).all())
    assert [found[case] for case in cases] == [NOON, None, None]


async def test_photos_that_were_judged_before_are_recognised(backend: Backend) -> None:
    """The revision that let looks stand by themselves finds them in the judgements; demonstrations are left out."""
    seller = await backend.joined()
    look = " ".join(["5a" * 32] * 3)
    await backend.judged(seller, "front", {**judgement(), "look": look})
    await backend.judged(seller, "rear", {**judgement(), "look": None})
    shown = await backend.judged(seller, "right_side", {**judgement(), "look": look})
    query = select(t.looks).order_by(t.looks.c.received_at)
    async with backend.database.write() as transaction:
        run = transaction.connection.run_sync
        first = (await transaction.connection.execute(query)).all()[:1]
        demo = update(t.captures).where(t.captures.c.id == shown.id).values(method="demo")
        await transaction.connection.execute(demo)
        await run(lambda c: command.downgrade(alembic_config(c), "0009"))
        await run(lambda c: command.upgrade(alembic_config(c), "head"))
        assert (await transaction.connection.execute(query)).all() == first
    assert [row.look for row in first] == [look]


async def test_sqlite_is_set_to_survive_a_power_cut(tmp_path: Path) -> None:
    """Write-ahead log, full sync, foreign keys."""
    async with (
        Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}") as database,
        database.read() as transaction,
    ):
        found = [
            (await transaction.connection.execute(text(f"PRAGMA {name}"))).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]


async def test_sixty_read_modify_writes_are_all_there(tmp_path: Path) -> None:
    """The measured loss of SQLite's default transactions does not happen here, nor between two processes."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'x.db'}"
    async with Database(url) as database, Database(url) as other_process:
        async with database.write() as transaction:
            await transaction.connection.execute(text("CREATE TABLE n (n INTEGER)"))
            await transaction.connection.execute(text("INSERT INTO n VALUES (0)"))

        async def add_one(opened: Database) -> None:
            async with opened.write() as transaction:
                found = (await transaction.connection.execute(text("SELECT n FROM n"))).scalar_one()
                await asyncio.sleep(0)
                await transaction.connection.execute(text("UPDATE n SET n = :n"), {"n": found + 1})

        await asyncio.gather(*(add_one(opened) for _ in range(30) for opened in (database, other_process)))
        async with database.read() as transaction:
            assert (await transaction.connection.execute(text("SELECT n FROM n"))).scalar_one() == 60


async def test_a_failed_block_leaves_nothing_and_tells_nobody(tmp_path: Path) -> None:
    """Rolled back whole; what waited for the commit is never called."""
    told: list[str] = []

    async def tell() -> None:
        told.append("told")

    async with Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}") as database:
        await migrate(database)
        with pytest.raises(IntegrityError):
            async with database.write() as transaction:
                transaction.after_commit(tell)
                await transaction.connection.execute(insert(t.tenants).values(tenant(1)))
                await transaction.connection.execute(insert(t.tenants).values(tenant(1)))
        async with database.write() as transaction:
            assert (await transaction.connection.execute(select(t.tenants))).first() is None
            transaction.after_commit(tell)
            assert told == []
        assert told == ["told"]


async def test_a_full_disk_is_told_as_such_and_keeps_what_was_there(tmp_path: Path) -> None:
    """SQLite's own page limit plays the full disk; earlier rows stay readable."""
    settings = DatabaseSettings(pool_size=1)
    async with Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}", settings) as database:
        await migrate(database)
        async with database.write() as transaction:
            await transaction.connection.execute(insert(t.tenants).values(tenant(0)))
        async with database.read() as transaction:
            pages = (await transaction.connection.execute(text("PRAGMA page_count"))).scalar_one()
            await transaction.connection.execute(text(f"PRAGMA max_page_count = {pages + 2}"))
        with pytest.raises(StorageFull):
            async with database.write() as transaction:
                for number in range(1, 100):
                    await transaction.connection.execute(insert(t.tenants).values(tenant(number)))
        async with database.read() as transaction:
            found = (await transaction.connection.execute(select(t.tenants.c.id))).scalars().all()
            assert found == ["ten_0"]


async def test_a_lock_that_lasts_is_unavailable_not_a_fault(tmp_path: Path) -> None:
    """Another process holds the file longer than we wait."""
    path = tmp_path / "x.db"
    settings = DatabaseSettings(busy_timeout_s=0.05)
    async with Database(f"sqlite+aiosqlite:///{path}", settings) as database:
        await migrate(database)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailable) as refused:
            async with database.write() as transaction:
                await transaction.connection.execute(insert(t.tenants).values(tenant(1)))
        assert refused.value.retryable
        async with database.read() as transaction:
            assert (await transaction.connection.execute(select(t.tenants))).first() is None
        other.rollback()
        other.close()
        async with database.write() as transaction:
            await transaction.connection.execute(insert(t.tenants).values(tenant(1)))


async def test_closed_or_unreachable_is_unavailable(tmp_path: Path) -> None:
    """Closing twice is fine; a database that is not there says so."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    await database.open()
    await database.ping()
    await database.close()
    await database.close()
    with pytest.raises(DatabaseUnavailable):
        await database.ping()
    async with Database("postgresql+asyncpg://nobody@127.0.0.1:1/none") as away:
        with pytest.raises(DatabaseUnavailable):
            await away.ping()


async def test_moments_come_back_aware_and_in_utc(tmp_path: Path) -> None:
    """SQLite forgets zones; a moment without one is refused before it is stored."""
    async with Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}") as database:
        await migrate(database)
        async with database.write() as transaction:
            await transaction.connection.execute(insert(t.tenants).values(tenant(1)))
        async with database.read() as transaction:
            assert (await transaction.connection.execute(select(t.tenants.c.created_at))).scalar() == NOON
        naive = tenant(2) | {"created_at": NOON.replace(tzinfo=None)}
        with pytest.raises(Exception, match="without time zone"):
            async with database.write() as transaction:
                await transaction.connection.execute(insert(t.tenants).values(naive))


async def test_forgetting_what_was_deleted_costs_no_connection(tmp_path: Path) -> None:
    """The one it used goes back to the others instead of being torn down behind the event loop."""
    path = tmp_path / "x.db"
    async with Database(f"sqlite+aiosqlite:///{path}") as database:
        await migrate(database)
        threads = {thread.ident for thread in threading.enumerate()}
        await database.forget_deleted()
        assert {thread.ident for thread in threading.enumerate()} == threads
        assert path.with_name("x.db-wal").stat().st_size == 0


@pytest.mark.parametrize("sqlstate", ["57P03", "57P01", "53300"])
async def test_a_postgres_that_recovers_or_is_full_up_is_unavailable(sqlstate: str) -> None:
    """After a crash it takes connections and says that it is starting up, which is nobody's fault."""
    fields = f"SFATAL\0VFATAL\0C{sqlstate}\0Mnot now\0\0".encode()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                length = int.from_bytes(await reader.readexactly(4))
                if int.from_bytes((await reader.readexactly(length - 4))[:4]) != 80877103:  # asks for TLS
                    break
                writer.write(b"N")
            writer.write(b"E" + (len(fields) + 4).to_bytes(4) + fields)
            await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Database(f"postgresql+asyncpg://nobody@127.0.0.1:{port}/x") as database:
        with pytest.raises(DatabaseUnavailable):
            await database.ping()
