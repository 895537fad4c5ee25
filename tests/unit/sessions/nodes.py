"""Several nodes in one process: real sessions, a record that only counts fences, a broker in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspection_service.inspections.errors import SessionElsewhere, SessionMoved
from inspection_service.inspections.records import Actor, ChatMessage, InspectionId, MessageId
from inspection_service.media.signalling import Participant
from inspection_service.media.turn import Relays
from inspection_service.sessions import (
    Connection,
    Farewell,
    Hears,
    Hint,
    LiveSession,
    LiveSessions,
    SessionFacts,
)
from inspection_service.sessions.nodes import NodeSessions
from inspection_service.settings import MediaSettings
from inspection_service.telemetry.metrics import Metrics
from inspection_service.testing import NOON, FakeClock, MemoryBroker, MemoryExchange

CASE = InspectionId("ins_1")
FACTS = SessionFacts(views={}, current_step=None, live_level="steer", claimed_by="op_1")
SELLER = Participant("con_seller", "seller", CASE, "seller")
OPERATOR = Participant("con_op", "operator", "op_1", "Olivia")
PATIENCE_S = 60


class Fences:
    """The record: who holds a session, and with which number; one for all nodes."""

    def __init__(self) -> None:
        self.held: dict[InspectionId, tuple[str | None, int]] = {}
        self.written: list[tuple[str, str]] = []
        """Which node wrote which event."""

    async def hold_session(
        self, inspection_id: InspectionId, node_id: str, *, only_if_free: bool = False
    ) -> int:
        holder, fence = self.held.get(inspection_id, (None, 0))
        if only_if_free and holder not in (None, node_id):
            raise SessionElsewhere
        self.held[inspection_id] = (node_id, fence + 1)
        return fence + 1

    async def release_session(self, inspection_id: InspectionId, fence: int) -> None:
        if self.held[inspection_id][1] == fence:
            self.held[inspection_id] = (None, fence)

    async def session_node(self, inspection_id: InspectionId) -> str | None:
        return self.held.get(inspection_id, (None, 0))[0]

    async def held_sessions(self, node_id: str) -> frozenset[InspectionId]:
        return frozenset(case for case, (holder, _) in self.held.items() if holder == node_id)


class _Record:
    def __init__(self, node: TestNode) -> None:
        self._node = node

    def _check(self, inspection_id: InspectionId) -> None:
        if self._node.fences.held[inspection_id][1] != self._node.sessions.leases.fence(inspection_id):
            self._node.sessions.moved(inspection_id)
            raise SessionMoved

    async def record(
        self, inspection_id: InspectionId, kind: str, actor: Actor, data: Mapping[str, Any]
    ) -> object:
        self._check(inspection_id)
        self._node.fences.written.append((self._node.node_id, kind))
        return None

    async def say(
        self, inspection_id: InspectionId, actor: Actor, text: str, *, read_aloud: bool, client_id: str
    ) -> ChatMessage:
        self._check(inspection_id)
        return ChatMessage(MessageId("msg_1"), inspection_id, actor, text, NOON, read_aloud)

    async def facts(self, inspection_id: InspectionId) -> SessionFacts:
        return FACTS

    async def head(self, inspection_id: InspectionId) -> int:
        return FACTS.last_seq


class _Blind:
    def hint(self, frame: NDArray[np.uint8], asked_view: str) -> Hint:
        raise AssertionError("nobody shows anything here")


class TestNode:
    """One node."""

    __test__ = False

    def __init__(
        self,
        node_id: str,
        exchange: MemoryExchange,
        fences: Fences,
        executor: ThreadPoolExecutor,
        secret: bytes = b"",
    ) -> None:
        self.node_id, self.fences = node_id, fences
        self.broker = MemoryBroker(exchange)
        self.metrics = Metrics()
        self.local = LiveSessions(partial(self._open, executor))
        self.sessions = NodeSessions(
            node_id,
            self.local,
            self.broker,
            fences,
            heartbeat_s=5.0,
            metrics=self.metrics,
            secret=secret,
            monotonic=exchange.clock.monotonic_s,
        )

    async def _open(self, executor: ThreadPoolExecutor, inspection_id: InspectionId) -> LiveSession:
        return LiveSession(
            inspection_id,
            FACTS,
            record=_Record(self),
            guide=_Blind(),
            executor=executor,
            relays=Relays(MediaSettings(), FakeClock()),
        )

    @asynccontextmanager
    async def page(self, who: Participant) -> AsyncIterator[TestPage]:
        """Open a page at this node."""
        async with self.sessions.connect(CASE, who, {"type": "welcome"}) as (session, connection):
            yield TestPage(session, connection)


class TestPage:
    """One page's socket."""

    __test__ = False

    def __init__(self, session: Hears, connection: Connection) -> None:
        self._session, self._connection = session, connection

    async def say(self, kind: str, /, **fields: Any) -> None:
        """Send a message."""
        await self._session.receive(self._connection, json.dumps({"type": kind, **fields}))

    async def hear(self, kind: str, /, **like: Any) -> Mapping[str, Any]:
        """Return the next message of one type whose fields are like these."""
        while True:
            item = await self._next()
            assert not isinstance(item, Farewell), item
            if item["type"] == kind and like.items() <= item.items():
                return item

    async def closed(self) -> int:
        """Wait for the end and return its code."""
        while True:
            item = await self._next()
            if isinstance(item, Farewell):
                return item.code

    async def _next(self) -> Mapping[str, Any] | Farewell:
        async with asyncio.timeout(PATIENCE_S):
            item = await self._connection.outbox.get()
        return json.loads(item) if isinstance(item, str) else item


@asynccontextmanager
async def nodes(*names: str) -> AsyncIterator[tuple[MemoryExchange, tuple[TestNode, ...]]]:
    """Open several nodes; time stands still until the test moves it."""
    exchange, fences = MemoryExchange(FakeClock()), Fences()
    with ThreadPoolExecutor(1) as executor:
        opened = tuple(TestNode(name, exchange, fences, executor) for name in names)
        try:
            yield exchange, opened
        finally:
            for node in opened:
                await node.sessions.close()
