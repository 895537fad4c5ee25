"""What is due by the clock: the log's head of the day, leaves that are missing, what was kept long enough."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol

from inspection_service.clock import Clock
from inspection_service.inspections.records import InspectionId
from inspection_service.inspections.service import Inspections
from inspection_service.ledger import Ledger
from inspection_service.work.archive import report_leaf
from inspection_service.work.erasing import Erasing

RETENTION_EVERY: Final = timedelta(hours=1)
"""Clocks that count days are looked at this often."""


class Upkeep(Protocol):
    """Pieces of work that have names."""

    async def due(self) -> list[str]:
        """Name what is to do now; nothing when all is done."""
        ...

    async def do(self, name: str) -> None:
        """Do one piece."""
        ...


class ProofUpkeep:
    """Keeps the log published and complete, and the promises about personal data."""

    def __init__(
        self,
        inspections: Inspections,
        ledger: Ledger,
        erasing: Erasing,
        clock: Clock,
        *,
        forget_accesses: Callable[[], Awaitable[object]] | None = None,
        is_done_elsewhere: bool = False,
    ) -> None:
        """Keep the collaborators.

        Args:
            inspections: The records.
            ledger: The log.
            erasing: Keeps the promises about personal data.
            clock: Counts the days.
            forget_accesses: Deletes what the log of accesses has kept long enough.
            is_done_elsewhere: What this one names others may do, without its hearing of it.
        """
        self._is_done_elsewhere = is_done_elsewhere
        self._forget_accesses = forget_accesses
        self._inspections = inspections
        self._ledger = ledger
        self._erasing = erasing
        self._clock = clock
        self._retained_at: datetime | None = None
        self._pieces: Mapping[str, Callable[[], Awaitable[object]]] = {
            "log.publish": ledger.publish,
            "log.complete": self._complete,
            "erasure.finish": erasing.finish,
            "retention": self._retain,
        }

    async def due(self) -> list[str]:
        """Look at the records."""
        names = []
        if not await self._ledger.is_published():
            names.append("log.publish")
        if await self._inspections.not_logged(limit=1):
            names.append("log.complete")
        if await self._inspections.erasures_to_finish(limit=1):
            names.append("erasure.finish")
        now = self._clock.now()
        if self._retained_at is None or now - self._retained_at >= RETENTION_EVERY:
            names.append("retention")
            if self._is_done_elsewhere:
                self._retained_at = now
        return names

    async def do(self, name: str) -> None:
        """Do one piece; what it raises is tried again later."""
        await self._pieces[name]()

    async def _complete(self) -> None:
        """Log reports that were sealed before there was a log."""
        for inspection_id in await self._inspections.not_logged(limit=100):
            await self._log(inspection_id)

    async def _log(self, inspection_id: InspectionId) -> None:
        files = await self._inspections.report_files(inspection_id)
        await self._ledger.append(report_leaf(inspection_id, files))

    async def _retain(self) -> None:
        if self._forget_accesses is not None:
            await self._forget_accesses()
        await self._erasing.by_the_clock()
        self._retained_at = self._clock.now()
