"""Live sessions on many nodes: each rests on one, and pages reach it through whichever node their socket came to.

The first node a page of an inspection comes to becomes the owner; it runs the session as a single node would. The
others pass on what their pages say (``edge``, ``owning``), having let them in, and keep watching over heartbeats and
rights themselves. When the owner dies its pages come back to any node, which takes the session over from the log.

While the broker is away, pages on the owner go on, others come back until it is there again; pictures and sound go on
from browser to browser all the while.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Final

from inspection_service.errors import Unavailable
from inspection_service.inspections.bus import Published
from inspection_service.inspections.errors import SessionElsewhere
from inspection_service.inspections.records import InspectionId
from inspection_service.media.signalling import OngoingCall, Participant
from inspection_service.sessions.board import Board, Shown, changes, last_words
from inspection_service.sessions.connection import Connection
from inspection_service.sessions.edge import Edge, RelayedPage
from inspection_service.sessions.errors import NodesDisagree
from inspection_service.sessions.frames import (
    COME_BACK,
    Bye,
    Echo,
    Join,
    Left,
    Probe,
    Said,
    Told,
    read,
    written,
)
from inspection_service.sessions.leases import LEASE_S, Fences, Leases
from inspection_service.sessions.live import LiveSession
from inspection_service.sessions.owning import Guests, channel_of
from inspection_service.sessions.registry import Desk, LiveSessions
from inspection_service.storage.broker import Broker
from inspection_service.storage.errors import BrokerUnavailable
from inspection_service.telemetry import logs
from inspection_service.telemetry.metrics import Metrics

BOARD: Final = "board"
COMMON: Final = "common"
"""The lease that all nodes hold together, as long as they have the same secret."""
BEAT_S: Final = 1.0
RENEW_EVERY_BEATS: Final = 2
FIND_S: Final = 8.0
"""How long a page waits for its session to be found before it is asked to come back."""
LOOK_AGAIN_S: Final = 0.25
GONE_S: Final = 0.5
"""A node that nobody hears twice, so long apart, is gone: once may be a connection that is just made anew."""
RESUME_EVERY_S: Final = 60.0


class NodeSessions:
    """The live sessions of all nodes, as this one reaches them."""

    resume_every_s: float | None = RESUME_EVERY_S

    def __init__(
        self,
        node_id: str,
        local: LiveSessions,
        broker: Broker,
        fences: Fences,
        *,
        heartbeat_s: float,
        metrics: Metrics,
        secret: bytes = b"",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep the collaborators.

        Args:
            node_id: Of this process, never used before.
            local: Runs the sessions that rest here.
            broker: Not open yet.
            fences: The record's side of owning a session.
            heartbeat_s: Of pages.
            metrics: Where all of it is counted.
            secret: What all nodes must have in common.
            monotonic: Tells how long things take.
        """
        self._node_id = node_id
        self._local = local
        self._broker = broker
        self._monotonic = monotonic
        self.leases = Leases(node_id, broker, fences, metrics=metrics, monotonic=monotonic)
        self._edge = Edge(node_id, broker, metrics=metrics, monotonic=monotonic)
        # The page's own node ends it after three heartbeats: here only what that node failed to tell.
        patience_s = 5 * heartbeat_s
        self._guests = Guests(local, broker, self.leases.holds, patience_s=patience_s, metrics=metrics)
        self._board = Board(node_id, monotonic)
        self._board.on_gone = self._guests.end_of
        self._renewing = asyncio.Event()
        self._common = hashlib.sha256(b"nodes of one service " + secret).hexdigest()[:32]
        local.on_change = self._changed
        local.on_desks = self._tell_desks
        broker.listen(channel_of(node_id), self._take)
        broker.listen(BOARD, self._take_board)
        broker.on_gap(self._edge.gap)
        broker.on_gap(self._guests.end_all)
        broker.on_return(self._returned)

    # --- pages ----------------------------------------------------------------------------------

    @asynccontextmanager
    async def connect(
        self, inspection_id: InspectionId, who: Participant, greeting: Mapping[str, Any]
    ) -> AsyncIterator[tuple[LiveSession | RelayedPage, Connection]]:
        """Connect a page for the length of the block, to a session here or on another node.

        Raises:
            Unavailable: Its session cannot be reached at the moment.
        """
        page = await self._find(inspection_id, who, greeting)
        if page is not None:
            try:
                yield page, page.connection
            finally:
                self._edge.leave(page)
            return
        async with self._local.connect(inspection_id, who, greeting) as (session, connection):
            if not self.leases.holds(inspection_id):  # another node took it while this page came in
                connection.close(COME_BACK, "please come back")
            yield session, connection

    async def _find(
        self, inspection_id: InspectionId, who: Participant, greeting: Mapping[str, Any]
    ) -> RelayedPage | None:
        """Find the session: the page's place at another node, or ``None`` when it rests here."""
        until_s = self._monotonic() + FIND_S
        owner = await self.leases.owner(inspection_id)
        while owner != self._node_id:
            page = await self._edge.enter(owner, inspection_id, who, greeting)
            if page is not None:
                return page
            if self._monotonic() >= until_s:
                raise SessionElsewhere
            try:
                gone = owner if await self._is_gone(owner) else None
            except BrokerUnavailable as error:
                raise SessionElsewhere from error
            if gone is None:
                await asyncio.sleep(LOOK_AGAIN_S)
            owner = await self.leases.owner(inspection_id, instead_of=gone)
        return None

    async def _is_gone(self, node_id: str) -> bool:
        if not self.leases.is_settled or await self._broker.is_heard(channel_of(node_id)):
            return False
        await asyncio.sleep(GONE_S)
        return not await self._broker.is_heard(channel_of(node_id))

    async def resume(self, inspection_id: InspectionId) -> None:
        """Take up the call that the log says goes on, unless a node that lives has it."""
        try:
            owner = await self.leases.owner(inspection_id)
            if owner != self._node_id and await self._is_gone(owner):
                owner = await self.leases.owner(inspection_id, instead_of=owner)
        except (BrokerUnavailable, SessionElsewhere):
            return  # somebody has it, and may live: the next look will tell
        if owner == self._node_id:
            await self._local.resume(inspection_id)

    async def follow(self, published: Published | None) -> None:
        """Have the session of an inspection follow its log, if it rests here."""
        await self._local.follow(published)

    def moved(self, inspection_id: InspectionId) -> None:
        """Another node has the session by now: its pages here go and find it, in a moment."""
        self.leases.forget(inspection_id)
        self._renewing.set()

    # --- lists ----------------------------------------------------------------------------------

    def at_desk(self, operator_id: str) -> AbstractAsyncContextManager[Desk]:
        """Keep an operator's list informed, and the operator online, for the length of the block."""
        return self._local.at_desk(operator_id)

    @property
    def operators_online(self) -> frozenset[str]:
        """Operators who have a list or an inspection open on any node, by id."""
        return self._local.operators_online | self._board.operators_online

    def presence(self, inspection_id: InspectionId) -> tuple[bool, list[str]]:
        """Whether the seller's page is open, and the names of the operators whose pages are."""
        shown = self._elsewhere(inspection_id)
        return (
            self._local.presence(inspection_id)
            if shown is None
            else (shown.has_seller, list(shown.operators))
        )

    def call(self, inspection_id: InspectionId) -> OngoingCall | None:
        """The call that rings or goes on in an inspection, if there is one."""
        shown = self._elsewhere(inspection_id)
        return self._local.call(inspection_id) if shown is None else shown.call

    def _elsewhere(self, inspection_id: InspectionId) -> Shown | None:
        return None if self.leases.holds(inspection_id) else self._board.shown(inspection_id)

    def _shown(self, inspection_id: InspectionId) -> Shown | None:
        if inspection_id not in self._local.running:
            return None
        has_seller, names = self._local.presence(inspection_id)
        ids = tuple(sorted({page.actor_id for page in self._local.operators_in(inspection_id)}))
        return Shown(has_seller, tuple(names), ids, self._local.call(inspection_id))

    def _changed(self, inspection_id: InspectionId) -> None:
        self._tell(changes(self._node_id, {inspection_id: self._shown(inspection_id)}))

    def _tell_desks(self) -> None:
        self._tell(changes(self._node_id, {}, desks=self._local.operators_at_desks))

    def _tell_all(self) -> None:
        sessions = {inspection_id: self._shown(inspection_id) for inspection_id in self._local.running}
        self._tell(changes(self._node_id, sessions, desks=self._local.operators_at_desks, all_of=sessions))

    def _tell(self, messages: list[bytes]) -> None:
        for message in messages:
            self._broker.send(BOARD, message)

    # --- what other nodes say -------------------------------------------------------------------

    def _take(self, message: bytes) -> None:
        frame = read(message)
        match frame:
            case Join() | Said() | Left():
                self._guests.take(frame)
            case Told() | Bye() | Echo():
                self._edge.take(frame)
            case Probe(node_id, nonce):
                self._broker.send(channel_of(node_id), written(Echo(self._node_id, nonce)))
            case _:
                pass

    def _take_board(self, message: bytes) -> None:
        for inspection_id in self._board.take(message):
            self._local.tell_desks(inspection_id)

    # --- time -----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Tell the others what is here, ask owners whether they live, and keep the leases, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_telling(), name="nodes-tell")
            tasks.create_task(self._keep_leases(), name="nodes-leases")

    async def _keep_telling(self) -> None:
        while True:
            with logs.kept_going("nodes.tell", "all"):
                self._tell_all()
                self._edge.probe()
                for inspection_id in self._board.forget_silent():
                    self._local.tell_desks(inspection_id)
            await asyncio.sleep(BEAT_S)

    async def _keep_leases(self) -> None:
        while True:
            with logs.kept_going("nodes.leases", "all"):
                await self.renew()
            try:
                async with asyncio.timeout(RENEW_EVERY_BEATS * BEAT_S):
                    await self._renewing.wait()
            except TimeoutError:
                continue
            finally:
                self._renewing.clear()

    async def open(self) -> None:
        """Begin beside the other nodes; to be called once the broker is open.

        Raises:
            NodesDisagree: They have another secret. Not noticed while the broker is away.
        """
        try:
            common = await self._broker.acquire(COMMON, self._common, LEASE_S)
        except BrokerUnavailable:
            return
        if common != self._common:
            raise NodesDisagree

    async def renew(self) -> None:
        """Keep the leases of what lives here; what is another's by now is sent there."""
        with suppress(BrokerUnavailable):
            await self._broker.renew({COMMON: self._common}, LEASE_S)
        running = self._local.running
        await self.leases.renew(running)
        for inspection_id in running - self.leases.held:
            await self._local.send_away(inspection_id, COME_BACK, "please come back")

    def _returned(self) -> None:
        """Say at once what is here: the broker may have forgotten it."""
        self._renewing.set()
        self._tell_all()

    async def close(self) -> None:
        """Send every page away and give every session back, so that another node has it at once."""
        await self._guests.close()
        await self._local.close()
        try:
            await self.leases.release_all()
        except Unavailable as error:
            logs.session_fault("nodes.close", "all", error)
        self._broker.send(BOARD, last_words(self._node_id))
