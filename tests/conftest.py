"""What tests of every tier start from."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

from inspection_service.storage.database import Database
from inspection_service.storage.migrate import migrate
from inspection_service.testing import Backend, open_backend


class OneBrowserAtATime(LoadScopeScheduling):  # type: ignore[misc]  # the library is untyped
    """Hands a test file to one process, and all browser tests to the same: they share a browser and a camera."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return "tests/e2e" if path.startswith("tests/e2e/") else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling:
    """Begin with what is collected first, the browser tests: they take longest and must not wait for the end."""
    config.option.loadscopereorder = False
    return OneBrowserAtATime(config, log)


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
