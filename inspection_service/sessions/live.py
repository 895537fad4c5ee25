"""Who is connected to which inspection, and carrying out what the signalling protocol decides."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np
from av import VideoFrame

from inspection_service.errors import InspectionServiceError
from inspection_service.inspections.records import Actor, InspectionId
from inspection_service.media.frames import LatestFrame
from inspection_service.media.peer import AnalysisPeer
from inspection_service.media.signalling import (
    AnalysisCandidate,
    AnalysisOffer,
    Close,
    Effect,
    Log,
    OngoingCall,
    Participant,
    Send,
    Signalling,
    WatchStep,
)
from inspection_service.sessions.guidance import Guide, Hint, SteadyHint
from inspection_service.telemetry import logs
from inspection_service.telemetry.metrics import Metrics

OUTBOX_MESSAGES: Final = 512
TICK_S: Final = 1.0
FACTS_S: Final = 5.0
"""A message about the record may be lost: so often the session looks for itself whether consent and claim stand."""
OFFER_PAUSE_S: Final = 1.0
"""An offer waits so long after the one before, and the newest wins: an answer costs more than asking for one."""
EARLY_CANDIDATES: Final = 64
CLOSE_TOO_SLOW: Final = 4408


class EventLog(Protocol):
    """Where a session's acts are recorded."""

    async def record(
        self, inspection_id: InspectionId, kind: str, actor: Actor, data: Mapping[str, Any]
    ) -> object:
        """Append one event to the inspection's log."""
        ...


@dataclass(frozen=True, slots=True)
class Farewell:
    """The last thing in an outbox: close the socket with this code."""

    code: int
    reason: str


@dataclass(slots=True)
class Connection:
    """One page's end of a session: read ``outbox`` and send; hand what arrives to ``LiveSession.receive``."""

    participant: Participant
    outbox: asyncio.Queue[Mapping[str, Any] | Farewell] = field(
        default_factory=lambda: asyncio.Queue(OUTBOX_MESSAGES + 1)
    )
    is_over: bool = False

    def send(self, message: Mapping[str, Any]) -> None:
        """Queue a message; a page that reads too slowly is told to come back and resume from the log."""
        if self.is_over:
            return
        if self.outbox.qsize() >= OUTBOX_MESSAGES:
            self.close(CLOSE_TOO_SLOW, "reading too slowly")
        else:
            self.outbox.put_nowait(message)

    def close(self, code: int, reason: str) -> None:
        """Queue the end of the connection, after what was queued before; what comes later is dropped."""
        if not self.is_over:
            self.is_over = True
            self.outbox.put_nowait(Farewell(code, reason))


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What a session must know of the inspection's record when it begins."""

    views: Mapping[str, str]
    """The view that each step asks for."""
    current_step: str | None
    may_see_live: bool
    claimed_by: str | None


