"""A backup taken while the service is at work is one moment: restored, nothing is missing and work goes on."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from inspection_service.cli import main
from tests.integration.service import open_test_service, picture, upload

pytestmark = pytest.mark.integration


def backup(data_dir: Path, folder: Path) -> int:
    return main(["backup", str(folder), "--data-dir", str(data_dir)])


def restore(folder: Path, data_dir: Path) -> int:
    return main(["restore", str(folder), "--data-dir", str(data_dir)])


async def test_a_backup_of_a_service_at_work_is_restored_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sealed report verifies, a photo not judged yet is judged, one that arrives meanwhile is there or not at all."""
    instance, copy = tmp_path / "instance", tmp_path / "backup"
    async with open_test_service(tmp_path) as service:
        platform = await service.platform()
        sealed = await service.order(platform, sign_off="none")
        seller = await service.seller(sealed)
        await service.photograph_all(seller)
        await service.sign(seller)
        await service.work()
        going = await service.order(platform, sign_off="none")
        other = await service.seller(going)
        assert (await upload(other, picture(40), "front")).status_code == 204  # received, not judged
        arriving, taken = await asyncio.gather(
            upload(other, picture(41), "rear"), asyncio.to_thread(backup, instance, copy)
        )
        assert (arriving.status_code, taken) == (204, 0)
        pdf = (await platform.get(f"/v1/inspections/{sealed['id']}/report.pdf")).content
        key = platform.headers["Authorization"]

    shutil.rmtree(instance)
    assert await asyncio.to_thread(restore, copy, instance) == 0
    async with open_test_service(tmp_path) as service:
        done = await service.running.reconciler.run_once()
        assert done.failed == 0
        assert done.judged in (1, 2)
        assert done.finished_uploads <= 1
        platform = service.browser(Authorization=key)
        found = (await platform.get(f"/v1/inspections/{sealed['id']}/report.pdf")).content
        assert found == pdf
        dossier = await service.running.services.inspections.dossier(sealed["id"])
        for capture in dossier.captures:
            assert await service.running.services.store.get(capture.object_key)
        root = tmp_path / "root.pem"
        root.write_bytes(service.running.services.root_pem)
    (tmp_path / "report.pdf").write_bytes(found)
    capsys.readouterr()
    words = ["verify-report", str(tmp_path / "report.pdf"), "--root", str(root)]
    assert await asyncio.to_thread(main, words) == 0


def small(tmp_path: Path, migrated_file: Path) -> Path:
    """An instance with one object."""
    instance = tmp_path / "instance"
    (instance / "objects" / "inspections").mkdir(parents=True)
    (instance / "objects" / "inspections" / "photo").write_bytes(b"photo")
    (instance / "objects" / ".putting").mkdir()
    (instance / "objects" / ".putting" / "half").write_bytes(b"ph")
    (instance / "pepper").write_bytes(b"p" * 32)
    shutil.copy(migrated_file, instance / "inspection.db")
    return instance


def test_a_backup_that_was_changed_is_not_restored(
    tmp_path: Path, migrated_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One byte in any file, a file that is gone, a folder that is no backup: told by name, and nothing is written."""
    instance, copy, target = small(tmp_path, migrated_file), tmp_path / "backup", tmp_path / "new"
    assert backup(instance, copy) == 0
    assert not (copy / "objects" / ".putting").exists()
    photo = copy / "objects" / "inspections" / "photo"
    photo.write_bytes(b"phota")
    assert restore(copy, target) == 1
    photo.unlink()
    assert restore(copy, target) == 1
    photo.write_bytes(b"photo")
    contents = (copy / "backup.json").read_text(encoding="utf-8")
    (copy / "backup.json").write_text(contents.replace("objects/inspections/photo", "../../photo"))
    assert restore(copy, target) == 1
    (copy / "backup.json").unlink()
    assert restore(copy, target) == 1
    assert capsys.readouterr().err.count("This backup is not whole") == 4
    assert not target.exists()
    (copy / "backup.json").write_text(contents)
    assert restore(copy, target) == 0
    assert (target / "objects" / "inspections" / "photo").read_bytes() == b"photo"
    assert (target / "pepper").read_bytes() == b"p" * 32


def test_nothing_is_overwritten(
    tmp_path: Path, migrated_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither an earlier backup nor an instance; and where there is no instance there is nothing to back up."""
    instance, copy = small(tmp_path, migrated_file), tmp_path / "backup"
    assert backup(tmp_path / "nowhere", copy) == 1
    assert backup(instance, copy) == 0
    assert backup(instance, copy) == 1
    assert restore(copy, instance) == 1
    assert "There is no instance" in capsys.readouterr().err
