"""Copies an embedded instance to another folder while it is in use, so that the copy is one moment; and back.

The records first, then the bytes: bytes are stored before a record names them and never change, so whatever the copied
records name is still there when the bytes are copied, but for what was erased meanwhile, which is as it should be. The
other way round, a photo that arrived in between would have its record and no bytes.

Source: https://sqlite.org/backup.html
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from inspection_service.storage.errors import BackupDamaged, TargetNotEmpty

_DATABASE: Final = "inspection.db"
_OBJECTS: Final = "objects"
_SECRETS: Final = "secrets"
_CONTENTS: Final = "backup.json"
"""Written last: a folder without it is no backup."""
_PAGES: Final = 2000
_CHUNK: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Instance:
    """Where the parts of an embedded instance rest."""

    database: Path
    objects: Path
    pepper: Path
    keys: Path


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup holds."""

    files: dict[str, str]
    """SHA-256 of each file, by its place in the backup."""
    bytes: int

    @property
    def objects(self) -> int:
        """Photos, reports and other objects."""
        return sum(name.startswith(f"{_OBJECTS}/") for name in self.files)


def back_up(instance: Instance, folder: Path) -> BackedUp:
    """Copy an instance, which may be in use, into a new folder.

    Raises:
        TargetNotEmpty: There is something in the folder.
    """
    _check_empty(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _copy_database(instance.database, folder / _DATABASE)
    for source, place in (*_objects(instance, folder / _OBJECTS), *_secrets(instance, folder / _SECRETS)):
        _copy(source, place)
    files = {
        path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()
    }
    done = BackedUp(
        {name: _sha256(path) for name, path in files.items()}, sum(p.stat().st_size for p in files.values())
    )
    (folder / _CONTENTS).write_text(json.dumps(asdict(done), indent=1), encoding="utf-8")
    return done


def restore(folder: Path, instance: Instance) -> BackedUp:
    """Put a backup where no instance is, after checking every file of it.

    Raises:
        BackupDamaged: It is no backup, a file is missing or changed, or the database is not sound.
        TargetNotEmpty: There is an instance.
    """
    done = _contents(folder)
    for place in (instance.database, instance.objects, instance.pepper, instance.keys):
        if place.exists() and (place.is_file() or any(place.iterdir())):
            raise TargetNotEmpty(what=str(place))
    for name, expected in done.files.items():
        path = folder / name
        if not path.is_file() or _sha256(path) != expected:
            raise BackupDamaged(what=name)
    with closing(sqlite3.connect(f"file:{folder / _DATABASE}?mode=ro&immutable=1", uri=True)) as database:
        if database.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise BackupDamaged(what=_DATABASE)
    secrets = folder / _SECRETS
    for name in done.files:
        source = folder / name
        if name.startswith(f"{_OBJECTS}/"):
            _copy(source, instance.objects / source.relative_to(folder / _OBJECTS))
        elif name == f"{_SECRETS}/pepper":
            _copy(source, instance.pepper)
        elif name.startswith(f"{_SECRETS}/"):
            _copy(source, instance.keys / source.relative_to(secrets / "keys"))
    _copy(folder / _DATABASE, instance.database)  # last: without it there is no instance
    return done


def _contents(folder: Path) -> BackedUp:
    try:
        read: dict[str, Any] = json.loads((folder / _CONTENTS).read_text(encoding="utf-8"))
        done = BackedUp(files=read["files"], bytes=read["bytes"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupDamaged(what=_CONTENTS) from error
    for name in (_DATABASE, *done.files):
        if name not in done.files or ".." in Path(name).parts or Path(name).is_absolute():
            raise BackupDamaged(what=name)
    return done


def _check_empty(folder: Path) -> None:
    if folder.exists() and (folder.is_file() or any(folder.iterdir())):
        raise TargetNotEmpty(what=str(folder))


def _copy_database(source: Path, target: Path) -> None:
    """Copy one moment of the database; writers go on meanwhile."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new, pages=_PAGES, sleep=0.01)
        new.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it


def _objects(instance: Instance, target: Path) -> Iterator[tuple[Path, Path]]:
    for path in sorted(instance.objects.rglob("*")):
        inside = path.relative_to(instance.objects)
        if path.is_file() and not inside.parts[0].startswith("."):  # no key begins so: half-written files do
            yield path, target / inside


def _secrets(instance: Instance, target: Path) -> Iterator[tuple[Path, Path]]:
    if instance.pepper.is_file():
        yield instance.pepper, target / "pepper"
    for path in sorted(instance.keys.rglob("*")):
        if path.is_file():
            yield path, target / "keys" / path.relative_to(instance.keys)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        shutil.copy2(source, target)
    except FileNotFoundError:
        if source.exists():
            raise
        target.unlink(missing_ok=True)  # erased since it was listed


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
