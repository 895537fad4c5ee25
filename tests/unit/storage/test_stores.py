"""The folder and the memory store keep the same rules, and a full disk leaves nothing behind."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from inspection_service.storage.errors import StorageFull, StoreUnavailable
from inspection_service.storage.folder import FolderStore
from inspection_service.storage.opening import open_store
from inspection_service.testing import MemoryStore
from tests.unit.storage.store_rules import check_rules

pytestmark = pytest.mark.unit


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[FolderStore]:
    folder = FolderStore(tmp_path / "objects")
    yield folder
    await folder.close()


async def test_the_folder_keeps_the_rules(store: FolderStore) -> None:
    """Create once, never change, only plain keys."""
    await check_rules(store)


async def test_the_memory_store_keeps_the_rules() -> None:
    """So that what passes with the fake passes with the real one."""
    await check_rules(MemoryStore())


async def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    """The kernel itself says there is no room: /dev/full stands for the temporary file."""

    class Full(FolderStore):
        def _temporary(self) -> tuple[int, str]:
            descriptor, name = super()._temporary()
            os.close(descriptor)
            return os.open("/dev/full", os.O_WRONLY), name

    store = Full(tmp_path)
    with pytest.raises(StorageFull) as refused:
        await store.put("inspections/a", b"photo")
    assert isinstance(refused.value.__cause__, OSError)
    assert refused.value.__cause__.errno == errno.ENOSPC
    assert files_below(tmp_path) == []
    assert not await store.exists("inspections/a")
    await store.close()


async def test_a_file_system_that_fails_is_unavailable(tmp_path: Path) -> None:
    """Not a folder at all."""
    (tmp_path / "objects").write_bytes(b"a file")
    store = FolderStore(tmp_path / "objects")
    with pytest.raises(StoreUnavailable):
        await store.put("a/b", b"x")
    with pytest.raises(StoreUnavailable):
        await store.ping()
    await store.close()


async def test_deleting_leaves_no_empty_folders(store: FolderStore, tmp_path: Path) -> None:
    """A thousand uploads a day must not become a thousand empty folders."""
    await store.put("uploads/upl_1/0", b"x")
    await store.put("inspections/i/c", b"x")
    await store.delete("uploads/upl_1/0")
    assert sorted(path.name for path in (tmp_path / "objects").iterdir()) == [".putting", "inspections"]


async def test_folders_that_vanish_disturb_nobody(store: FolderStore) -> None:
    """Two who finish one upload at once list, remove and write its pieces over each other; neither is told a lie."""
    for _ in range(10):
        for upload in ("uploads/one", "uploads/two", "uploads/three"):
            key = f"{upload}/piece"
            acts = [store.put(key, b"x"), store.list(f"{upload}/"), store.delete(key), store.list("uploads/")]
            again = [store.put(key, b"x"), store.delete(key), store.list(f"{upload}/")]
            await asyncio.gather(*acts, *again)
    await store.put("uploads/one/piece", b"x")
    assert "uploads/one/piece" in await store.list("uploads/")


async def test_leftovers_of_a_crash_are_not_objects(store: FolderStore, tmp_path: Path) -> None:
    """A process that died while writing leaves a temporary file, which nobody ever sees."""
    await store.put("a/b", b"x")
    left = tmp_path / "objects" / ".putting" / "dead"
    left.write_bytes(b"half")
    assert await store.list("") == ("a/b",)
    os.utime(left, (0, 0))
    young = tmp_path / "objects" / ".putting" / "young"
    young.write_bytes(b"being written by another process")
    again = FolderStore(tmp_path / "objects")
    await again.ping()
    await again.close()
    assert (left.exists(), young.exists()) == (False, True)


async def test_the_setting_chooses_the_store(tmp_path: Path) -> None:
    """A folder by its address, also with a space in it; anything else is said at once."""
    folder = tmp_path / "my objects"
    store = open_store(folder.as_uri())
    await store.put("a", b"x")
    assert (folder / "a").read_bytes() == b"x"
    await store.close()
    bucket = open_store("s3://photos?endpoint=http://127.0.0.1:1&region=eu-west-3")
    assert type(bucket).__name__ == "S3Store"
    await bucket.close()
    for wrong in ("ftp://x/y", "s3:///nobucket"):
        with pytest.raises(ValueError, match=r"store\.url"):
            open_store(wrong)


async def test_a_bucket_nobody_answers_for_is_unavailable() -> None:
    """Connection refused is told as our own error."""
    from inspection_service.storage.s3 import S3Store

    store = S3Store("photos", endpoint="http://127.0.0.1:1", access_key="a", secret_key="b")
    with pytest.raises(StoreUnavailable):
        await store.ping()
    await store.close()
