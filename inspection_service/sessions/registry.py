"""All live sessions of this process, and the operators who watch the list of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from inspection_service.inspections.bus import Published
from inspection_service.inspections.records import Actor, Event, InspectionId
from inspection_service.media.signalling import OngoingCall, Participant
from inspection_service.sessions.connection import Connection
from inspection_service.sessions.live import LiveSession
from inspection_service.telemetry import logs

ReadEvents = Callable[[InspectionId, int], Awaitable[Sequence[Event]]]
"""Reads the events of an inspection after a number."""

_DESK_NEWS: Final = 256
"""What one list may lag behind before its oldest news are dropped."""


@dataclass(slots=True)
class _Running:
    session: LiveSession
    task: asyncio.Task[None]
    seen: int
    """The number of the last event that the session has followed."""
    pages: list[Connection] = field(default_factory=list)

    @property
    def is_idle(self) -> bool:
        """Whether nothing would be lost by forgetting it."""
        return not self.pages and self.session.is_empty


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

    resume_every_s: float | None = None
    """Nobody else leaves a call behind that this process would have to find."""

    def __init__(
        self,
        open_session: Callable[[InspectionId], Awaitable[LiveSession]],
        read_events: ReadEvents | None = None,
    ) -> None:
        """Keep how to open a session, and how to read what it was not told of its log."""
        self.on_change: Callable[[InspectionId], None] = lambda _: None
        """Called when the pages, the call or the life of a session have changed."""
        self.on_desks: Callable[[], None] = lambda: None
        """Called when an operator opens or closes a list."""
        self._open_session = open_session
        self._read_events = read_events
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
            connection = Connection(who)
            running.pages.append(connection)
        try:
            connection.send({**greeting, **running.session.greeting()})
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
            running = self._running[inspection_id] = _Running(session, task, session.last_seq)
        return running

    async def _leave(self, inspection_id: InspectionId, running: _Running, connection: Connection) -> None:
        await running.session.leave(connection)
        running.pages = [page for page in running.pages if page is not connection]
        # A call may still wait for a page to come back: then the session's own clock ends it, and its change brings
        # us back to forget the session.
        await self._forget_idle(inspection_id)

    async def _forget_idle(self, inspection_id: InspectionId) -> None:
        running = self._running.get(inspection_id)
        if running is not None and running.is_idle:
            del self._running[inspection_id]
            running.task.cancel()
            await asyncio.gather(running.task, return_exceptions=True)
            self.on_change(inspection_id)

    async def send_away(self, inspection_id: InspectionId, code: int, reason: str) -> None:
        """End a session here, whatever is going on in it, and close its pages: it goes on elsewhere."""
        running = self._running.pop(inspection_id, None)
        if running is None:
            return
        for connection in running.pages:
            connection.close(code, reason)
        running.task.cancel()
        await asyncio.gather(running.task, return_exceptions=True)
        self._changed(inspection_id)

    # --- lists ----------------------------------------------------------------------------------

    @asynccontextmanager
    async def at_desk(self, operator_id: str) -> AsyncIterator[Desk]:
        """Keep an operator's list informed, and the operator online, for the length of the block."""
        desk = Desk(operator_id)
        self._desks.add(desk)
        self.on_desks()
        try:
            yield desk
        finally:
            self._desks.discard(desk)
            self.on_desks()

    @property
    def operators_online(self) -> frozenset[str]:
        """Operators who have a list or an inspection open, by id."""
        pages = (page.actor_id for each in self._running.values() for page in each.session.operators)
        return frozenset(pages) | self.operators_at_desks

    @property
    def operators_at_desks(self) -> frozenset[str]:
        """Operators who have a list open, by id."""
        return frozenset(desk.operator_id for desk in self._desks)

    def operators_in(self, inspection_id: InspectionId) -> tuple[Participant, ...]:
        """The operators' pages in an inspection."""
        running = self._running.get(inspection_id)
        return () if running is None else running.session.operators

    def _changed(self, inspection_id: InspectionId) -> None:
        """Tell the lists; a session that nobody is in and that waits for nobody is forgotten, beside its own task."""
        self.tell_desks(inspection_id)
        self.on_change(inspection_id)
        running = self._running.get(inspection_id)
        if running is not None and running.is_idle:
            task = asyncio.create_task(self._forget_idle(inspection_id), name=f"forget-{inspection_id}")
            self._forgetting.add(task)
            task.add_done_callback(self._forgetting.discard)

    def tell_desks(self, inspection_id: InspectionId) -> None:
        """Tell the lists open here that an inspection's pages or call have changed."""
        for desk in self._desks:
            desk.tell(inspection_id)

    # --- the record -----------------------------------------------------------------------------

    async def follow(self, published: Published | None) -> None:
        """Have the session of an inspection follow its log, if one is live here.

        Args:
            published: The event; one that was only hinted at, or that came after others that did not come, is read
                from the log. ``None``: some may have been lost, so every session looks.
        """
        if published is None:
            for inspection_id, running in list(self._running.items()):
                with logs.kept_going("session.catch_up", inspection_id):
                    await self._catch_up(inspection_id, running)
            return
        inspection_id, event = published.inspection_id, published.event
        followed = self._running.get(inspection_id)
        if followed is None or event.seq <= followed.seen:
            return
        if isinstance(event, Event) and (event.seq == followed.seen + 1 or self._read_events is None):
            followed.seen = event.seq
            await self.note(inspection_id, event.kind, event.actor, event.data)
        else:
            await self._catch_up(inspection_id, followed)

    async def _catch_up(self, inspection_id: InspectionId, running: _Running) -> None:
        if self._read_events is None:
            return
        while events := await self._read_events(inspection_id, running.seen):
            for event in events:
                running.seen = event.seq
                await running.session.note(event.kind, event.actor, event.data)
        await self._forget_idle(inspection_id)

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

    @property
    def running(self) -> frozenset[InspectionId]:
        """The inspections whose sessions rest here."""
        return frozenset(self._running)

    async def open(self) -> None:
        """Nobody else is there to agree with."""

    async def run(self) -> None:
        """Nothing has to be kept up where there is only one node."""

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
