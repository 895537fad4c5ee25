"""Numbers from outside that no column can hold are refused in words, on both databases, and never reach one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from tests.integration.service import open_test_service, problem
from tests.integration.test_postgres import server, url  # noqa: F401 - fixtures

pytestmark = pytest.mark.integration
LARGEST: Final = 2**31 - 1
TOO_MUCH: Final = (
    2**31,
    2**32,
    2**63 - 1,
    2**63,
    2**64,
    10**30,
    -1,
    -(2**31),
    -(2**63),
    "1e3",
    "0x1",
    "1.5",
    "",
)


async def _check(folder: Path, **settings: Any) -> None:
    async with open_test_service(folder, **settings) as service:
        platform = await service.platform()
        ordered = await service.order(platform)
        events = f"/v1/inspections/{ordered['id']}/events"
        all_of_them = (await platform.get(events)).json()
        assert all_of_them["last_seq"] == len(all_of_them["items"]) > 0
        beyond = (await platform.get(events, params={"after": LARGEST})).json()
        assert beyond == {"items": [], "last_seq": LARGEST}
        for number in TOO_MUCH:
            problem(await platform.get(events, params={"after": number}), "validation", 422)
            problem(await platform.get("/v1/log/heads", params={"after": number}), "validation", 422)
        accesses = "/v1/accesses"
        assert (await platform.get(accesses, params={"cursor": 2**63 - 1})).status_code == 200
        for number in (2**63, 2**64, -1):
            problem(await platform.get(accesses, params={"cursor": number}), "invalid-input", 422)


async def test_a_cursor_beyond_every_column_on_sqlite(tmp_path: Path) -> None:
    """SQLite takes 64 bits and its driver fails beyond them."""
    await _check(tmp_path)


async def test_a_cursor_beyond_every_column_on_postgresql(tmp_path: Path, url: str) -> None:  # noqa: F811
    """PostgreSQL's event numbers have 32 bits and its driver refuses to send more."""
    await _check(tmp_path, database={"url": url})
