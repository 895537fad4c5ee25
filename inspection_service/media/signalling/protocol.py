"""The protocol itself: every message and every change of the record goes in here, and effects come out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from inspection_service.errors import InspectionServiceError
from inspection_service.inspections.records import LiveLevel, OngoingCallFacts, RingingCallFacts
from inspection_service.media.errors import MalformedMessage, TooManyMessages
from inspection_service.media.signalling.call import Calls, OngoingCall
from inspection_service.media.signalling.commands import Commands, SentCommand
from inspection_service.media.signalling.messages import (
    MAX_ID_CHARACTERS,
    AnalysisCandidate,
    AnalysisFrame,
    AnalysisOffer,
    Close,
    Effect,
    IceWanted,
    Participant,
    Say,
    Send,
    WatchStep,
    candidate_in,
    description_in,
    object_in,
    only,
    parse,
    problem,
    text_in,
)
from inspection_service.media.signalling.room import (
    BURST_MESSAGES,
    MESSAGES_PER_S,
    Allowance,
    Room,
)
from inspection_service.media.signalling.viewers import Viewers

MAX_JPEG_BYTES: Final = 96 * 1024
"""One frame for analysis, 640x360: some 15 kB at quality 70."""
JPEGS_PER_S: Final = 3.0
PHONES_PER_S: Final = 4.0
MAX_PHONE_BYTES: Final = 4 * 1024
CHATS_PER_S: Final = 1.0
CHATS_BURST: Final = 10
MAX_CHAT_CHARACTERS: Final = 500

CLOSE_BINARY: Final = 4400
CLOSE_REPLACED: Final = 4409
CLOSE_FLOOD: Final = 4429


class Signalling:
    """The state of one inspection's live session; every method returns the effects to carry out, in order."""

    def __init__(self) -> None:
        self._room = Room()
        self._calls = Calls(self._room)
        self._viewers = Viewers(self._room, self._calls)
        self._commands = Commands(self._room, self._calls)
        self._allowances: dict[str, Allowance] = {}
        self._chats: dict[str, Allowance] = {}
        self._phones = Allowance(PHONES_PER_S, PHONES_PER_S, 0.0)
        self._jpegs = Allowance(JPEGS_PER_S, JPEGS_PER_S, 0.0)
        self._phone: Mapping[str, Any] | None = None
        self._is_phone_untold = False

    # --- asking ---------------------------------------------------------------------------------

    @property
    def seller(self) -> Participant | None:
        """The seller's page, when it is connected."""
        return self._room.seller

    @property
    def operators(self) -> tuple[Participant, ...]:
        """The operators' connected pages."""
        return tuple(self._room.operators.values())

    @property
    def live_level(self) -> LiveLevel:
        """What the seller allows."""
        return self._room.live_level

    @property
    def is_help_waited_for(self) -> bool:
        """Whether the seller waits for the person they asked for."""
        return self._room.help_asked_s is not None

    @property
    def is_empty(self) -> bool:
        """Whether nobody is connected and no call waits for anybody."""
        return self._room.seller is None and not self._room.operators and self._calls.current is None

    @property
    def call(self) -> OngoingCall | None:
        """The call that rings or goes on, if there is one."""
        return self._calls.ongoing

    # --- what the record says -------------------------------------------------------------------

    def resume(
        self,
        *,
        now_s: float,
        call: OngoingCallFacts | None = None,
        ringing: RingingCallFacts | None = None,
        idle_s: float = 0.0,
        commands_sent: int = 0,
        unanswered: tuple[SentCommand, ...] = (),
    ) -> list[Effect]:
        """Go on where the log ends, after a restart of the service; to be told before anything else.

        Args:
            now_s: The present moment.
            call: The call that goes on, as the log tells it.
            ringing: The call that rang, if one did.
            idle_s: How long ago anything happened in the inspection.
            commands_sent: The number of the last command.
            unanswered: Commands that the log knows no answer to.
        """
        self._commands.resume(commands_sent, unanswered, now_s)
        effects = [] if call is None else self._calls.resume(call, now_s, idle_s=idle_s)
        return effects + ([] if ringing is None else self._calls.resume_ringing(ringing))

    def set_claim(self, operator_id: str | None, now_s: float) -> list[Effect]:
        """Note who holds the case; a call of anybody else ends."""
        self._room.claimed_by = operator_id
        return self._calls.claim_moved(now_s)

    def set_consents(self, level: LiveLevel) -> list[Effect]:
        """Note what the seller allows; nothing of a call outlives the consent to it."""
        was, self._room.live_level = self._room.live_level, level
        call = self._calls.current
        # A ring may wait for the consent that comes with its answer; what goes on may not be without it.
        is_over = level == "off" and (was != "off" or (call is not None and call.state == "accepted"))
        return self._calls.consent_withdrawn() if is_over else []

    def case_over(self) -> list[Effect]:
        """Note that the case was signed off or called off, and that its log has ended the call with it."""
        return self._calls.closed()

    def set_help(self, asked_s: float | None) -> None:
        """Note when the seller asked for help, or that they no longer wait for it."""
        self._room.help_asked_s = asked_s

    # --- coming and going -----------------------------------------------------------------------

    def join(self, who: Participant, now_s: float) -> list[Effect]:
        """Let a page in; a newer tab of the same seller takes the older one's place."""
        effects: list[Effect] = []
        room = self._room
        if who.role == "seller":
            if room.seller is not None:
                self._forget(room.seller)
                effects.append(Close(room.seller, CLOSE_REPLACED, "opened in another tab"))
            room.seller = room.last_seller = who
        else:
            room.operators[who.connection_id] = who
            effects.append(Send(who, self._phone_message()))
        self._allowances[who.connection_id] = Allowance(BURST_MESSAGES, MESSAGES_PER_S, now_s)
        self._chats[who.connection_id] = Allowance(CHATS_BURST, CHATS_PER_S, now_s)
        return effects + self._calls.joined(who) + self._presence()

    def leave(self, who: Participant, now_s: float) -> list[Effect]:
        """Note that a page's connection ended; a call waits a while for it to come back."""
        self._forget(who)
        room = self._room
        effects: list[Effect] = []
        if who.role == "seller":
            if room.seller != who:
                return []
            room.seller, self._phone, self._is_phone_untold = None, None, False
            effects += room.tell_operators(self._phone_message())
        elif room.operators.pop(who.connection_id, None) is None:
            return []
        return effects + self._calls.left(who, now_s) + self._presence()

    def tick(self, now_s: float) -> list[Effect]:
        """Let time pass: unanswered commands, unanswered rings and broken calls come to an end."""
        effects: list[Effect] = []
        if self._is_phone_untold and self._phones.spend(now_s):
            self._is_phone_untold = False
            effects += self._room.tell_operators(self._phone_message())
        return effects + self._commands.tick(now_s) + self._calls.tick(now_s)

    # --- messages -------------------------------------------------------------------------------

    def receive(self, who: Participant, text: str, now_s: float) -> list[Effect]:
        """Take one message from a page. A bad one is answered with a ``problem``; it never raises."""
        flood = self._flood(who, now_s)
        if flood is not None:
            return flood
        try:
            return self._handle(who, parse(text), now_s)
        except InspectionServiceError as error:
            return [Send(who, problem(error))]

    def receive_frame(self, who: Participant, jpeg: bytes, now_s: float) -> list[Effect]:
        """Take one binary message: from the seller a frame to look at, from anybody else nothing this protocol has."""
        flood = self._flood(who, now_s)
        if flood is not None:
            return flood
        if who.role != "seller":
            self._forget(who)
            return [Close(who, CLOSE_BINARY, "binary message")]
        try:
            self._room.need_live_consent()
            if len(jpeg) > MAX_JPEG_BYTES:
                raise MalformedMessage("The frame is too large.", max_bytes=MAX_JPEG_BYTES)
        except InspectionServiceError as error:
            return [Send(who, problem(error))]
        return [AnalysisFrame(who, jpeg)] if self._jpegs.spend(now_s) else []

    def _flood(self, who: Participant, now_s: float) -> list[Effect] | None:
        """Return what becomes of a page that says too much or should say nothing, ``None`` for any other."""
        allowance = self._allowances.get(who.connection_id)
        if allowance is None:
            return []  # replaced or gone: what still arrives from it no longer counts
        if allowance.spend(now_s):
            return None
        self._forget(who)
        return [Send(who, problem(TooManyMessages())), Close(who, CLOSE_FLOOD, "too many messages")]

    def _handle(self, who: Participant, message: Mapping[str, Any], now_s: float) -> list[Effect]:
        kind: str = message["type"]
        match kind.partition(".")[0]:
            case "call":
                return self._handle_call(who, kind, now_s)
            case "analysis":
                return self._handle_analysis(who, kind, message)
        match kind:
            case "ping":
                return [Send(who, {"type": "pong"})]
            case "ice":
                return [IceWanted(who)]
            case "signal":
                return self._viewers.relay(who, message)
            case "watch.join":
                return self._viewers.join(who)
            case "watch.leave":
                return self._viewers.leave(who)
            case "viewer.end":
                return self._viewers.send_away(who, message)
            case "command":
                return self._commands.send(who, message, now_s)
            case "ack":
                return self._commands.acknowledge(who, message)
            case "phone":
                return self._tell_of_phone(who, message, now_s)
            case "chat":
                return self._chat(who, message, now_s)
            case "watch.step":
                only(who, "seller")
                return [WatchStep(who, text_in(message, "step_id", at_most=MAX_ID_CHARACTERS))]
            case _:
                raise _unknown(kind)

    def _handle_call(self, who: Participant, kind: str, now_s: float) -> list[Effect]:
        match kind:
            case "call.open":
                return self._calls.open(who, now_s)
            case "call.accept":
                return self._calls.accept(who, now_s)
            case "call.decline":
                return self._calls.decline(who)
            case "call.end":
                return self._calls.hang_up(who)
            case "call.pause" | "call.resume":
                return self._calls.pause(who, now_s, paused=kind == "call.pause")
            case _:
                raise _unknown(kind)

    def _handle_analysis(self, who: Participant, kind: str, message: Mapping[str, Any]) -> list[Effect]:
        only(who, "seller")
        match kind:
            case "analysis.offer":
                self._room.need_live_consent()
                return [AnalysisOffer(who, description_in(message))]
            case "analysis.candidate":
                return [AnalysisCandidate(who, candidate_in(message))]
            case _:
                raise _unknown(kind)

    # --- the phone, the chat --------------------------------------------------------------------

    def _tell_of_phone(self, who: Participant, message: Mapping[str, Any], now_s: float) -> list[Effect]:
        """Pass on how the phone is; of news that come too fast the newest waits for the next second."""
        only(who, "seller")
        phone = object_in(message, "phone")
        if len(json.dumps(phone)) > MAX_PHONE_BYTES:
            raise MalformedMessage("phone is too long.", pointer="/phone", max_bytes=MAX_PHONE_BYTES)
        self._phone = phone
        self._is_phone_untold = not self._phones.spend(now_s)
        return [] if self._is_phone_untold else self._room.tell_operators(self._phone_message())

    def _phone_message(self) -> dict[str, Any]:
        return {"type": "phone", "phone": self._phone}

    def _chat(self, who: Participant, message: Mapping[str, Any], now_s: float) -> list[Effect]:
        client_id = text_in(message, "id", at_most=MAX_ID_CHARACTERS)
        text = text_in(message, "text").strip()
        if not text or len(text) > MAX_CHAT_CHARACTERS:
            raise MalformedMessage(
                f"text has 1 to {MAX_CHAT_CHARACTERS} characters.", pointer="/text", id=client_id
            )
        if who.role == "operator":
            self._room.need_claim(who, id=client_id)
        if not self._chats[who.connection_id].spend(now_s):
            raise TooManyMessages("You write too fast; wait a moment.", id=client_id)
        return [Say(who, client_id, text, who.role == "operator" and message.get("read_aloud") is True)]

    # --- shared ---------------------------------------------------------------------------------

    def _forget(self, who: Participant) -> None:
        self._allowances.pop(who.connection_id, None)
        self._chats.pop(who.connection_id, None)

    def _presence(self) -> list[Effect]:
        room = self._room
        names = sorted({operator.name for operator in room.operators.values()})
        return room.tell({"type": "presence", "seller": room.seller is not None, "operators": names})


def _unknown(kind: str) -> MalformedMessage:
    return MalformedMessage(f"There is no message of type {kind[:40]!r}.", pointer="/type")
