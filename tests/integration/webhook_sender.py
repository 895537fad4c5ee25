"""A process that does nothing but tell platforms, to be killed: ``python -m tests.integration.webhook_sender``."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime, timedelta
from pathlib import Path

from inspection_service.clock import SystemClock
from inspection_service.inspections.bus import InProcessBus
from inspection_service.platforms import DeliveryQueue, GuardedPoster, SecretBox
from inspection_service.settings import WebhookSettings
from inspection_service.storage.database import Database
from inspection_service.telemetry.metrics import Metrics
from inspection_service.work.delivering import Delivering


class LaterClock(SystemClock):
    """A clock that is ahead."""

    def __init__(self, later_s: float) -> None:
        self._later = timedelta(seconds=later_s)

    def now(self) -> datetime:
        """Return a moment to come."""
        return super().now() + self._later


async def run(url: str, pepper: bytes, later_s: float) -> None:
    """Tell platforms until killed."""
    settings = WebhookSettings(allow_private=True, poll_s=0.2, timeout_s=60)
    clock = LaterClock(later_s)
    async with Database(url) as database:
        queue = DeliveryQueue(database, clock, settings, SecretBox(pepper))
        poster = GuardedPoster(settings, clock)
        await Delivering(queue, poster, InProcessBus(), clock, settings, metrics=Metrics()).run()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], Path(sys.argv[2]).read_bytes(), float(sys.argv[3])))
