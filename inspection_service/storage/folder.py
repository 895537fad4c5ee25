"""Objects as files of one folder: the default, with nothing to install and nothing lost at a power cut."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

from inspection_service.storage.errors import ObjectExists, ObjectMissing, StorageFull, StoreUnavailable
from inspection_service.storage.objects import checked_key

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_TEMPORARY: Final = ".putting"
"""Folder of files being written; no key can name it, for keys start with a letter or a digit."""
_LEFTOVER_S: Final = 86400
_TRIES: Final = 50
Result = TypeVar("Result")


class FolderStore:
    """Keeps objects below a folder.

    Writing: a temporary file on the same disk, ``fsync``, a hard link under the final name (which fails when there is
    one), ``fsync`` of the folder. So an object is there whole or not at all, and only the first writer of a key wins.
    """

    def __init__(self, folder: Path, *, threads: int = 4) -> None:
        self._folder = folder
        self._threads = ThreadPoolExecutor(threads, "folder-store")
        self._is_swept = False

    async def put(self, key: str, data: bytes) -> None:
        """Store bytes; see ``ObjectStore.put``."""
        await self._call(lambda: self._put(self._path(key), data))

    async def get(self, key: str) -> bytes:
        """Return all bytes; see ``ObjectStore.get``."""
        return await self._call(lambda: self._path(key).read_bytes())

    async def exists(self, key: str) -> bool:
        """Say whether the object is there."""
        return await self._call(lambda: self._path(key).is_file())

    async def size(self, key: str) -> int:
        """Return the size in bytes; see ``ObjectStore.size``."""
        return await self._call(lambda: self._path(key).stat().st_size)

    async def delete(self, key: str) -> None:
        """Remove an object, and the folders it leaves empty."""
        await self._call(lambda: self._delete(self._path(key)))

    async def list(self, prefix: str) -> tuple[str, ...]:
        """Return keys that start with ``prefix``; see ``ObjectStore.list``."""
        return await self._call(lambda: self._list(prefix))

    async def ping(self) -> None:
        """Return when the folder can be written; see ``ObjectStore.ping``."""
        await self._call(self._touch)

    async def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=True)

    async def _call(self, work: Callable[[], Result]) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except FileNotFoundError as error:
            raise ObjectMissing from error
        except OSError as error:
            if error.errno in _FULL:
                raise StorageFull from error
            raise StoreUnavailable from error

    def _path(self, key: str) -> Path:
        return self._folder / checked_key(key)

    def _put(self, path: Path, data: bytes) -> None:
        descriptor, name = self._temporary()
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            self._link(Path(name), path, data)
        finally:
            with contextlib.suppress(FileNotFoundError):
                Path(name).unlink()
        self._sync_folders(path.parent)

    def _temporary(self) -> tuple[int, str]:
        folder = self._folder / _TEMPORARY
        if not self._is_swept:
            folder.mkdir(parents=True, exist_ok=True)
            self._sweep(folder)
            self._is_swept = True
        return tempfile.mkstemp(dir=folder)

    def _sweep(self, folder: Path) -> None:
        """Remove what a process that died while writing left behind; a day is longer than any write."""
        for left in folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > _LEFTOVER_S:
                    left.unlink()

    def _link(self, written: Path, path: Path, data: bytes) -> None:
        for _ in range(_TRIES):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)  # "exists", too, when it vanishes meanwhile
                os.link(written, path)
            except FileExistsError:
                if not self._holds(path, data):
                    continue  # a deletion just took it away
            except FileNotFoundError:
                continue  # a deletion just took the empty folder away
            return
        raise StoreUnavailable

    def _holds(self, path: Path, data: bytes) -> bool:
        """Whether the object is there, and is the same; ``ObjectExists`` when it is another one."""
        try:
            if path.read_bytes() != data:
                raise ObjectExists
        except FileNotFoundError:
            return False
        return True

    def _sync_folders(self, folder: Path) -> None:
        # A new file is only safe once every folder on the way to it is, for they may be new too.
        while True:
            # A folder that is gone held what somebody has deleted since.
            with contextlib.suppress(FileNotFoundError):
                descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
            if folder == self._folder:
                return
            folder = folder.parent

    def _delete(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        folder = path.parent
        with contextlib.suppress(OSError):  # not empty, or gone already: both are fine
            while folder != self._folder:
                folder.rmdir()
                folder = folder.parent

    def _list(self, prefix: str) -> tuple[str, ...]:
        folder = self._folder / prefix.rpartition("/")[0]
        # Not ``rglob``: it fails when a folder vanishes under it, which is what deletions do to empty ones.
        keys = (
            (Path(place) / name).relative_to(self._folder).as_posix()
            for place, _, names in os.walk(folder, onerror=_unless_gone)
            for name in names
        )
        return tuple(sorted(key for key in keys if key.startswith(prefix) and not key.startswith(_TEMPORARY)))

    def _touch(self) -> None:
        descriptor, name = self._temporary()
        os.close(descriptor)
        Path(name).unlink()


def _unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
