"""``backup`` and ``restore``: an embedded instance to a folder, while it is in use, and back."""

from __future__ import annotations

import argparse
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sqlalchemy.engine import make_url

from inspection_service.commands.serve import settings_of
from inspection_service.commands.terminal import err, waiting
from inspection_service.errors import InvalidInput
from inspection_service.settings import Settings
from inspection_service.storage.backup import BackedUp, Instance, back_up, restore


def run(arguments: argparse.Namespace) -> int:
    """Back up."""
    instance = _instance(settings_of(arguments))
    if not instance.database.is_file():
        raise InvalidInput(f"There is no instance: {instance.database} is missing.")
    with waiting("Backing up ..."):
        done = back_up(instance, arguments.folder)
    _say(f"{arguments.folder} holds the instance as it was when this began", done)
    return 0


def put_back(arguments: argparse.Namespace) -> int:
    """Restore."""
    instance = _instance(settings_of(arguments))
    with waiting("Restoring ..."):
        done = restore(arguments.folder, instance)
    _say(f"{instance.database.parent} is the instance again, every file checked", done)
    return 0


def _instance(settings: Settings) -> Instance:
    database, store = make_url(settings.database_url), urlsplit(settings.store_url)
    if not database.drivername.startswith("sqlite") or store.scheme != "file":
        raise InvalidInput("This is for SQLite and a folder; for PostgreSQL and S3 see docs/running.md.")
    return Instance(
        database=Path(database.database or ""),
        objects=Path(unquote(store.path)),
        pepper=settings.pepper_file.absolute(),
        keys=settings.keys_dir.absolute(),
    )


def _say(text: str, done: BackedUp) -> None:
    err().print(f"{text}: {done.objects:,} objects, {len(done.files):,} files, {done.bytes:,} bytes.")
