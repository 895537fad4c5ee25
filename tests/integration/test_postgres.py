"""The same migrations, repository and rules on a PostgreSQL cluster of our own."""

import asyncio
import hashlib
import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import func, select, text

from inspection_service.inspections import views
from inspection_service.inspections.errors import InspectionUnknown
from inspection_service.inspections.filming import NewChunk
from inspection_service.inspections.records import Stroke, Vehicle
from inspection_service.inspections.requests import (
    Drawing,
    IdempotencyKey,
    NewFrame,
    NewRecording,
    Order,
    SellerMark,
)
from inspection_service.storage.database import Database
from inspection_service.storage.errors import DatabaseUnavailable
from inspection_service.storage.migrate import alembic_config, migrate
from inspection_service.testing import Backend, judgement, open_backend
from tests.unit.identity import test_accesses as looks
from tests.unit.identity import test_second_factor as factors
from tests.unit.identity import test_teams as teams
from tests.unit.inspections.queue_rules import check_queue
from tests.unit.ledger.ledger_rules import RULES, concurrent_appends_lose_nothing
from tests.unit.platforms.webhook_rules import BY_LOCKS
from tests.unit.storage.nested_rules import check_nested

pytestmark = pytest.mark.integration
PEOPLE = (
    looks.test_the_same_look_within_ten_minutes_counts_once,
    looks.test_two_nodes_write_one_look_once,
    looks.test_a_tenant_reads_its_own_only_page_by_page,
    factors.test_a_recovery_code_works_once,
    factors.test_a_code_works_once_and_for_one_step_either_way,
    teams.test_an_invitation_makes_one_account_of_its_role,
    teams.test_two_admins_cannot_put_each_other_out_at_once,
    teams.test_operators_see_the_cases_of_those_who_let_them_in,
    teams.test_a_platform_founds_an_organisation_of_its_own,
)
"""Where locks, JSON and clocks of the database matter."""


def _program(name: str) -> str:
    found = shutil.which(name) or next(
        map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None
    )
    assert found, f"{name} is missing: apt-get install postgresql"
    return found


