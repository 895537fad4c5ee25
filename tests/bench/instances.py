"""Whole services to measure: a node in a process of its own, on PostgreSQL or SQLite, with a platform and an operator.

One inspection is carried to its report, and one to the operator's desk.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import httpx
import psutil

from inspection_service.app import open_directory
from inspection_service.clock import SystemClock
from inspection_service.inspections.bus import InProcessBus
from inspection_service.inspections.scope import AllTenants
from inspection_service.inspections.service import Inspections
from inspection_service.settings import Settings, UploadSettings
from inspection_service.storage.database import Database
from inspection_service.storage.objects import ObjectStore
from inspection_service.testing import shipped_shelf
from tests.bench.http_load import request_of
from tests.chaos.patient import Patient
from tests.chaos.sellers import World, carry_out
from tests.integration.node_process import Node
from tests.integration.servers import PostgresServer
from tests.integration.service import PASSWORD

_SETTINGS: Final = {
    "INSPECTION_WORK__ENABLED": "true",
    "INSPECTION_LIMITS__KEY_PER_MINUTE": "1000000",
    "INSPECTION_LIMITS__LINKS_PER_MINUTE": "1000000",
}


@dataclass(frozen=True)
class Instance:
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

    def asked_by_platform(self, path: str) -> bytes:
        """Write a request of the platform."""
        return request_of("GET", path, {"Authorization": f"Bearer {self.key}"})

    def asked_by_operator(self, path: str) -> bytes:
        """Write a request of the operator."""
        return request_of("GET", path, {"Cookie": self.cookie})

    def cpu_s(self) -> float:
        """Return what the node has taken of a core so far: unlike the clock, it does not depend on who else works."""
        assert self.node.process is not None
        return cpu_s(self.node.process.pid)


def cpu_s(pid: int | None) -> float:
    """Return what a process has taken of a core so far."""
    spent = psutil.Process(pid).cpu_times()
    return float(spent.user + spent.system)


def opened_room(database: Database, store: ObjectStore) -> Inspections:
    """Open the inspections of all tenants in this process."""
    return Inspections(
        database,
        store,
        SystemClock(),
        InProcessBus(),
        shelf=shipped_shelf(),
        uploads=UploadSettings(),
        scope=AllTenants(),
    )


@contextmanager
def on_postgres() -> Iterator[Instance]:
    """Run a service on a PostgreSQL cluster of its own."""
    with tempfile.TemporaryDirectory() as name:
        postgres = PostgresServer()
        try:
            postgres.start()
            with _instance(Path(name), "PostgreSQL", postgres.new_database()) as instance:
                yield instance
        finally:
            postgres.remove()


@contextmanager
def on_sqlite() -> Iterator[Instance]:
    """Run a service on a file."""
    with tempfile.TemporaryDirectory() as name, _instance(Path(name), "SQLite", "") as instance:
        yield instance


@contextmanager
def _instance(folder: Path, name: str, url: str) -> Iterator[Instance]:
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


async def _prepared(name: str, node: Node, settings: Settings) -> Instance:
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
    return Instance(name, node, settings, key, cookie, sealed.inspection_id, waiting.inspection_id)
