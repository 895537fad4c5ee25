"""What reading an inspection costs by hand: a FastAPI route that asks the same over asyncpg and answers the same.

Run by ``bench_read`` as a process of its own: ``python -m tests.bench.bare_route PORT FILE``. It has what nobody can
do without (the key is looked up, the rows are read, the document is made of them) and nothing else: no limits, no log,
no protective headers, no compression, no other state of an inspection than a sealed one.
"""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import uvicorn
from fastapi import FastAPI, HTTPException, Request

_STEP, _STATE = 1, 3
"""Places in a photo's row."""
_SEALED_AT, _JSON_SHA256, _PDF_SHA256 = 1, 3, 6
"""Places in a report's row."""
_PLAIN: Final = ("id", "state", "language", "purpose", "vehicle", "sign_off", "reference")


@dataclass(frozen=True)
class Asked:
    """What the service asked its database to answer one request, and the steps of the one checklist there is."""

    dsn: str
    queries: tuple[tuple[str, tuple[Any, ...]], ...]
    steps: tuple[str, ...]


def app_of(asked: Asked) -> FastAPI:
    """Make the service with its one route."""
    (key_query, key_values), (case_query, case_values) = asked.queries

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(asked.dsn, min_size=8, max_size=8) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/ready")
    async def ready() -> dict[str, bool]:
        return {"ready": True}

    @app.get("/v1/inspections/{inspection_id}")
    async def read(inspection_id: str, request: Request) -> dict[str, Any]:
        async with request.app.state.pool.acquire() as connection:
            key = await connection.fetchrow(key_query, *key_values)
            if key is None or key["revoked_at"] is not None:
                raise HTTPException(401)
            row = await connection.fetchrow(case_query, *case_values)
        if row is None or row["id"] != inspection_id:
            raise HTTPException(404)
        return document(row, asked.steps)

    return app


def document(row: asyncpg.Record, steps: tuple[str, ...]) -> dict[str, Any]:
    """Make the document of a sealed inspection."""
    case = {name: _value(value) for name, value in row.items()}
    standing = {photo[_STEP] for photo in case["captures"] if photo[_STATE] in ("accepted", "overridden")}
    answered = standing | {step[1] for step in case["skipped_steps"] or ()}
    report = case["reports"][0]
    return {name: case[name] for name in _PLAIN} | {
        "checklist": {"id": case["checklist_id"], "sha256": case["checklist_sha256"]},
        "deadline_at": _moment(case["deadline_at"]),
        "created_at": _moment(case["created_at"]),
        "updated_at": _moment(case["updated_at"]),
        "progress": {"done": sum(step in answered for step in steps), "total": len(steps)},
        "photo_requests": [],
        "cancel_reason": case["closing_reason"],
        "report": {
            "sealed_at": _moment(datetime.fromisoformat(report[_SEALED_AT])),
            "json_sha256": report[_JSON_SHA256],
            "pdf_sha256": report[_PDF_SHA256],
            "corrections": [],
        },
    }


def _value(value: Any) -> Any:
    """Read the JSON a column holds."""
    return json.loads(value) if isinstance(value, str) and value.startswith(("{", "[")) else value


def _moment(value: datetime | None) -> str | None:
    return (
        None
        if value is None
        else value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


if __name__ == "__main__":
    uvicorn.run(
        app_of(pickle.loads(Path(sys.argv[2]).read_bytes())),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_config=None,
        access_log=False,
    )
