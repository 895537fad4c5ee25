"""What reading an inspection costs by hand: a FastAPI route that asks the same over asyncpg and answers as much.

Run by ``bench_platform`` as a process of its own: ``python -m tests.bench.bare_route PORT FILE``.
"""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import uvicorn
from fastapi import FastAPI, Request


@dataclass(frozen=True)
class Asked:
    """What the service asked its database to answer one request, and what it said."""

    dsn: str
    queries: tuple[tuple[str, tuple[Any, ...]], ...]
    answer: bytes


def app_of(asked: Asked) -> FastAPI:
    """Make the service with its one route."""
    shape: dict[str, Any] = json.loads(asked.answer)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(asked.dsn, min_size=8, max_size=8) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/v1/inspections/{inspection_id}")
    async def read(inspection_id: str, request: Request) -> dict[str, Any]:
        async with (
            request.app.state.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            found = [await connection.fetch(query, *values) for query, values in asked.queries]
        # As much of the work as one cannot do without: the rows as values, their JSON read.
        rows = [[_read(row) for row in each] for each in found]
        return shape | {"id": inspection_id, "rows": sum(map(len, rows))}

    return app


def _read(row: asyncpg.Record) -> dict[str, Any]:
    return {
        name: json.loads(value) if isinstance(value, str) and value.startswith(("{", "[")) else value
        for name, value in row.items()
    }


if __name__ == "__main__":
    uvicorn.run(
        app_of(pickle.loads(Path(sys.argv[2]).read_bytes())),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_config=None,
        access_log=False,
    )
