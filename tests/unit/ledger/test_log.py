"""The log on SQLite; the same rules run on PostgreSQL in the integration tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from inspection_service.storage.database import Database
from inspection_service.storage.migrate import migrate
from tests.unit.ledger.ledger_rules import RULES, concurrent_appends_lose_nothing

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
async def test_the_log(rule: Callable[[Database], Awaitable[None]], tmp_path: Path) -> None:
    """See the rule."""
    async with Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}") as database:
        await migrate(database)
        await rule(database)


async def test_concurrent_appends(tmp_path: Path) -> None:
    """Two processes on one file."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'x.db'}"
    async with Database(url) as database, Database(url) as other:
        await migrate(database)
        await concurrent_appends_lose_nothing(database, other)
