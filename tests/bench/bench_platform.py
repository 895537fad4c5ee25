"""What a platform feels: reading, ordering, lists over many inspections, and photos judged by more workers.

``BENCH_STORED`` inspections (10,000; the aim is about 100,000) and ``BENCH_PHOTOS`` photos (24; the aim is about
1,000) make it longer and the figures firmer.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import httpx
import psutil
from sqlalchemy import event, select
from sqlalchemy.engine import Engine
from structlog.testing import capture_logs

from inspection_service.app import open_directory
from inspection_service.settings import Settings
from inspection_service.storage import tables as t
from inspection_service.storage.database import Database
from tests.bench import judging, stored
from tests.bench.bare_route import Asked
from tests.bench.http_load import at_pace, most_per_s, ms, one_after_another, request_of
from tests.bench.rows import Row, row
from tests.chaos.patient import Patient
from tests.chaos.sellers import World, carry_out
from tests.integration.node_process import Node
from tests.integration.servers import READY_S, PostgresServer, free_port
from tests.integration.service import PASSWORD, open_test_service

STORED: Final = int(os.environ.get("BENCH_STORED", "10000"))
OPEN: Final = 0.02
"""Share of stored inspections that are open: a platform's last days beside its last years."""
READS: Final = 300
ROUNDS: Final = 5
ORDERS: Final = 200
LISTS: Final = 60
LOADED_S: Final = 5.0
LINES: Final = 8
_SETTINGS: Final = {
    "INSPECTION_WORK__ENABLED": "true",
    "INSPECTION_WORK__POLL_S": "1",
    "INSPECTION_LIMITS__KEY_PER_MINUTE": "1000000",
    "INSPECTION_LIMITS__LINKS_PER_MINUTE": "1000000",
}


@dataclass(frozen=True)
class _Instance:
    """One service on one database."""

    name: str
    node: Node
    settings: Settings
    key: str
    cookie: str
    sealed: str
    """Id of an inspection with its report."""
    open: str
    """Id of one that waits for an operator."""


def rows() -> list[Row]:
    """Measure; databases, services and models are real, all on this machine."""
    found: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        postgres = PostgresServer()
        try:
            postgres.start()
            url = postgres.new_database()
            with _instance(folder / "postgres", "PostgreSQL", url) as instance:
                found += _reading(folder, instance, url)
                found += [_ordering(instance), *_stored(instance)]
        finally:
            postgres.remove()
        with _instance(folder / "sqlite", "SQLite", "") as instance:
            found += [_ordering(instance), *_stored(instance)]
        found += asyncio.run(judging.rows(folder / "judging"))
    return found


@contextmanager
def _instance(folder: Path, name: str, url: str) -> Iterator[_Instance]:
    shared = folder / "shared"
    node = Node(folder / "node", shared, INSPECTION_DATABASE__URL=url, **_SETTINGS)
    node.start()
    try:
        settings = Settings(
            data_dir=shared, public_url=cast(Any, node.origin), database=cast(Any, {"url": url})
        )
        yield asyncio.run(_prepared(name, node, settings))
    finally:
        node.kill()


async def _prepared(name: str, node: Node, settings: Settings) -> _Instance:
    """Admit a platform and an operator; carry one inspection to its report and one to the operator's desk."""
    async with open_directory(settings) as identity:
        tenant_id = (await identity.create_tenant("Platform")).id
        key = await identity.issue_key(tenant_id)
        await identity.create_operator("op@example.com", "Olivia", PASSWORD, "operator")
    world = World(node.origin, lambda: None, Counter())
    async with Patient(node.origin, world.acted, world.heard, Authorization=f"Bearer {key}") as platform:
        sealed = await carry_out(world, platform, tenant_id, 1, 1)
        waiting = await carry_out(world, platform, tenant_id, 2, 1, sign_off="required")
    async with httpx.AsyncClient(
        base_url=node.origin, headers={"Origin": node.origin}, timeout=60, trust_env=False
    ) as desk:
        login = {"email": "op@example.com", "password": PASSWORD}
        answer = await desk.post("/v1/operator/login", json=login)
        assert answer.status_code == 200, answer.text
        cookie = "; ".join(f"{each}={value}" for each, value in desk.cookies.items())
    return _Instance(name, node, settings, key, cookie, sealed.inspection_id, waiting.inspection_id)


