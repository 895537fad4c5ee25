"""Who is connected to one inspection, and carrying out what the signalling protocol decides."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Any, Final, Protocol

from inspection_service.clock import isoformat
from inspection_service.errors import InspectionServiceError, Unavailable
from inspection_service.inspections.records import Actor, ChatMessage, ConsentPurpose, InspectionId
from inspection_service.inspections.views import LIVE_PURPOSES, level_of
from inspection_service.media.signalling import (
    AnalysisCandidate,
    AnalysisFrame,
    AnalysisOffer,
    Close,
    Effect,
    IceWanted,
    Log,
    OngoingCall,
    Participant,
    Say,
    Send,
    Signalling,
    WatchStep,
    problem,
)
from inspection_service.media.turn import Relays
from inspection_service.sessions.analysis import Analysis
from inspection_service.sessions.connection import Connection
from inspection_service.sessions.facts import SessionFacts
from inspection_service.sessions.guidance import Guide
from inspection_service.sessions.lines import Lines, Writes, actor_of
from inspection_service.telemetry import logs
from inspection_service.telemetry.metrics import Metrics

TICK_S: Final = 1.0
FACTS_S: Final = 15.0
"""A message about the record may be lost: so often the session looks whether its log has grown, and then into it."""
ALL_FACTS_S: Final = 120.0
"""So often it reads what it must know in any case: that a claim has lapsed is no event."""
STALE_S: Final = 0.5
"""Before a page is refused what the record may allow by now, the record is read again, this often at most."""

SHOWN_MESSAGES: Final = 128
"""So many sentences are known not to be shown, and read aloud, twice."""


class SessionRecord(Writes, Protocol):
    """The inspection's record, as far as a live session writes and reads it."""

    async def say(
        self, inspection_id: InspectionId, actor: Actor, text: str, *, read_aloud: bool, client_id: str
    ) -> ChatMessage:
        """Keep a sentence of the chat; the same ``client_id`` of the same side is the same sentence."""
        ...

    async def facts(self, inspection_id: InspectionId) -> SessionFacts:
        """Return what the session must know now."""
        ...

    async def head(self, inspection_id: InspectionId) -> int:
        """Return the number of the newest event in the log; cheap."""
        ...


