"""``copy-instance``: moves an instance from its own machine to PostgreSQL and S3, and checks every row and byte."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import time
from pathlib import Path
from typing import Any

from rich.progress import Progress
from sqlalchemy.engine import make_url

from inspection_service.commands.terminal import counting, err, read_settings, write_json
from inspection_service.errors import InvalidInput
from inspection_service.settings import Settings
from inspection_service.storage.copying import Copied, copy_instance, opened_alone
from inspection_service.storage.database import Database
from inspection_service.storage.migrate import migrate
from inspection_service.storage.opening import open_store


def run(arguments: argparse.Namespace) -> int:
    """Copy, check, and say what there is."""
    source = read_settings(data_dir=arguments.from_data_dir, database__url="", store__url="")
    path = Path(make_url(source.database_url).database or "")
    if not path.is_file():
        raise InvalidInput(f"There is no instance in {arguments.from_data_dir}: {path} is missing.")
    # Read anew: it is refused as the service would refuse it, before anything is copied.
    target = read_settings(database__url=arguments.to_database, store__url=arguments.to_store)
    if target.database_url.startswith("sqlite") or not target.store_url.startswith("s3://"):
        raise InvalidInput("The copy goes to postgresql+asyncpg://... and s3://...")
    began = time.monotonic()
    copied = asyncio.run(_copy(source, path, target))
    secrets = _copy_secrets(source, arguments.secrets_to) if arguments.secrets_to else []
    _say(arguments, copied, secrets, source, time.monotonic() - began)
    return 0


async def _copy(source: Settings, path: Path, target: Settings) -> Copied:
    source_store = open_store(source.store_url, source.store)
    target_store = open_store(target.store_url, target.store)
    try:
        with opened_alone(str(path)) as connection, counting("Copying", 1) as progress:
            await target_store.ping()
            async with Database(target.database_url, target.database) as database:
                await migrate(database)
                return await copy_instance(connection, source_store, database, target_store, _Shown(progress))
    finally:
        await source_store.close()
        await target_store.close()


class _Shown:
    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __call__(self, what: str, done: int, total: int) -> None:
        task = self._progress.task_ids[0]
        self._progress.update(task, description=f"Copying {what}", completed=done, total=total)


def _copy_secrets(source: Settings, folder: Path) -> list[str]:
    """Copy what every node needs beside the records; what is there already must be the same."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = [source.pepper_file, *sorted(path for path in source.keys_dir.rglob("*") if path.is_file())]
    copied = []
    for path in found:
        inside = (
            Path("pepper") if path == source.pepper_file else Path("keys") / path.relative_to(source.keys_dir)
        )
        place = folder / inside
        if place.exists() and place.read_bytes() != path.read_bytes():
            raise InvalidInput(f"{place} is there already and is another one.")
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy2(path, place)
        copied.append(inside.as_posix())
    return copied


def _say(
    arguments: argparse.Namespace, copied: Copied, secrets: list[str], source: Settings, seconds: float
) -> None:
    rows = sum(copied.rows.values())
    if arguments.json:
        summary: dict[str, Any] = {
            "rows": copied.rows,
            "rows_were_there": copied.rows_were_there,
            "objects": copied.objects,
            "objects_found": copied.objects_found,
            "bytes": copied.bytes,
            "secrets": secrets,
            "seconds": round(seconds, 3),
        }
        write_json(summary)
        return
    for name, count in copied.rows.items():
        if count:
            err().print(f"{count:>12,} rows  {name}")
    err().print(f"{rows:>12,} rows in all, every one compared")
    err().print(f"{copied.objects:>12,} objects, {copied.bytes:,} bytes, every one compared by its hash")
    if copied.rows_were_there:
        err().print("The records had been copied before, and are the same.")
    if secrets:
        err().print(f"Secrets are in {arguments.secrets_to}: {', '.join(secrets)}")
    else:
        err().print(
            f"Every node and worker also needs {source.pepper_file} (INSPECTION_SECRETS__PEPPER_FILE) "
            f"and {source.keys_dir} (INSPECTION_SIGNING__KEYS_DIR)."
        )
    err().print("Do not start the old instance again: its links and accounts would live twice.")