class LiveSession:
    """The pages connected to one inspection, their call, and the hints from the seller's camera."""

    def __init__(
        self,
        inspection_id: InspectionId,
        facts: SessionFacts,
        *,
        events: EventLog,
        guide: Guide,
        executor: Executor,
        stun_urls: tuple[str, ...] = (),
        read_facts: Callable[[], Awaitable[SessionFacts]] | None = None,
        metrics: Metrics | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.inspection_id = inspection_id
        self._signalling = Signalling()
        self._signalling.may_see_live = facts.may_see_live
        self._signalling.claimed_by = facts.claimed_by
        self._views = facts.views
        self._asked_step = facts.current_step
        self._events = events
        self._guide = guide
        self._executor = executor
        self._stun_urls = stun_urls
        self._read_facts = read_facts
        self._facts_read_s = monotonic()
        self._monotonic = monotonic
        self._connections: dict[str, Connection] = {}
        self._steady = SteadyHint()
        self._frames: LatestFrame[VideoFrame] = LatestFrame(monotonic)
        self._metrics = metrics or Metrics()
        self._peer: AnalysisPeer | None = None
        self._offer: asyncio.Task[None] | None = None
        self._offered_s = -OFFER_PAUSE_S
        self._early_candidates: list[Mapping[str, Any] | None] = []
        self._order = asyncio.Lock()  # effects of one message are carried out before the next one's

    # --- pages ----------------------------------------------------------------------------------

    async def join(self, connection: Connection) -> None:
        """Let a page in; it receives presence, and the call in progress if it is part of one."""
        self._connections[connection.participant.connection_id] = connection
        await self._perform(lambda now_s: self._signalling.join(connection.participant, now_s))

    async def leave(self, connection: Connection) -> None:
        """Forget a page whose connection ended."""
        self._connections.pop(connection.participant.connection_id, None)
        await self._perform(lambda now_s: self._signalling.leave(connection.participant, now_s))
        if self._signalling.seller is None:
            await self._drop_peer()

    async def receive(self, connection: Connection, text: str) -> None:
        """Take one message from a page."""
        await self._perform(lambda now_s: self._signalling.receive(connection.participant, text, now_s))

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be lost by forgetting this session."""
        return self._signalling.is_empty

    @property
    def has_seller(self) -> bool:
        """Whether the seller's page is connected."""
        return self._signalling.seller is not None

    @property
    def call(self) -> OngoingCall | None:
        """The call that rings or goes on, if there is one."""
        return self._signalling.call

    @property
    def operator_names(self) -> list[str]:
        """Names of the operators whose pages are connected."""
        return sorted({operator.name for operator in self._signalling.operators.values()})

    # --- the record moves on ---------------------------------------------------------------------

    async def note(self, kind: str, actor: Actor, data: Mapping[str, Any]) -> None:
        """Follow an event of the inspection's log that changes what a session may do."""
        match kind:
            case "operator.claimed":
                self._signalling.claimed_by = actor.id
            case "operator.released":
                self._signalling.claimed_by = None
            case "step.entered":
                self._watch(str(data.get("step_id")))
            case "consent.given" if data.get("purpose") == "live_video":
                self._signalling.may_see_live = True
            case "consent.withdrawn" if data.get("purpose") == "live_video":
                await self._stop_seeing()
            case _:
                pass

    # --- running --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep time and turn frames into hints until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_time(), name="session-time")
                tasks.create_task(self._guide_seller(), name="session-guidance")
        finally:
            await self._drop_peer()

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            with logs.kept_going("session.time", self.inspection_id):
                await self._perform(self._signalling.tick)
                await self._look_into_the_record()
                if self._peer is not None and self._peer.closed.is_set():
                    await self._drop_peer()
                    self._tell_seller({"type": "analysis", "description": None})

    async def _look_into_the_record(self) -> None:
        if self._read_facts is None or self._monotonic() - self._facts_read_s < FACTS_S:
            return
        self._facts_read_s = self._monotonic()
        facts = await self._read_facts()
        self._signalling.claimed_by = facts.claimed_by
        if self._signalling.may_see_live and not facts.may_see_live:
            await self._stop_seeing()
        self._signalling.may_see_live = facts.may_see_live

    async def _stop_seeing(self) -> None:
        await self._perform(lambda _: self._signalling.withdraw_live_consent())
        await self._drop_peer()

    async def _guide_seller(self) -> None:
        told_dropped = 0
        while True:
            frame = await self._frames.take()
            arrived_s = self._frames.taken_at_s
            self._metrics.frames_dropped.inc(self._frames.dropped - told_dropped)
            told_dropped = self._frames.dropped
            with logs.kept_going("session.guidance", self.inspection_id):
                await self._guide_by(frame)
                self._metrics.frame_age_seconds.observe(self._monotonic() - arrived_s)

    async def _guide_by(self, frame: VideoFrame) -> None:
        step, view = self._asked_step, self._views.get(self._asked_step or "")
        if view is None:
            return
        hint = await asyncio.get_running_loop().run_in_executor(self._executor, self._look, frame, view)
        if step != self._asked_step:
            return  # the seller has moved on while we looked
        steady = self._steady.offer(hint, self._monotonic())
        if steady is not None:
            message = {
                "type": "hint",
                "code": steady.code,
                "ok": steady.ok,
                "view": steady.view,
                "step_id": step,
            }
            for connection in self._connections.values():
                connection.send(message)

    def _look(self, frame: VideoFrame, view: str) -> Hint:
        return self._guide.hint(np.asarray(frame.to_ndarray(format="bgr24"), dtype=np.uint8), view)

    # --- effects --------------------------------------------------------------------------------

    async def _perform(self, decide: Callable[[float], list[Effect]]) -> None:
        async with self._order:
            is_logged = True
            for effect in decide(self._monotonic()):
                if isinstance(effect, Log):
                    is_logged = await self._log(effect)
                elif is_logged or not _steers(effect):
                    await self._carry_out(effect)

    async def _log(self, line: Log) -> bool:
        """Record an act; where that fails the session goes on, but nothing unrecorded is done to the phone."""
        actor = Actor(line.by.role, line.by.actor_id, line.by.name)
        try:
            await self._events.record(self.inspection_id, line.kind, actor, line.data)
        except Exception as error:
            logs.session_fault("session.log", self.inspection_id, error)
            return False
        return True

    async def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Send(to, message):
                self._send(to, message)
            case Close(to, code, reason):
                connection = self._connections.pop(to.connection_id, None)
                if connection is not None:
                    connection.close(code, reason)
            case AnalysisOffer(by, description):
                await self._or_problem(by, self._take_offer(by, description))
            case AnalysisCandidate(by, candidate):
                if self._peer is not None:
                    await self._or_problem(by, self._peer.add_candidate(candidate))
                elif len(self._early_candidates) < EARLY_CANDIDATES:
                    self._early_candidates.append(candidate)
            case WatchStep(_, step_id):
                self._watch(step_id)

    def _send(self, to: Participant, message: Mapping[str, Any]) -> None:
        connection = self._connections.get(to.connection_id)
        if connection is not None:
            connection.send(message)

    def _tell_seller(self, message: Mapping[str, Any]) -> None:
        if self._signalling.seller is not None:
            self._send(self._signalling.seller, message)

    async def _or_problem(self, who: Participant, act: Awaitable[None]) -> None:
        try:
            await act
        except InspectionServiceError as error:
            problem = {"type": f"urn:inspection:problem:{error.slug}", "detail": error.message}
            self._send(who, {"type": "problem", "problem": problem})

    async def _take_offer(self, who: Participant, description: Mapping[str, str]) -> None:
        """Answer beside the session's other work: a slow answer must not hold up a consent that is taken back."""
        await self._drop_peer()
        self._offer = asyncio.create_task(
            self._or_problem(who, self._answer_offer(who, description)), name="analysis-offer"
        )

    async def _answer_offer(self, who: Participant, description: Mapping[str, str]) -> None:
        await asyncio.sleep(OFFER_PAUSE_S - (self._monotonic() - self._offered_s))
        self._offered_s = self._monotonic()
        peer = AnalysisPeer(self._frames, self._stun_urls)
        try:
            answer = await peer.answer(description)
        except BaseException:
            await peer.close()
            raise
        self._peer = peer
        self._send(who, {"type": "analysis", "description": answer})
        early, self._early_candidates = self._early_candidates, []
        for candidate in early:
            await peer.add_candidate(candidate)

    async def _drop_peer(self) -> None:
        offer, self._offer = self._offer, None
        if offer is not None:
            offer.cancel()
            await asyncio.gather(offer, return_exceptions=True)
        peer, self._peer = self._peer, None
        self._early_candidates = []
        if peer is not None:
            await peer.close()

    def _watch(self, step_id: str) -> None:
        if step_id != self._asked_step:
            self._asked_step = step_id
            self._steady = SteadyHint()


def _steers(effect: Effect) -> bool:
    return isinstance(effect, Send) and effect.message["type"] == "command"


@dataclass(slots=True)
class _Running:
    session: LiveSession
    task: asyncio.Task[None]
    pages: int = 0


class LiveSessions:
    """All live sessions of this process; one begins with the first page and ends after the last."""

    def __init__(self, open_session: Callable[[InspectionId], Awaitable[LiveSession]]) -> None:
        self._open_session = open_session
        self._running: dict[InspectionId, _Running] = {}
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def connect(
        self, inspection_id: InspectionId, who: Participant, greeting: Mapping[str, Any]
    ) -> AsyncIterator[tuple[LiveSession, Connection]]:
        """Connect a page for the length of the block; it is greeted before it hears anything else."""
        async with self._opening:
            running = self._running.get(inspection_id)
            if running is None:
                session = await self._open_session(inspection_id)
                task = asyncio.create_task(session.run(), name=f"session-{inspection_id}")
                running = self._running[inspection_id] = _Running(session, task)
            running.pages += 1
        connection = Connection(who)
        connection.send(greeting)
        try:
            await running.session.join(connection)
            yield running.session, connection
        finally:
            await asyncio.shield(self._leave(inspection_id, running, connection))

    async def _leave(self, inspection_id: InspectionId, running: _Running, connection: Connection) -> None:
        await running.session.leave(connection)
        running.pages -= 1
        # A call may still wait for a page to come back: then the session's own clock ends it, and the event
        # ``call.ended`` brings us back to forget the session.
        await self._forget_idle(inspection_id)

    async def _forget_idle(self, inspection_id: InspectionId) -> None:
        running = self._running.get(inspection_id)
        if running is not None and running.pages == 0 and running.session.is_empty:
            del self._running[inspection_id]
            running.task.cancel()
            await asyncio.gather(running.task, return_exceptions=True)

    async def note(
        self, inspection_id: InspectionId, kind: str, actor: Actor, data: Mapping[str, Any]
    ) -> None:
        """Pass an event of the record on to the inspection's session, if one is live."""
        running = self._running.get(inspection_id)
        if running is not None:
            await running.session.note(kind, actor, data)
            await self._forget_idle(inspection_id)

    def presence(self, inspection_id: InspectionId) -> tuple[bool, list[str]]:
        """Whether the seller's page is open, and which operators' pages are."""
        running = self._running.get(inspection_id)
        return (running.session.has_seller, running.session.operator_names) if running else (False, [])

    def call(self, inspection_id: InspectionId) -> OngoingCall | None:
        """The call that rings or goes on in an inspection, if there is one."""
        running = self._running.get(inspection_id)
        return None if running is None else running.session.call

    def __len__(self) -> int:
        """Return how many sessions are live."""
        return len(self._running)

    async def close(self) -> None:
        """End every session; closing twice is fine."""
        running, self._running = list(self._running.values()), {}
        for each in running:
            each.task.cancel()
        await asyncio.gather(*(each.task for each in running), return_exceptions=True)
