"""How far the logs of open inspections have come: one small question for all of them, however many pages ask.

Whoever follows a log hears of its events from the bus, which may lose one. So in silence each looks whether the log has
grown; two hundred calls would ask eighty times a second, and pass their messages on late meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from sqlalchemy import func, select

from inspection_service.inspections.records import InspectionId
from inspection_service.storage import tables as t
from inspection_service.storage.database import Database

FRESH_S: Final = 1.0
"""An answer is that old at most."""
FORGET_S: Final = 60.0
"""Who has not asked for so long does not follow the log any more."""


class LogHeads:
    """Knows the number of the newest event of each inspection that is asked about."""

    def __init__(self, database: Database, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing known."""
        self._database = database
        self._monotonic = monotonic
        self._asked_s: dict[InspectionId, float] = {}
        self._heads: dict[InspectionId, int] = {}
        self._read_s = monotonic()
        self._reading = asyncio.Lock()

    async def of(self, inspection_id: InspectionId) -> int:
        """Return the number of the newest event as it stood ``FRESH_S`` ago at most; 0 where there is none."""
        self._asked_s[inspection_id] = self._monotonic()
        async with self._reading:
            if inspection_id not in self._heads or self._monotonic() - self._read_s >= FRESH_S:
                await self._read()
        return self._heads[inspection_id]

    async def _read(self) -> None:
        now_s = self._monotonic()
        self._asked_s = {name: at_s for name, at_s in self._asked_s.items() if now_s - at_s < FORGET_S}
        asked, cases, column = list(self._asked_s), t.inspections.c, t.events.c
        newest = select(func.max(column.seq)).where(column.inspection_id == cases.id).scalar_subquery()
        query = select(cases.id, newest).where(cases.id.in_(asked))
        async with self._database.read() as transaction:
            found = (await transaction.connection.execute(query)).all()
        self._heads = dict.fromkeys(asked, 0) | {InspectionId(name): int(seq or 0) for name, seq in found}
        self._read_s = now_s
