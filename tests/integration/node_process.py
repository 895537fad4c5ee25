"""One node of a service in a process of its own, for tests that run several: everything real but the models.

Nodes are forked off a server that has imported the service once: on a busy machine that takes longer than all tests.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Final

import httpx
import uvicorn

from inspection_service.app import create_app
from inspection_service.commands.serve import keep_what_is_loaded, server_config
from inspection_service.settings import Settings
from inspection_service.telemetry.logs import configure_logs
from tests.integration.servers import READY_S, free_port
from tests.integration.service import Mailbox, ScriptedJudge, manifests

_JOIN_S: Final = 60


class Node:
    """One node: started, killed and started again on its port."""

    def __init__(self, folder: Path, shared: Path, **settings: str) -> None:
        """Prepare one; it does not run yet.

        Args:
            folder: For its output.
            shared: Data folder that all nodes have in common.
            settings: Further ones, such as ``INSPECTION_BROKER__URL``.
        """
        folder.mkdir(parents=True)
        shared.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port()
        self.process: ForkServerProcess | None = None
        self._settings = {
            "INSPECTION_DATA_DIR": str(shared),
            "INSPECTION_HTTP__PORT": str(self.port),
            "INSPECTION_WORK__ENABLED": "false",
            "INSPECTION_LOG_FORMAT": "json",
            "INSPECTION_VISION__MODELS_DIR": str(manifests(shared / "models")),
            **settings,
        }

    @property
    def origin(self) -> str:
        """The address of the node."""
        return f"http://127.0.0.1:{self.port}"

    def begin(self) -> None:
        """Start it, without waiting."""
        assert self.process is None, "it runs already"
        self.process = _context().Process(
            target=_serve, args=(self._settings, self.folder / "log"), daemon=True
        )
        self.process.start()

    def wait(self) -> None:
        """Return when it can work."""
        assert self.process is not None
        deadline = time.monotonic() + READY_S
        while not self._is_ready():
            assert self.process.is_alive(), self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def start(self) -> None:
        """Start it and return when it can work."""
        self.begin()
        self.wait()

    def kill(self) -> None:
        """``kill -9``; nothing when it is down."""
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.join(_JOIN_S)

    def log(self) -> str:
        """The end of what it said."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")[-3000:]

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.origin}/readyz", timeout=10).status_code == 200
        except httpx.TransportError:
            return False


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _serve(settings: dict[str, str], log: Path) -> None:
    """Serve until killed, with these settings and no others."""
    read = take_settings(settings, log)
    app = create_app(read, judge=ScriptedJudge(), messenger=Mailbox())
    server = uvicorn.Server(server_config(read, app))
    keep_what_is_loaded()
    server.run()


def take_settings(settings: dict[str, str], log: Path) -> Settings:
    """Make a process that was forked off one of its own: its settings, and where it says what it does."""
    for name in list(os.environ):
        if name.startswith("INSPECTION_"):
            del os.environ[name]
    os.environ.update(settings)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    read = Settings()
    configure_logs(read.log_format)
    return read
