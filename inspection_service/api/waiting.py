"""Long polling: an answer that comes with the next event instead of at once."""

from __future__ import annotations

import asyncio
from typing import Final

from inspection_service.api.services import Services
from inspection_service.inspections.records import Event, InspectionId
from inspection_service.inspections.service import Inspections

LONGEST_S: Final = 20
"""Under the half minute after which many a proxy gives up."""


async def next_events(
    services: Services, scoped: Inspections, case: InspectionId, *, after: int, limit: int, wait_s: int
) -> tuple[Event, ...]:
    """Return the events after a number, as soon as there are any; none when ``wait_s`` seconds passed without.

    The records are read, the bus only says when to look; no connection is held while it is silent.
    """
    if wait_s == 0:
        return await scoped.events(case, after=after, limit=limit)
    ends_s = asyncio.get_running_loop().time() + wait_s
    async with services.bus.subscribe(case) as subscription:
        while True:
            found = await scoped.events(case, after=after, limit=limit)
            left_s = ends_s - asyncio.get_running_loop().time()
            if found or left_s <= 0:
                return found
            await subscription.next(left_s)