class LiveSession:
    """The pages connected to one inspection, their call, and the hints from the seller's camera."""

    def __init__(
        self,
        inspection_id: InspectionId,
        facts: SessionFacts,
        *,
        record: SessionRecord,
        guide: Guide,
        executor: Executor,
        relays: Relays,
        stun_urls: tuple[str, ...] = (),
        metrics: Metrics | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.inspection_id = inspection_id
        self.last_seq = facts.last_seq
        """The number of the newest event when the session began."""
        self.on_change: Callable[[], None] = lambda: None
        """Called when the seller's page opens or closes, and when a call begins, pauses or ends."""
        self._record = record
        self._lines = Lines(inspection_id, record)
        self._relays = relays
        self._monotonic = monotonic
        self._facts_read_s = self._looked_s = monotonic()
        self._facts_seq = facts.last_seq
        self._connections: dict[str, Connection] = {}
        self._consents: set[ConsentPurpose] = set()
        self._shown: deque[str] = deque(maxlen=SHOWN_MESSAGES)
        self._analysis = Analysis(
            inspection_id,
            facts.views,
            facts.current_step,
            guide=guide,
            executor=executor,
            tell=self._tell,
            answer=self._send,
            refuse=lambda who, error: self._send(who, problem(error)),
            may_look=self._may_look,
            stun_urls=stun_urls,
            metrics=metrics or Metrics(),
            monotonic=monotonic,
        )
        self._order = asyncio.Lock()  # effects of one message are carried out before the next one's
        self._signalling = Signalling()
        self._left_over = self._signalling.resume(
            now_s=monotonic(),
            call=facts.call,
            ringing=facts.ringing,
            idle_s=facts.idle_s,
            commands_sent=facts.commands_sent,
            unanswered=facts.unanswered,
        )
        self._left_over += self._follow(facts)

    # --- pages ----------------------------------------------------------------------------------

    def greeting(self) -> dict[str, Any]:
        """Return what a page is told first, beside what only its socket knows."""
        ice = self._relays.offer(self.inspection_id).to_json()
        call = self._signalling.call
        return {
            "live_level": self._signalling.live_level,
            "call_id": None if call is None else call.id,
            "ice_servers": ice["ice_servers"],
            "ice_expires_at": ice["expires_at"],
            "relay_only": self._relays.relay_only,
        }

    async def join(self, connection: Connection) -> None:
        """Let a page in; it receives presence, and the call in progress."""
        self._connections[connection.participant.connection_id] = connection
        await self._perform(lambda now_s: self._signalling.join(connection.participant, now_s))

    async def leave(self, connection: Connection) -> None:
        """Forget a page whose connection ended."""
        self._connections.pop(connection.participant.connection_id, None)
        await self._perform(lambda now_s: self._signalling.leave(connection.participant, now_s))
        if self._signalling.seller is None:
            await self._analysis.stop()

    async def receive(self, connection: Connection, message: str | bytes) -> None:
        """Take one message from a page."""
        who = connection.participant

        def decide(now_s: float) -> list[Effect]:
            if isinstance(message, bytes):
                return self._signalling.receive_frame(who, message, now_s)
            return self._signalling.receive(who, message, now_s)

        async with self._order:
            effects = decide(self._monotonic())
            if any(map(_is_refused_by_record, effects)) and self._is_stale(STALE_S):
                # The page has just claimed, or been allowed, and the news of it is still on its way to us.
                with logs.kept_going("session.facts", self.inspection_id):
                    await self._refresh()
                effects = decide(self._monotonic())
            await self._carry_out_all(effects)

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be lost by forgetting this session."""
        return self._signalling.is_empty and not self._left_over and not self._lines.is_owing

    @property
    def has_seller(self) -> bool:
        """Whether the seller's page is connected."""
        return self._signalling.seller is not None

    @property
    def call(self) -> OngoingCall | None:
        """The call that rings or goes on, if there is one."""
        return self._signalling.call

    @property
    def operators(self) -> tuple[Participant, ...]:
        """The operators' pages that are connected."""
        return self._signalling.operators

    # --- the record moves on ---------------------------------------------------------------------

    async def note(self, kind: str, actor: Actor, data: Mapping[str, Any]) -> None:
        """Follow an event of the inspection's log that changes what a session may do."""
        match kind:
            case "operator.claimed" | "operator.took_over":
                await self._claimed(actor.id)
            case "operator.handed_over":
                await self._claimed(str(data.get("operator_id")))
            case "operator.released":
                await self._claimed(None)
            case "step.entered":
                self._analysis.watch(str(data.get("step_id")))
            case "consent.given" | "consent.withdrawn":
                await self._consented(data.get("purpose"), is_given=kind == "consent.given")
            case "inspection.cancelled" | "inspection.expired" | "report.sealed":
                await self._perform(lambda _: self._signalling.case_over())
            case "call.ended" if data.get("reason") == "closed":
                await self._perform(lambda _: self._signalling.case_over())
            case "help.asked":
                self._signalling.set_help(self._monotonic())
            case "help.withdrawn":
                self._signalling.set_help(None)
            case "help.answered" if data.get("how") != "claim":
                self._signalling.set_help(None)
            case _:
                pass

    async def _claimed(self, operator_id: str | None) -> None:
        await self._perform(lambda now_s: self._signalling.set_claim(operator_id, now_s))

    async def _consented(self, purpose: ConsentPurpose | None, *, is_given: bool) -> None:
        if purpose is None:
            return
        if is_given:
            self._consents.add(purpose)
        else:
            self._consents.discard(purpose)
        await self._perform(lambda _: self._apply_consents())
        await self._stop_looking_without_consent()

    def _apply_consents(self) -> list[Effect]:
        level = level_of(self._consents)
        return self._signalling.set_consents(level)

    def _follow(self, facts: SessionFacts) -> list[Effect]:
        """Take over what the record says now."""
        now_s = self._monotonic()
        self._consents = set(LIVE_PURPOSES[facts.live_level])
        if facts.help_waited_s is None:
            self._signalling.set_help(None)
        elif not self._signalling.is_help_waited_for:
            self._signalling.set_help(now_s - facts.help_waited_s)
        return self._apply_consents() + self._signalling.set_claim(facts.claimed_by, now_s)

    def _may_look(self) -> bool:
        call = self._signalling.call
        return self._signalling.live_level != "off" and not (call is not None and call.paused)

    async def _stop_looking_without_consent(self) -> None:
        if self._signalling.live_level == "off":
            await self._analysis.stop()

    # --- running --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep time and turn frames into hints until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_time(), name="session-time")
                tasks.create_task(self._analysis.run(), name="session-guidance")
        finally:
            await self._analysis.stop()

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            with logs.kept_going("session.time", self.inspection_id):
                await self._perform(self._signalling.tick)
                await self._write_owed()
                if self._monotonic() - self._looked_s >= FACTS_S:
                    await self._look_into_record()
                if await self._analysis.reap() and self._signalling.seller is not None:
                    self._send(self._signalling.seller, {"type": "analysis", "description": None})

    async def _look_into_record(self) -> None:
        self._looked_s = self._monotonic()
        if self._is_stale(ALL_FACTS_S) or await self._record.head(self.inspection_id) != self._facts_seq:
            async with self._order:
                await self._refresh()

    def _is_stale(self, after_s: float) -> bool:
        return self._monotonic() - self._facts_read_s >= after_s

    async def _refresh(self) -> None:
        """Take over what the record says now; the caller holds the order."""
        self._facts_read_s = self._monotonic()
        facts = await self._record.facts(self.inspection_id)
        self._facts_seq = facts.last_seq
        await self._carry_out_all(self._follow(facts))
        await self._stop_looking_without_consent()

    # --- effects --------------------------------------------------------------------------------

    async def _perform(self, decide: Callable[[float], list[Effect]]) -> None:
        async with self._order:
            await self._carry_out_all(decide(self._monotonic()))

    async def _carry_out_all(self, effects: list[Effect]) -> None:
        left_over, self._left_over = self._left_over, []
        is_written, is_change = True, False
        for effect in (*left_over, *effects):
            is_change = is_change or _is_seen_from_outside(effect)
            if isinstance(effect, Log):
                is_written = await self._lines.write(effect, is_done=_is_done(effect))
            elif is_written or not _steers(effect):
                await self._carry_out(effect)
        if is_change:
            self.on_change()

    async def _write_owed(self) -> None:
        if not self._lines.is_owing:
            return
        async with self._order:
            if await self._lines.write_owed():
                self.on_change()  # perhaps it waited for nothing else

    async def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Send(to, message):
                self._send(to, message)
            case Close(to, code, reason):
                connection = self._connections.pop(to.connection_id, None)
                if connection is not None:
                    connection.close(code, reason)
            case Say():
                await self._say(effect)
            case IceWanted(by):
                self._send(by, {"type": "ice", **self._relays.offer(self.inspection_id).to_json()})
            case AnalysisOffer(by, description):
                await self._analysis.take_offer(by, description)
            case AnalysisCandidate(by, candidate):
                await self._analysis.take_candidate(by, candidate)
            case AnalysisFrame(by, jpeg):
                self._analysis.take_jpeg(by, jpeg)
            case WatchStep(_, step_id):
                self._analysis.watch(step_id)

    async def _say(self, said: Say) -> None:
        """Store a sentence, then show it to everybody; what could not be stored is shown to nobody."""
        by = actor_of(said.by)
        try:
            stored = await self._record.say(
                self.inspection_id, by, said.text, read_aloud=said.read_aloud, client_id=said.client_id
            )
        except InspectionServiceError as error:
            error.attributes["id"] = said.client_id
            self._send(said.by, problem(error))
            return
        except Exception as error:
            logs.session_fault("session.chat", self.inspection_id, error)
            self._send(said.by, problem(Unavailable(id=said.client_id)))
            return
        message = {
            "type": "chat",
            "id": stored.id,
            "from": said.by.role,
            "name": said.by.name,
            "text": stored.text,
            "at": isoformat(stored.at),
            "read_aloud": stored.read_aloud,
        }
        is_news = (
            stored.id not in self._shown
        )  # else the author's page, back from a lost connection, says it again
        self._shown.append(stored.id)
        for connection in self._connections.values():
            if connection.participant.actor_id == said.by.actor_id:
                connection.send(message | {"client_id": said.client_id})
            elif is_news:
                connection.send(message)

    def _send(self, to: Participant, message: Mapping[str, Any]) -> None:
        connection = self._connections.get(to.connection_id)
        if connection is not None:
            connection.send(message)

    def _tell(self, message: Mapping[str, Any]) -> None:
        for connection in self._connections.values():
            connection.send(message)


def _is_done(line: Log) -> bool:
    """Say whether the phone has done what a line tells: whether or not it can be written now, it is so."""
    return line.kind == "command.acknowledged" and line.by.role == "seller"


def _steers(effect: Effect) -> bool:
    return isinstance(effect, Send) and effect.message["type"] == "command"


def _is_seen_from_outside(effect: Effect) -> bool:
    """Say whether a list of inspections shows something else after this."""
    if isinstance(effect, Log):
        return effect.kind.startswith("call.")
    return isinstance(effect, Send) and effect.message["type"] in ("presence", "call")


def _is_refused_by_record(effect: Effect) -> bool:
    """Say whether a page is refused for want of a consent or a claim."""
    if not isinstance(effect, Send):
        return False
    match effect.message:
        case {"type": "ack", "error": "level-needed" | "claim-needed"}:
            return True
        case {"type": "problem", "problem": {"type": str(kind)}}:
            return kind.rpartition(":")[2] in ("consent-missing", "claim-needed")
        case _:
            return False
