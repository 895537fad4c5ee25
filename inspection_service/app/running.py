"""What runs in the background of an opened service, until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass

from inspection_service.api.services import Services
from inspection_service.inspections.records import (
    InspectionId,
)
from inspection_service.telemetry import logs
from inspection_service.work import Reconciler
from inspection_service.work.crew import Crew
from inspection_service.work.pieces import QUEUES, Queue

_BUS_WAIT_S = 60.0
_ASK_AGAIN_S = 5.0
"""A task that does not end may have lost its cancellation to an error of a driver: it is asked again."""


@dataclass(frozen=True, slots=True)
class Running:
    """The opened service: what the doors need, and what is to be kept going beside them."""

    services: Services
    reconciler: Reconciler
    crew: Crew | None = None
    """The workers behind a broker; ``None``: this process does the work."""

    async def keep_going(self, *, work: bool) -> None:
        """Run what runs in the background until cancelled.

        Args:
            work: Whether this process also judges and seals; else some ``inspection-service worker`` does.
        """
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_events(), name="live-sessions-follow-events")
            tasks.create_task(self._resume_calls(), name="live-sessions-resume-calls")
            tasks.create_task(self.services.live.run(), name="live-sessions-keep-up")
            if work:
                tasks.create_task(self.work(asyncio.Event()), name="work")

    async def work(self, stop: asyncio.Event, queues: Collection[Queue] = QUEUES) -> None:
        """Find what is to do and do it.

        Args:
            stop: Set it to end: nothing new is begun, and what others sent here is finished while there is time.
            queues: What kinds of work.
        """
        looking = {asyncio.create_task(self.reconciler.run(queues), name="reconciler")}
        if "webhook" in queues:
            looking.add(asyncio.create_task(self.services.webhooks.delivering.run(), name="webhooks"))
        taking = asyncio.create_task(self._take(stop, queues), name="take-work")
        stopping = asyncio.create_task(stop.wait(), name="stop")
        tasks = {*looking, taking, stopping}
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
            for task in looking:
                task.cancel()
            await taking
        finally:
            while tasks:
                for task in tasks:
                    task.cancel()
                _, tasks = await asyncio.wait(tasks, timeout=_ASK_AGAIN_S)

    async def _take(self, stop: asyncio.Event, queues: Collection[Queue]) -> None:
        """Do what is sent here until asked to stop; without a broker nobody sends anything."""
        if self.crew is None:
            await stop.wait()
            return
        settings = self.services.settings
        at_once = settings.work.at_once(settings.vision.workers)
        await self.crew.take({queue: at_once[queue] for queue in queues}, stop)

    async def _resume_calls(self) -> None:
        """Take up the calls that went on when the service, or one of its nodes, last ended: no session is dropped."""
        live = self.services.live
        while True:
            left_open: tuple[InspectionId, ...] = ()
            with logs.kept_going("session.resume", "all"):
                left_open = await self.services.inspections.calls_left_open()
            for inspection_id in left_open:
                with logs.kept_going("session.resume", inspection_id):
                    await live.resume(inspection_id)
            if live.resume_every_s is None:
                return
            await asyncio.sleep(live.resume_every_s)

    async def _follow_events(self) -> None:
        """Tell live sessions what happens to their inspections."""
        services = self.services
        async with services.bus.subscribe() as subscription:
            while True:
                published = await subscription.next(_BUS_WAIT_S)
                with logs.kept_going(
                    "session.event", "all" if published is None else published.inspection_id
                ):
                    await services.live.follow(published)
