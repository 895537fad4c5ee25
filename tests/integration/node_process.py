"""One node of a service in a process of its own, for tests that run several: everything real but the models.

Run as ``python -m tests.integration.node_process`` with the settings in the environment.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from inspection_service.app import create_app
from inspection_service.commands.serve import server_config
from inspection_service.settings import Settings
from inspection_service.telemetry.logs import configure_logs
from tests.integration.servers import _Process, free_port
from tests.integration.service import Mailbox, ScriptedJudge, manifests

ROOT = Path(__file__).parents[2]


class Node(_Process):
    """One node: started, killed and started again on its port."""

    def __init__(self, folder: Path, shared: Path, **settings: str) -> None:
        """Prepare one; it does not run yet.

        Args:
            folder: For its output.
            shared: Data folder that all nodes have in common.
            settings: Further ones, such as ``INSPECTION_BROKER__URL``.
        """
        super().__init__(folder)
        shared.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
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

    def command(self) -> list[str]:
        """The words that start it."""
        return [sys.executable, "-m", "tests.integration.node_process"]

    def as_whom(self) -> dict[str, Any]:
        """With its own settings and no others."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("INSPECTION_")}
        return {"env": kept | self._settings | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}}

    def is_ready(self) -> bool:
        """Whether it can work."""
        try:
            return httpx.get(f"{self.origin}/readyz", timeout=10).status_code == 200
        except httpx.TransportError:
            return False


def main() -> None:
    """Serve until asked to stop."""
    settings = Settings()
    configure_logs(settings.log_format)
    app = create_app(settings, judge=ScriptedJudge(), messenger=Mailbox())
    uvicorn.Server(server_config(settings, app)).run()


if __name__ == "__main__":
    main()
