"""Seals what waits, in a process of its own, and dies by ``SIGKILL`` at the moment it was told.

``python -m tests.integration.sealing_process FOLDER N``: moments are counted at each statement and commit of the
database and at each file that is opened, moved or removed below the folder. With N = 0 it lives, and says how
many there were.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from inspection_service.app import open_service
from inspection_service.settings import Settings
from tests.integration.service import ORIGIN, Mailbox, ScriptedJudge, manifests

_FILE_EVENTS = frozenset({"open", "os.rename", "os.link", "os.remove", "os.mkdir", "os.truncate"})


async def main(folder: Path, dies_at: int) -> None:
    """Open the service on the folder of ``open_test_service`` and do what is to be done."""
    counted = itertools.count(1)
    seen = [0]

    def moment(*_: Any) -> None:
        seen[0] = next(counted)
        if seen[0] == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def audited(name: str, arguments: tuple[Any, ...]) -> None:
        if name in _FILE_EVENTS and str(arguments[0]).startswith(str(folder)):
            moment()

    settings = Settings(
        data_dir=folder / "instance",
        public_url=ORIGIN,
        vision={"models_dir": manifests(folder / "models")},
        work={"enabled": False},
    )
    async with open_service(settings, judge=ScriptedJudge(), messenger=Mailbox()) as running:
        event.listen(Engine, "before_cursor_execute", moment)
        event.listen(Engine, "commit", moment)
        sys.addaudithook(audited)
        done = await running.reconciler.run_once()
        assert done.sealed == 1
        sys.stdout.write(f"{seen[0]}\n")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
