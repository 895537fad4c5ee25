"""What tests of every tier start from."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from inspection_service.testing import Backend, open_backend


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[Backend]:
    """Everything below the API, on a SQLite file of its own."""
    async with open_backend(tmp_path) as opened:
        yield opened
