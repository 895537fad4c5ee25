"""How fast the log takes a leaf, and how fast it proves one among a million.

Run alone with ``python -m tests.bench.bench_ledger``; ``make bench`` collects ``rows()``.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from inspection_service import merkle
from inspection_service.clock import SystemClock
from inspection_service.ledger import Leaf, Ledger, leaf_of
from inspection_service.storage.database import Database
from inspection_service.storage.migrate import migrate
from tests.bench.rows import Row, row

APPENDS: Final = 200
LARGE: Final = 1_000_000
PROOFS: Final = 200


class _Signer:
    """A P-256 key in memory: what signing costs, without the envelope."""

    key_sha256 = "0" * 64

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    def sign(self, data: bytes, at: datetime) -> str:
        payload = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
        return f"e30.{payload}.{self._key.sign(data, ec.ECDSA(hashes.SHA256())).hex()}"


def rows() -> list[Row]:
    """Measure; every append is committed to disk and has its signed head."""
    return asyncio.run(_rows())


async def _rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "log.db"
        async with Database(f"sqlite+aiosqlite:///{path}") as database:
            await migrate(database)
            ledger = Ledger(database, SystemClock(), _Signer())
            numbers = iter(range(APPENDS))
            append = await _seconds(lambda: ledger.append(_leaf(next(numbers))), APPENDS)
            bare = _bare_commits(Path(name) / "bare.db")
        async with Database(f"sqlite+aiosqlite:///{path}") as database:
            await asyncio.to_thread(_fill, path)
            ledger = Ledger(database, SystemClock(), _Signer())
            assert await ledger.publish()  # the bulk insert made no head
            assert (await ledger.head()).tree_size == LARGE
            chosen = random.Random(1)
            prove = await _seconds(lambda: ledger.proof(_bulk_hash(chosen.randrange(APPENDS, LARGE))), PROOFS)
            consistent = await _seconds(lambda: ledger.consistency(chosen.randrange(1, LARGE), LARGE), PROOFS)
    one_commit = ("one bare commit with synchronous=FULL", bare)
    return [
        row("ledger.append_p50", _p(append, 50) * 1e3, "ms", reference=one_commit, at_most=10.0),
        row("ledger.append_p95", _p(append, 95) * 1e3, "ms", reference=one_commit),
        row("ledger.proof_of_1000000_p50", _p(prove, 50) * 1e3, "ms", at_most=50.0),
        row("ledger.proof_of_1000000_p95", _p(prove, 95) * 1e3, "ms", at_most=50.0),
        row("ledger.consistency_of_1000000_p50", _p(consistent, 50) * 1e3, "ms", at_most=50.0),
        row("ledger.consistency_of_1000000_p95", _p(consistent, 95) * 1e3, "ms", at_most=50.0),
    ]


async def _seconds(work: Callable[[], Awaitable[object]], times: int) -> list[float]:
    took = []
    for _ in range(times):
        start = time.perf_counter()
        await work()
        took.append(time.perf_counter() - start)
    return took


def _p(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _leaf(number: int) -> Leaf:
    digest = hashlib.sha256(b"%d" % number).hexdigest()
    moment = SystemClock().now()
    return leaf_of("report", f"ins_{number}", json_sha256=digest, pdf_sha256=digest, previous=None, at=moment)


def _bare_commits(path: Path) -> float:
    """What one durable commit costs on this disk, in milliseconds."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE leaf (data BLOB)")
    took = []
    for _ in range(APPENDS):
        start = time.perf_counter()
        connection.execute("INSERT INTO leaf VALUES (?)", (b"x" * 300,))
        took.append(time.perf_counter() - start)
    connection.close()
    return statistics.median(took) * 1e3


def _bulk_data(number: int) -> bytes:
    return b'{"bench":%d}' % number


def _bulk_hash(number: int) -> bytes:
    return merkle.leaf_hash(_bulk_data(number))


def _fill(path: Path) -> None:
    """Bring a log to a million leaves, all subtrees with it, as if each had been appended."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous=OFF")
    found = connection.execute("SELECT hash FROM ledger_leaves ORDER BY seq").fetchall()
    level = [value for (value,) in found]
    start = len(level)
    level += [_bulk_hash(number) for number in range(start, LARGE)]
    connection.executemany(
        "INSERT INTO ledger_leaves (seq, hash, data, json_sha256) VALUES (?, ?, ?, ?)",
        ((n, level[n], _bulk_data(n), level[n].hex()) for n in range(start, LARGE)),
    )
    connection.execute("DELETE FROM ledger_nodes")
    for height in range(1, LARGE.bit_length()):
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [merkle.node_hash(left, right) for left, right in pairs]
        connection.executemany(
            "INSERT INTO ledger_nodes (level, place, hash) VALUES (?, ?, ?)",
            ((height, place, value) for place, value in enumerate(level)),
        )
    connection.commit()
    connection.close()


if __name__ == "__main__":
    print(json.dumps([each.to_json() for each in rows()], indent=1))
