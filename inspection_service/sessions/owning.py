"""The owner's end of pages whose sockets are on other nodes: each joins the session as if it had come here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from inspection_service.errors import Unavailable
from inspection_service.inspections.records import InspectionId
from inspection_service.media.signalling import Participant
from inspection_service.sessions.connection import CLOSE_TOO_SLOW, Connection, Farewell
from inspection_service.sessions.frames import (
    COME_BACK,
    NOT_HERE,
    Bye,
    Frame,
    Join,
    Left,
    Said,
    Told,
    written,
)
from inspection_service.sessions.live import LiveSession
from inspection_service.sessions.registry import LiveSessions
from inspection_service.storage.broker import Broker
from inspection_service.telemetry import logs
from inspection_service.telemetry.metrics import Metrics

INBOX_FRAMES: Final = 256
"""What a page may have said that the session has not heard yet."""
_COME_BACK: Final = Farewell(COME_BACK, "please come back")
_LOST: Final = Farewell(COME_BACK, "messages were lost")


@dataclass(slots=True)
class _Guest:
    """A page that is served here for another node."""

    node_id: str
    inspection_id: InspectionId
    who: Participant
    inbox: asyncio.Queue[Said | Farewell | None] = field(
        default_factory=lambda: asyncio.Queue(INBOX_FRAMES + 1)
    )
    """What it said; a farewell or ``None`` ends it."""
    expected: int = 0
    told: int = 0
    is_over: bool = False

    def end(self, bye: Farewell | None = None) -> None:
        """Have it leave; ``bye`` says what its socket is closed with."""
        if not self.is_over:
            self.is_over = True
            self.inbox.put_nowait(bye)


def channel_of(node_id: str) -> str:
    """Return where a node listens."""
    return f"node:{node_id}"


class Guests:
    """All pages served here whose sockets are elsewhere."""

    def __init__(
        self,
        live: LiveSessions,
        broker: Broker,
        holds: Callable[[InspectionId], bool],
        *,
        patience_s: float,
        metrics: Metrics,
    ) -> None:
        """Keep the collaborators.

        Args:
            live: The sessions of this node.
            broker: Carries frames.
            holds: Whether a session rests here.
            patience_s: After so long without a word a page is gone, and we have missed to hear of it.
            metrics: Where they are counted.
        """
        self._live = live
        self._broker = broker
        self._holds = holds
        self._patience_s = patience_s
        self._gauge = metrics.relayed_sockets.labels("session")
        self._guests: dict[str, _Guest] = {}
        self._serving: set[asyncio.Task[None]] = set()

    def take(self, frame: Join | Said | Left) -> None:
        """Take a frame from another node; never waits."""
        match frame:
            case Join():
                self._join(frame)
            case Said(connection_id):
                guest = self._guests.get(connection_id)
                if guest is not None:
                    self._said(guest, frame)
            case Left(connection_id):
                guest = self._guests.get(connection_id)
                if guest is not None:
                    guest.end()

    def _join(self, join: Join) -> None:
        connection_id = join.who.connection_id
        if connection_id in self._guests:
            return
        guest = _Guest(join.node_id, join.inspection_id, join.who)
        if not self._holds(join.inspection_id):
            self._send(guest, Bye(connection_id, NOT_HERE, "not here"))
            return
        self._guests[connection_id] = guest
        task = asyncio.create_task(self._serve(guest, join), name=f"guest-{connection_id}")
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    def _said(self, guest: _Guest, said: Said) -> None:
        if guest.is_over:
            return
        if said.number != guest.expected:
            guest.end(_LOST)
        elif guest.inbox.qsize() >= INBOX_FRAMES:
            guest.end(Farewell(CLOSE_TOO_SLOW, "more than can be heard"))
        else:
            guest.expected += 1
            guest.inbox.put_nowait(said)

    def end_of(self, node_id: str) -> None:
        """Have the guests of a node leave that is gone: their sockets are."""
        for guest in self._guests.values():
            if guest.node_id == node_id:
                guest.end()

    def end_all(self) -> None:
        """Have every guest leave: what they say from now on may not arrive."""
        for guest in self._guests.values():
            guest.end(_COME_BACK)

    async def close(self) -> None:
        """Have every guest leave, and wait until they have; closing twice is fine."""
        self.end_all()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, guest: _Guest, join: Join) -> None:
        bye: Farewell | None = _COME_BACK
        try:
            with (
                self._gauge.track_inprogress(),
                logs.kept_going("session.guest", guest.inspection_id),
                suppress(Unavailable),  # the database is away: the page comes back until it is there again
            ):
                async with self._live.connect(guest.inspection_id, guest.who, join.greeting) as joined:
                    bye = await self._until_over(guest, *joined)
        finally:
            self._guests.pop(guest.who.connection_id, None)
            if bye is not None:
                self._send(guest, Bye(guest.who.connection_id, bye.code, bye.reason))

    async def _until_over(
        self, guest: _Guest, session: LiveSession, connection: Connection
    ) -> Farewell | None:
        works = [
            asyncio.ensure_future(self._read(guest, session, connection)),
            asyncio.ensure_future(self._write(guest, connection)),
        ]
        try:
            done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)
        return next(iter(done)).result()

    async def _read(self, guest: _Guest, session: LiveSession, connection: Connection) -> Farewell | None:
        """Pass what the page says on to the session, until it says no more."""
        while True:
            try:
                async with asyncio.timeout(self._patience_s):
                    item = await guest.inbox.get()
            except TimeoutError:
                return Farewell(CLOSE_TOO_SLOW, "no heartbeat")
            if not isinstance(item, Said):
                return item
            await session.receive(connection, item.words)

    async def _write(self, guest: _Guest, connection: Connection) -> Farewell:
        """Send what the session says, in order; the last thing may be a close."""
        connection_id = guest.who.connection_id
        while True:
            item = await connection.outbox.get()
            if isinstance(item, Farewell):
                return item
            words = item if isinstance(item, str) else json.dumps(item, separators=(",", ":"))
            if not self._send(guest, Told(connection_id, guest.told, words)):
                return _LOST
            guest.told += 1

    def _send(self, guest: _Guest, frame: Frame) -> bool:
        return self._broker.send(channel_of(guest.node_id), written(frame), guest.end)
