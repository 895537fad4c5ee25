"""All live sessions of this process, and the operators who watch the list of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from inspection_service.inspections.records import Actor, InspectionId
from inspection_service.media.signalling import OngoingCall, Participant
from inspection_service.sessions.connection import Connection
from inspection_service.sessions.live import LiveSession

_DESK_NEWS: Final = 256
"""What one list may lag behind before its oldest news are dropped."""


@dataclass(slots=True)
class _Running:
    session: LiveSession
    task: asyncio.Task[None]
    pages: int = 0


class Desk:
    """One open list of an operator: hears in which inspections the pages or the call have changed."""

    def __init__(self, operator_id: str) -> None:
        self.operator_id = operator_id
        self._news: asyncio.Queue[InspectionId] = asyncio.Queue(_DESK_NEWS)

    def tell(self, inspection_id: InspectionId) -> None:
        """Queue news; an old one gives way rather than hold anybody up."""
        if self._news.full():
            self._news.get_nowait()
        self._news.put_nowait(inspection_id)

    async def next(self) -> InspectionId:
        """Wait for news."""
        return await self._news.get()


class LiveSessions:
    """All live sessions of this process; one begins with the first page and ends after the last."""

    def __init__(self, open_session: Callable[[InspectionId], Awaitable[LiveSession]]) -> None:
        self._open_session = open_session
        self._running: dict[InspectionId, _Running] = {}
        self._opening = asyncio.Lock()
        self._desks: set[Desk] = set()
        self._forgetting: set[asyncio.Task[None]] = set()

    # --- pages ----------------------------------------------------------------------------------

    @asynccontextmanager
    async def connect(
        self, inspection_id: InspectionId, who: Participant, greeting: Mapping[str, Any]
    ) -> AsyncIterator[tuple[LiveSession, Connection]]:
        """Connect a page for the length of the block; it is greeted before it hears anything else."""
        async with self._opening:
            running = await self._opened(inspection_id)
            running.pages += 1
        connection = Connection(who)
        connection.send({**greeting, **running.session.greeting()})
        try:
            await running.session.join(connection)
            yield running.session, connection
        finally:
            await asyncio.shield(self._leave(inspection_id, running, connection))

    async def resume(self, inspection_id: InspectionId) -> None:
        """Take up the call that the log says goes on, so that it ends in time also when no page comes back."""
        async with self._opening:
            await self._opened(inspection_id)
        await self._forget_idle(inspection_id)

    async def _opened(self, inspection_id: InspectionId) -> _Running:
        running = self._running.get(inspection_id)
        if running is None:
            session = await self._open_session(inspection_id)
            session.on_change = partial(self._changed, inspection_id)
            task = asyncio.create_task(session.run(), name=f"session-{inspection_id}")
            running = self._running[inspection_id] = _Running(session, task)
        return running

    async def _leave(self, inspection_id: InspectionId, running: _Running, connection: Connection) -> None:
        await running.session.leave(connection)
        running.pages -= 1
        # A call may still wait for a page to come back: then the session's own clock ends it, and its change brings
        # us back to forget the session.
        await self._forget_idle(inspection_id)

    async def _forget_idle(self, inspection_id: InspectionId) -> None:
        running = self._running.get(inspection_id)
        if running is not None and running.pages == 0 and running.session.is_empty:
            del self._running[inspection_id]
            running.task.cancel()
            await asyncio.gather(running.task, return_exceptions=True)

    # --- lists ----------------------------------------------------------------------------------

    @asynccontextmanager
    async def at_desk(self, operator_id: str) -> AsyncIterator[Desk]:
        """Keep an operator's list informed, and the operator online, for the length of the block."""
        desk = Desk(operator_id)
        self._desks.add(desk)
        try:
            yield desk
        finally:
            self._desks.discard(desk)

    @property
    def operators_online(self) -> frozenset[str]:
        """Operators who have a list or an inspection open, by id."""
        pages = (page.actor_id for each in self._running.values() for page in each.session.operators)
        return frozenset(pages) | {desk.operator_id for desk in self._desks}

    def _changed(self, inspection_id: InspectionId) -> None:
        """Tell the lists; a session that nobody is in and that waits for nobody is forgotten, beside its own task."""
        for desk in self._desks:
            desk.tell(inspection_id)
        running = self._running.get(inspection_id)
        if running is not None and running.pages == 0 and running.session.is_empty:
            task = asyncio.create_task(self._forget_idle(inspection_id), name=f"forget-{inspection_id}")
            self._forgetting.add(task)
            task.add_done_callback(self._forgetting.discard)

    # --- the record -----------------------------------------------------------------------------

    async def note(
        self, inspection_id: InspectionId, kind: str, actor: Actor, data: Mapping[str, Any]
    ) -> None:
        """Pass an event of the record on to the inspection's session, if one is live."""
        running = self._running.get(inspection_id)
        if running is not None:
            await running.session.note(kind, actor, data)
            await self._forget_idle(inspection_id)

    def presence(self, inspection_id: InspectionId) -> tuple[bool, list[str]]:
        """Whether the seller's page is open, and the names of the operators whose pages are."""
        running = self._running.get(inspection_id)
        if running is None:
            return False, []
        return running.session.has_seller, sorted({page.name for page in running.session.operators})

    def call(self, inspection_id: InspectionId) -> OngoingCall | None:
        """The call that rings or goes on in an inspection, if there is one."""
        running = self._running.get(inspection_id)
        return None if running is None else running.session.call

    async def settled(self) -> None:
        """Wait until sessions that have just ended are forgotten."""
        await asyncio.gather(*self._forgetting)

    def __len__(self) -> int:
        """Return how many sessions are live."""
        return len(self._running)

    async def close(self) -> None:
        """End every session; closing twice is fine."""
        await self.settled()
        running, self._running = list(self._running.values()), {}
        for each in running:
            each.task.cancel()
        await asyncio.gather(*(each.task for each in running), return_exceptions=True)
