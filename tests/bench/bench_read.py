"""What reading one inspection costs a platform, beside a route written by hand that asks the database the same.

The two are asked by turns, and their answers are compared first: the same document, made of the same rows.
"""

from __future__ import annotations

import asyncio
import json
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
from sqlalchemy import event
from sqlalchemy.engine import Engine
from structlog.testing import capture_logs

from inspection_service.inspections.asking import steps_of
from inspection_service.inspections.records import InspectionId
from tests.bench.bare_route import Asked
from tests.bench.http_load import Line, at_pace, most_per_s, ms, one_after_another
from tests.bench.instances import Instance, cpu_s, on_postgres
from tests.bench.rows import Row, row
from tests.integration.servers import READY_S, free_port
from tests.integration.service import open_test_service

READS: Final = 600
ROUNDS: Final = 10
LOADED_S: Final = 5.0
LINES: Final = 8
_NAME: Final = "platform.read_one_inspection"


def rows() -> list[Row]:
    """Measure; the database and both services are real, all on this machine."""
    with tempfile.TemporaryDirectory() as name, on_postgres() as instance:
        with capture_logs():  # the service runs in this process for a moment, beside a table
            asked = asyncio.run(_asked(Path(name), instance))
        request = instance.asked_by_platform(f"/v1/inspections/{instance.sealed}")
        with _bare(Path(name), asked) as (bare_port, bare_pid):
            asyncio.run(_compare((instance.node.port, bare_port), request))
            before_s = instance.cpu_s(), cpu_s(bare_pid)
            ours, bare = asyncio.run(_by_turns((instance.node.port, bare_port), request))
            ours_cpu_s, bare_cpu_s = instance.cpu_s() - before_s[0], cpu_s(bare_pid) - before_s[1]
        beside = f"FastAPI and asyncpg by hand, the same {len(asked.queries)} queries"
        return [
            row(f"{_NAME}_p50", ms(ours), "ms", reference=(beside, ms(bare)), at_most=1.5, judged="ratio"),
            row(
                f"{_NAME}_core_time",
                1000 * ours_cpu_s / len(ours),
                "ms",
                reference=(beside, 1000 * bare_cpu_s / len(bare)),
            ),
            *_loaded(instance, request),
        ]


def _loaded(instance: Instance, request: bytes) -> list[Row]:
    before_s = instance.cpu_s()
    most = asyncio.run(most_per_s(instance.node.port, request, lines=LINES, seconds=LOADED_S))
    per_core = most * LOADED_S / (instance.cpu_s() - before_s)
    half = asyncio.run(
        at_pace(instance.node.port, request, per_s=most / 2, count=int(most / 2 * LOADED_S), lines=LINES)
    )
    return [
        row(f"{_NAME}_at_half_load_p99", ms(half, 99), "ms", at_most=50.0),
        row(f"{_NAME}_most", most, "1/s"),
        row(f"{_NAME}_by_one_core", per_core, "1/s"),
    ]


async def _compare(ports: tuple[int, ...], request: bytes) -> None:
    """Refuse to compare two that do not answer the same."""
    answers = []
    for port in ports:
        async with Line(port) as line:
            answers.append(json.loads(await line.ask(request)))
    assert answers[0] == answers[1], "the route written by hand answers something else"


async def _by_turns(ports: tuple[int, ...], request: bytes) -> list[list[float]]:
    taken: list[list[float]] = [[] for _ in ports]
    for port in ports:
        await one_after_another(port, [request] * 30)  # warm
    for _ in range(ROUNDS):
        for port, times in zip(ports, taken, strict=True):
            times.extend(await one_after_another(port, [request] * (READS // ROUNDS)))
    return taken


async def _asked(folder: Path, instance: Instance) -> Asked:
    """Learn what the service asks the database for this request, from the service itself."""
    said: list[tuple[str, tuple[Any, ...]]] = []

    def note(_c: object, _cursor: object, statement: str, values: Any, _context: object, _many: bool) -> None:
        if statement.lstrip().startswith("SELECT"):
            said.append((statement, tuple(values)))

    given = instance.settings
    async with open_test_service(
        folder, data_dir=given.data_dir, public_url=given.public_url, database=given.database.model_dump()
    ) as service:
        platform = service.browser(Authorization=f"Bearer {instance.key}")
        path = f"/v1/inspections/{instance.sealed}"
        await platform.get(path)
        event.listen(Engine, "before_cursor_execute", note)
        try:
            answer = await platform.get(path)
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        case = await service.running.services.inspections.get(InspectionId(instance.sealed))
    assert answer.status_code == 200, answer.text
    dsn = given.database_url.replace("postgresql+asyncpg", "postgresql")
    return Asked(dsn, tuple(said), tuple(step["id"] for step in steps_of(case)))


@contextmanager
def _bare(folder: Path, asked: Asked) -> Iterator[tuple[int, int]]:
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
        yield port, process.pid
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/ready", timeout=10).status_code == 200
    except httpx.TransportError:
        return False
