"""A service outgrows its machine: everything it has moves to PostgreSQL and S3, checked, and goes on there."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import insert, text

from inspection_service.cli import main
from inspection_service.settings import StoreSettings
from inspection_service.storage import tables as t
from inspection_service.storage.database import Database
from inspection_service.storage.migrate import migrate
from inspection_service.storage.opening import open_store
from tests.integration.servers import ACCESS, SECRET, PostgresServer, SeaweedServer
from tests.integration.service import open_test_service

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    try:
        with server:
            yield server
    finally:
        server.remove()


@pytest.fixture(scope="module")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedServer]:
    with SeaweedServer(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture
def bucket(seaweed: SeaweedServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty bucket, and the keys to it in the environment."""
    monkeypatch.setenv("INSPECTION_STORE__ACCESS_KEY", ACCESS)
    monkeypatch.setenv("INSPECTION_STORE__SECRET_KEY", SECRET)
    name = f"b{os.urandom(6).hex()}"
    seaweed.make_bucket(name)
    return seaweed.url(name)


def copy(folder: Path, database: str, bucket: str, *more: str) -> int:
    """Run the command."""
    words = ["--from-data-dir", str(folder), "--to-database", database, "--to-store", bucket, "--json", *more]
    return main(["copy-instance", *words])


def summary(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


async def test_a_whole_instance_moves_and_goes_on(
    tmp_path: Path, postgres: PostgresServer, bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sealed reports are read and verified there, an open inspection is finished there, accounts and links work."""
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        sealed = await service.order(platform, sign_off="none")
        seller = await service.seller(sealed)
        await service.photograph_all(seller)
        await service.sign(seller)
        await service.work()
        opened = await service.order(platform, sign_off="none")
        pdf = (await platform.get(f"/v1/inspections/{sealed['id']}/report.pdf")).content
        assert pdf.startswith(b"%PDF")
        api_key = platform.headers["Authorization"]
        disclosed = (await platform.get(f"/v1/inspections/{sealed['id']}")).json()

    database = postgres.new_database()
    folder = tmp_path / "instance"
    assert (
        await asyncio.to_thread(copy, folder, database, bucket, "--secrets-to", str(tmp_path / "secrets"))
        == 0
    )
    first = summary(capsys)
    assert first["rows"]["inspections"] == 2
    assert (first["rows_were_there"], first["objects_found"]) == (False, 0)
    assert "pepper" in first["secrets"]

    assert await asyncio.to_thread(copy, folder, database, bucket) == 0
    again = summary(capsys)
    assert again["rows"] == first["rows"]
    assert (again["rows_were_there"], again["objects_found"]) == (True, first["objects"])

    moved: dict[str, Any] = {
        "data_dir": tmp_path / "elsewhere",
        "database": {"url": database},
        "store": {"url": bucket},
        "secrets": {"pepper_file": tmp_path / "secrets" / "pepper"},
        "signing": {"keys_dir": tmp_path / "secrets" / "keys"},
    }
    async with open_test_service(tmp_path, **moved) as service:
        platform = service.browser(Authorization=api_key)
        assert (await platform.get(f"/v1/inspections/{sealed['id']}/report.pdf")).content == pdf
        assert (await platform.get(f"/v1/inspections/{sealed['id']}")).json() == disclosed
        seller = await service.seller(opened)
        await service.photograph_all(seller)
        await service.sign(seller)
        await service.work()
        state = (await platform.get(f"/v1/inspections/{opened['id']}")).json()["state"]
        assert state == "sealed"

    # The copy has gone on: it is no copy any more, and is not overwritten.
    assert await asyncio.to_thread(copy, folder, database, bucket) == 1
    assert "target-not-empty" in capsys.readouterr().err


async def test_a_copy_that_was_broken_off_goes_on(
    tmp_path: Path,
    migrated_file: Path,
    postgres: PostgresServer,
    bucket: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Objects that are there stay; records are there as a whole or not at all."""
    folder = await _small_instance(tmp_path, migrated_file)
    target = open_store(bucket, StoreSettings(access_key=SecretStr(ACCESS), secret_key=SecretStr(SECRET)))
    await target.put("inspections/ins_1/captures/0", b"photo 0")
    await target.close()
    database = postgres.new_database()
    assert await asyncio.to_thread(copy, folder, database, bucket) == 0
    found = summary(capsys)
    assert (found["objects"], found["objects_found"], found["bytes"]) == (20, 1, 150)
    assert found["rows"]["tenants"] == 1


async def test_what_is_no_copy_is_refused(
    tmp_path: Path,
    migrated_file: Path,
    postgres: PostgresServer,
    bucket: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Another object, other bytes under a key, other records: nothing is overwritten, nothing is added."""
    folder = await _small_instance(tmp_path, migrated_file)
    target = open_store(bucket, StoreSettings(access_key=SecretStr(ACCESS), secret_key=SecretStr(SECRET)))
    database = postgres.new_database()
    for key, data in (("inspections/ins_2/captures/0", b"x"), ("inspections/ins_1/captures/0", b"other")):
        await target.put(key, data)
        assert await asyncio.to_thread(copy, folder, database, bucket) == 1
        assert key in capsys.readouterr().err
        await target.delete(key)
    async with Database(database) as opened:
        await migrate(opened)
        async with opened.read() as transaction:
            assert (
                await transaction.connection.execute(text("SELECT count(*) FROM tenants"))
            ).scalar_one() == 0
        async with opened.write() as transaction:
            row = {"id": "ten_other", "name": "Another", "kind": "live", "created_at": _moment()}
            await transaction.connection.execute(insert(t.tenants), [row])
    assert await asyncio.to_thread(copy, folder, database, bucket) == 1
    assert '"what": "' in capsys.readouterr().err
    await target.close()


async def test_an_instance_in_use_is_not_copied(
    tmp_path: Path,
    migrated_file: Path,
    postgres: PostgresServer,
    bucket: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A service that has it open, idle though it is, could write what would be missing."""
    folder = await _small_instance(tmp_path, migrated_file)
    async with Database(f"sqlite+aiosqlite:///{folder / 'inspection.db'}") as used:
        await used.ping()
        assert await asyncio.to_thread(copy, folder, postgres.new_database(), bucket) == 1
    assert "source-in-use" in capsys.readouterr().err


def test_a_folder_without_instance_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In one line, before anything is asked for."""
    assert copy(tmp_path, "postgresql+asyncpg://nobody@127.0.0.1:1/x", "s3://nothing") == 1
    assert "There is no instance" in capsys.readouterr().err


async def _small_instance(tmp_path: Path, migrated_file: Path) -> Path:
    """A tenant and twenty objects."""
    folder = tmp_path / "instance"
    folder.mkdir()
    shutil.copy(migrated_file, folder / "inspection.db")
    (folder / "pepper").write_bytes(b"p" * 32)
    database = Database(f"sqlite+aiosqlite:///{folder / 'inspection.db'}")
    async with database, database.write() as transaction:
        row = {"id": "ten_1", "name": "Tenant", "kind": "live", "created_at": _moment()}
        await transaction.connection.execute(insert(t.tenants), [row])
    store = open_store((folder / "objects").as_uri())
    for number in range(20):
        await store.put(f"inspections/ins_1/captures/{number}", f"photo {number}".encode())
    await store.close()
    return folder


def _moment() -> Any:
    return datetime(2026, 11, 22, 10, tzinfo=UTC)