def _run(*words: str, folder: Path) -> None:
    # PostgreSQL refuses to run as root.
    user = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    done = subprocess.run(
        words,
        cwd=folder,
        user=user.pw_uid,
        group=user.pw_gid,
        extra_groups=[],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A cluster on a free port, gone afterwards."""
    folder = Path("/tmp") / f"inspection-pg-{os.getpid()}"
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    try:
        data = str(folder / "data")
        _run(_program("initdb"), "-D", data, "-A", "trust", "-U", "tester", "--no-sync", folder=folder)
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        _run(
            _program("pg_ctl"),
            "-D",
            data,
            "-w",
            "-l",
            str(folder / "log"),
            "-o",
            options,
            "start",
            folder=folder,
        )
        try:
            yield f"postgresql+asyncpg://tester@127.0.0.1:{port}"
        finally:
            _run(_program("pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop", folder=folder)
    finally:
        shutil.rmtree(folder)


@pytest.fixture
async def url(server: str) -> AsyncIterator[str]:
    """An empty database."""
    admin = Database(f"{server}/postgres")
    name = f"t{os.urandom(6).hex()}"
    async with admin, admin._opened().connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(f"CREATE DATABASE {name}"))
    yield f"{server}/{name}"


@pytest.fixture
async def backend(url: str, tmp_path: Path) -> AsyncIterator[Backend]:
    """Everything below the API, on PostgreSQL."""
    async with open_backend(tmp_path, url=url) as opened:
        yield opened


async def test_the_migrations_are_shared(url: str) -> None:
    """Three nodes start at once, one migrates; nothing differs from the tables; and one can go back."""
    nodes = [Database(url) for _ in range(3)]
    for node in nodes:
        await node.open()
    await asyncio.gather(*(migrate(node) for node in nodes))
    async with nodes[0].write() as transaction:
        await transaction.connection.run_sync(lambda c: command.check(alembic_config(c)))
        await transaction.connection.run_sync(lambda c: command.downgrade(alembic_config(c), "base"))
    for node in nodes:
        await node.close()


async def test_nested_rows_are_the_rows(url: str) -> None:
    """As on SQLite: moments, floats to their last digit, truth values, JSON and nulls."""
    async with Database(url) as database:
        await migrate(database)
        await check_nested(database)


async def test_a_connection_that_was_cut_is_replaced_unnoticed(url: str) -> None:
    """A restart of PostgreSQL between two requests is nobody's fault, and nothing is asked beforehand to know of it."""
    async with Database(url) as database, Database(url) as other:
        async with database.read() as transaction:
            query = text("SELECT pg_backend_pid()")
            cut = (await transaction.connection.execute(query)).scalar_one()
            driver = (await transaction.connection.get_raw_connection()).driver_connection
        assert driver is not None
        is_cut = asyncio.Event()
        driver.add_termination_listener(lambda _: is_cut.set())
        await other.ask(select(func.pg_terminate_backend(cut)))
        async with asyncio.timeout(60):
            await is_cut.wait()
        await database.ping()


async def test_an_inspection_goes_from_order_to_seal(backend: Backend) -> None:
    """The whole way, with findings, on the other database."""
    seller = await backend.joined()
    dent = {"kind": "dent", "box": [1.5, 2.0, 30.0, 40.0], "score": 0.8}
    await backend.judged(seller, "front", judgement(detections=[dent]))
    await backend.complete(seller)
    before = await backend.dossier(seller.inspection_id)
    shown = views.review_sha256(before)
    mark = SellerMark("Sophie", "M 0 0 L 1 1 L 2 2", shown, "email")
    await backend.inspections.sign_as_seller(seller.inspection_id, mark, by=seller.actor)
    operator = backend.operator.actor
    await backend.inspections.claim(seller.inspection_id, by=operator)
    await backend.inspections.sign_off(seller.inspection_id, by=operator)
    assert (await backend.reconciler.run_once()).sealed == 1
    dossier = await backend.dossier(seller.inspection_id)
    assert dossier.inspection.state == "sealed"
    assert dossier.findings[0].box == (1.5, 2.0, 30.0, 40.0)
    assert dossier.signatures[0].at == backend.clock.now()
    assert (await backend.inspections.page()).items[0].inspection.id == seller.inspection_id
    with pytest.raises(InspectionUnknown):
        other = await backend.identity.create_tenant("Other")
        await backend.inspections.of(other.id).dossier(seller.inspection_id)


async def test_the_queue_is_in_the_same_order(backend: Backend) -> None:
    """Page by page, whatever states, moments and needs meet."""
    await check_queue(backend, 3)


async def test_a_live_session_leaves_the_same_here(backend: Backend) -> None:
    """Help, words, a kept frame, a recording in racing chunks, the order of the queue, what is forgotten."""
    seller, stuck = await backend.joined(), await backend.joined()
    case, operator, inspections = seller.inspection_id, backend.operator.actor, backend.inspections
    await inspections.give_consents(case, {"recording": True}, by=seller.actor, live_level="steer")
    await inspections.ask_help(case, by=seller.actor, phone="+33612345678")
    for _ in range(2):
        await backend.judged(stuck, "front", judgement(accepted=False, reasons=["blur"]))
    listed = await inspections.queue(only_open=False)
    assert [entry.needs for entry in listed.items] == [("help",), ("failed_twice",)]
    assert [entry.rank for entry in listed.items] == sorted(entry.rank for entry in listed.items)
    await inspections.claim(case, by=operator)
    await inspections.note(case, "call.opened", {"call_id": "c1"}, by=operator)
    await inspections.note(case, "call.accepted", {"call_id": "c1"}, by=seller.actor)
    await inspections.note(
        case, "command.sent", {"id": "k", "name": "record", "args": {"on": True}}, by=operator
    )
    await inspections.say(case, operator, "Good morning.")
    frame = await inspections.freeze(case, NewFrame(b"frame", "image/png", 4, 3), by=seller.actor)
    drawing = Drawing((Stroke(((0.25, 0.5), (1.0, 0.0)), 0.01),), None, finding_kind="dent", severity="minor")
    annotation = await inspections.keep_frame(case, frame.id, drawing, by=operator)
    started = await inspections.start_recording(
        case, NewRecording("video", "video/webm", None, None), by=seller.actor
    )
    chunk = NewChunk(started.id, "video", 0, b"x", hashlib.sha256(b"x").hexdigest())
    taken = await asyncio.gather(*(inspections.add_chunk(case, chunk, by=seller.actor) for _ in range(6)))
    assert len(set(taken)) == 1
    await inspections.finish_recording(case, started.id, {"video": 1}, by=seller.actor)
    dossier = await backend.dossier(case)
    assert dossier.annotations == (annotation,)
    assert dossier.recordings[0].parts[0].chain_sha256 == taken[0].chain_sha256
    assert dossier.help is not None
    assert dossier.help.answered_how == "call"
    assert await inspections.help_line(case) is None
    backend.clock.advance(days=31)
    assert (await backend.reconciler.run_once()).forgotten == 1
    assert (await backend.dossier(case)).recordings[0].deleted_at == backend.clock.now()


async def test_sixty_writers_at_once_lose_nothing(backend: Backend) -> None:
    """Rows are locked: each event has its own number."""
    seller = await backend.joined()
    before = await backend.dossier(seller.inspection_id)
    await asyncio.gather(
        *(
            backend.inspections.note(
                seller.inspection_id, "command.sent", {"id": n}, by=backend.operator.actor
            )
            for n in range(60)
        )
    )
    after = await backend.dossier(seller.inspection_id)
    written = after.events[len(before.events) :]
    assert sorted(event.data["id"] for event in written) == list(range(60))
    assert [event.seq for event in after.events] == list(range(1, len(after.events) + 1))


async def test_an_order_happens_once_for_one_key(backend: Backend) -> None:
    """Here the requests really run at once: the unique key decides, the loser is the replay."""
    order = Order(vehicle=Vehicle(), checklist="listing-12", language="en")
    key = IdempotencyKey("order-1", "b" * 64)
    answers = await asyncio.gather(
        *(backend.identity.order(backend.platform, order, key=key) for _ in range(8))
    )
    assert len({(placed.inspection.id, link) for placed, link in answers}) == 1
    assert sum(not placed.is_replay for placed, _ in answers) == 1


async def test_of_two_browsers_at_once_one_gets_in(backend: Backend) -> None:
    """The lock on the inspection decides."""
    _, token = await backend.ordered()
    outcomes = await asyncio.gather(
        *(backend.identity.spend(token) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(outcome, tuple) for outcome in outcomes) == 1


async def test_a_server_that_goes_away_is_unavailable(backend: Backend) -> None:
    """The connection is cut under a transaction; the next one works again."""
    with pytest.raises(DatabaseUnavailable):
        async with backend.database.write() as transaction:
            await transaction.connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    await backend.database.ping()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
async def test_the_log_is_the_same_here(rule: Callable[[Database], Awaitable[None]], url: str) -> None:
    """See the rule; each on a log of its own."""
    async with Database(url) as database:
        await migrate(database)
        await rule(database)


@pytest.mark.parametrize("rule", BY_LOCKS, ids=lambda rule: rule.__name__)
async def test_platforms_are_told_alike(rule: Callable[[Backend], Awaitable[None]], backend: Backend) -> None:
    """See the rule."""
    await rule(backend)


@pytest.mark.parametrize("rule", PEOPLE, ids=lambda rule: rule.__name__)
async def test_people_come_in_alike(rule: Callable[[Backend], Awaitable[None]], backend: Backend) -> None:
    """See the rule: second factors, teams, grants and the log of accesses."""
    await rule(backend)


async def test_concurrent_appends_to_the_log(url: str) -> None:
    """Two processes: the table's lock puts them in order."""
    async with Database(url) as database, Database(url) as other:
        await migrate(database)
        await concurrent_appends_lose_nothing(database, other)