# -- reading one -----------------------------------------------------------------------------------------------
def _reading(folder: Path, instance: _Instance, url: str) -> list[Row]:
    """Time the route and, by turns, one written by hand that asks the database the same."""
    with capture_logs():  # the service runs in this process for a moment, beside a table
        asked = asyncio.run(_asked(folder, instance, url))
    request = _get(instance, f"/v1/inspections/{instance.sealed}")
    with _bare(folder, asked) as bare_port:
        ports = (instance.node.port, bare_port)
        ours, bare = asyncio.run(_by_turns(ports, request))
    before_s = _cpu_s(instance.node)
    most = asyncio.run(most_per_s(instance.node.port, request, lines=LINES, seconds=LOADED_S))
    per_core = most * LOADED_S / (_cpu_s(instance.node) - before_s)
    half = asyncio.run(
        at_pace(instance.node.port, request, per_s=most / 2, count=int(most / 2 * LOADED_S), lines=LINES)
    )
    name = "platform.read_one_inspection"
    beside = (f"FastAPI and asyncpg by hand, the same {len(asked.queries)} queries", ms(bare))
    return [
        row(f"{name}_p50", ms(ours), "ms", reference=beside, at_most=1.5, judged="ratio"),
        row(f"{name}_at_half_load_p99", ms(half, 99), "ms", at_most=50.0),
        row(f"{name}_most", most, "1/s"),
        row(f"{name}_by_one_core", per_core, "1/s"),
    ]


def _cpu_s(node: Node) -> float:
    """Return what a node has taken of a core so far: unlike the clock, this does not depend on who else is at work."""
    assert node.process is not None
    spent = psutil.Process(node.process.pid).cpu_times()
    return float(spent.user + spent.system)


async def _by_turns(ports: tuple[int, ...], request: bytes) -> list[list[float]]:
    taken: list[list[float]] = [[] for _ in ports]
    for port in ports:
        await one_after_another(port, [request] * 30)  # warm
    for _ in range(ROUNDS):
        for port, times in zip(ports, taken, strict=True):
            times.extend(await one_after_another(port, [request] * (READS // ROUNDS)))
    return taken


async def _asked(folder: Path, instance: _Instance, url: str) -> Asked:
    """Learn what the service asks the database for this request, from the service itself."""
    said: list[tuple[str, tuple[Any, ...]]] = []

    def note(_c: object, _cursor: object, statement: str, values: Any, _context: object, _many: bool) -> None:
        if statement.lstrip().startswith("SELECT"):
            said.append((statement, tuple(values)))

    given = instance.settings
    async with open_test_service(
        folder, data_dir=given.data_dir, public_url=given.public_url, database={"url": url}
    ) as service:
        platform = service.browser(Authorization=f"Bearer {instance.key}")
        path = f"/v1/inspections/{instance.sealed}"
        await platform.get(path)
        event.listen(Engine, "before_cursor_execute", note)
        try:
            answer = await platform.get(path)
        finally:
            event.remove(Engine, "before_cursor_execute", note)
    assert answer.status_code == 200, answer.text
    return Asked(url.replace("postgresql+asyncpg", "postgresql"), tuple(said), answer.content)


@contextmanager
def _bare(folder: Path, asked: Asked) -> Iterator[int]:
    (folder / "asked").write_bytes(pickle.dumps(asked))
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.bare_route", str(port), str(folder / "asked")]
    )
    try:
        deadline = time.monotonic() + READY_S
        while not _answers(port):
            assert process.poll() is None, "the route written by hand does not start"
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield port
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/v1/inspections/any", timeout=10).status_code == 200
    except httpx.TransportError:
        return False


# -- ordering, and lists over many -----------------------------------------------------------------------------
def _ordering(instance: _Instance) -> Row:
    body = b'{"checklist": "listing-12", "language": "en", "vehicle": {"plate": "AB-123-CD"}}'
    headers = {"Authorization": f"Bearer {instance.key}", "Content-Type": "application/json"}
    request = request_of("POST", "/v1/inspections", headers, body)
    took = asyncio.run(one_after_another(instance.node.port, [request] * ORDERS))
    return row(f"platform.order_to_link_p95_{instance.name}", ms(took, 95), "ms", at_most=30.0)


def _stored(instance: _Instance) -> list[Row]:
    asyncio.run(_fill(instance.settings))
    desk = {"Cookie": instance.cookie}
    lists: dict[str, bytes] = {
        "list": _get(instance, "/v1/inspections?limit=50"),
        "list_by_state": _get(instance, "/v1/inspections?limit=50&state=seller_signed"),
        "list_by_reference": _get(instance, "/v1/inspections?limit=50&reference=chaos-1"),
        "operator_queue": request_of("GET", "/v1/operator/inspections?limit=50", desk),
    }
    found = []
    for name, request in lists.items():
        took = asyncio.run(one_after_another(instance.node.port, [request] * (LISTS + 5)))[5:]
        found.append(
            row(f"platform.{name}_of_{STORED}_p95_{instance.name}", ms(took, 95), "ms", at_most=50.0)
        )
    return found


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


def _get(instance: _Instance, path: str) -> bytes:
    return request_of("GET", path, {"Authorization": f"Bearer {instance.key}"})
