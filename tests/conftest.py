"""What tests of every tier start from."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from inspection_service.storage.database import Database
from inspection_service.storage.migrate import migrate
from inspection_service.testing import Backend, open_backend


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file at the newest schema, migrated once: copying it is faster than migrating again."""
    path = tmp_path_factory.mktemp("migrated") / "inspection.db"

    async def make() -> None:
        async with Database(f"sqlite+aiosqlite:///{path}") as database:
            await migrate(database)

    asyncio.run(make())
    return path


@pytest.fixture
async def backend(tmp_path: Path, migrated_file: Path) -> AsyncIterator[Backend]:
    """Everything below the API, on a SQLite file of its own."""
    shutil.copy(migrated_file, tmp_path / "inspection.db")
    async with open_backend(tmp_path) as opened:
        yield opened
