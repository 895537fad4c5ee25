"""The signalling protocol of one inspection, without any socket: message in, effects out.

A seller's page and operators' pages are joined by the service. It decides who may ring, speak and steer, relays
session descriptions between the two browsers (W3C WebRTC: offer, answer, candidate), numbers every command and sees
to it that each gets an answer, even when the phone gives none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from inspection_service.errors import InspectionServiceError
from inspection_service.media.errors import (
    ClaimNeeded,
    ConsentMissing,
    MalformedMessage,
    NoCall,
    SellerAbsent,
    TooManyMessages,
    WrongRole,
)

Role = Literal["seller", "operator"]
CallState = Literal["ringing", "accepted"]
EndReason = Literal["hung-up", "unanswered", "connection-lost", "consent-withdrawn"]
"""Why a call ended."""
CommandRefusal = Literal["no-answer", "seller-absent", "no-call"]
"""Why a command was not carried out, where the phone itself did not say."""

MAX_MESSAGE_BYTES: Final = 64 * 1024
"""Well above a session description with all candidates (about 8 kB in Chromium)."""
MAX_PENDING_COMMANDS: Final = 16
COMMAND_TIMEOUT_S: Final = 10.0
"""A full-resolution photo takes up to 3 s on a slow phone; after this the operator is told that nothing came back."""
RINGING_TIMEOUT_S: Final = 45.0
ABSENCE_TIMEOUT_S: Final = 20.0
"""How long a call waits for a side whose connection broke."""
BURST_MESSAGES: Final = 200
MESSAGES_PER_S: Final = 50.0

CLOSE_REPLACED: Final = 4409
CLOSE_FLOOD: Final = 4429

_COMMANDS: Final[Mapping[str, frozenset[str]]] = {
    "go_to_step": frozenset({"step_id"}),
    "take_photo": frozenset(),
}


@dataclass(frozen=True, slots=True)
class Participant:
    """One connected page."""

    connection_id: str
    role: Role
    actor_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Send:
    """Deliver a message to one page."""

    to: Participant
    message: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Close:
    """End one page's connection."""

    to: Participant
    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Log:
    """Append a line to the inspection's event log."""

    by: Participant
    kind: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AnalysisOffer:
    """The seller's page offers frames to the service's own peer."""

    by: Participant
    description: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AnalysisCandidate:
    """A network candidate for the service's own peer; ``None`` ends the list."""

    by: Participant
    candidate: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class WatchStep:
    """The step for which the seller now needs hints."""

    by: Participant
    step_id: str


Effect = Send | Close | Log | AnalysisOffer | AnalysisCandidate | WatchStep


@dataclass(frozen=True, slots=True)
class OngoingCall:
    """What a page that has just been loaded must know of a call."""

    id: str
    operator_name: str
    state: CallState


@dataclass(slots=True)
class _Call:
    call_id: str
    operator: Participant
    state: CallState
    since_s: float
    absent_since_s: dict[Role, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Command:
    id: str
    name: str
    operator: Participant
    sent_s: float


@dataclass(slots=True)
class _Allowance:
    """A token bucket: a page may burst, and then keep a steady pace."""

    tokens: float
    at_s: float

    def spend(self, now_s: float) -> bool:
        self.tokens = min(BURST_MESSAGES, self.tokens + (now_s - self.at_s) * MESSAGES_PER_S)
        self.at_s = now_s
        self.tokens -= 1
        return self.tokens >= 0


class Signalling:
    """The state of one inspection's live session; every method returns the effects to carry out, in order."""

    def __init__(self) -> None:
        self.seller: Participant | None = None
        self.operators: dict[str, Participant] = {}
        self.claimed_by: str | None = None
        """Operator id that holds the case; kept true by whoever reads the event log."""
        self.may_see_live = False
        """Whether the seller's consent to live video stands."""
        self._call: _Call | None = None
        self._calls_made = 0
        self._commands: dict[str, _Command] = {}
        self._allowances: dict[str, _Allowance] = {}

    # --- coming and going -----------------------------------------------------------------------

    def join(self, who: Participant, now_s: float) -> list[Effect]:
        """Let a page in; a newer tab of the same seller takes the older one's place."""
        effects: list[Effect] = []
        if who.role == "seller":
            if self.seller is not None:
                self._allowances.pop(self.seller.connection_id, None)
                effects.append(Close(self.seller, CLOSE_REPLACED, "opened in another tab"))
            self.seller = who
        else:
            self.operators[who.connection_id] = who
        self._allowances[who.connection_id] = _Allowance(BURST_MESSAGES, now_s)
        if self._call is not None and self._is_in_call(who):
            self._call.absent_since_s.pop(who.role, None)
            if who.role == "operator":
                self._call.operator = who
            effects.append(Send(who, self._call_message(self._call.state)))
        return effects + self._presence()

    def leave(self, who: Participant, now_s: float) -> list[Effect]:
        """Note that a page's connection ended; a call waits a while for it to come back."""
        self._allowances.pop(who.connection_id, None)
        if who.role == "seller":
            if self.seller != who:
                return []
            self.seller = None
        elif self.operators.pop(who.connection_id, None) is None:
            return []
        if self._call is not None and (who.role == "seller" or self._call.operator == who):
            self._call.absent_since_s[who.role] = now_s
        return self._presence()

    @property
    def is_empty(self) -> bool:
        """Whether nobody is connected and no call waits for anybody."""
        return self.seller is None and not self.operators and self._call is None

    @property
    def call(self) -> OngoingCall | None:
        """The call that rings or goes on, if there is one."""
        call = self._call
        return None if call is None else OngoingCall(call.call_id, call.operator.name, call.state)

    def tick(self, now_s: float) -> list[Effect]:
        """Let time pass: unanswered commands, unanswered rings and broken calls come to an end."""
        effects: list[Effect] = []
        for command in [c for c in self._commands.values() if now_s - c.sent_s >= COMMAND_TIMEOUT_S]:
            effects += self._answer(command, ok=False, effect=None, error="no-answer", by=command.operator)
        call = self._call
        if call is not None:
            unanswered = call.state == "ringing" and now_s - call.since_s >= RINGING_TIMEOUT_S
            gone = any(now_s - since >= ABSENCE_TIMEOUT_S for since in call.absent_since_s.values())
            if unanswered or gone:
                effects += self._end_call(call.operator, "unanswered" if unanswered else "connection-lost")
        return effects

    # --- messages -------------------------------------------------------------------------------

    def receive(self, who: Participant, text: str, now_s: float) -> list[Effect]:
        """Take one message from a page. A bad one is answered with a ``problem``; it never raises."""
        allowance = self._allowances.get(who.connection_id)
        if allowance is None:
            return []  # replaced or gone: what still arrives from it no longer counts
        if not allowance.spend(now_s):
            self._allowances.pop(who.connection_id)
            return [Send(who, _problem(TooManyMessages())), Close(who, CLOSE_FLOOD, "too many messages")]
        try:
            return self._handle(who, _parse(text), now_s)
        except InspectionServiceError as error:
            return [Send(who, _problem(error))]

    def _handle(self, who: Participant, message: Mapping[str, Any], now_s: float) -> list[Effect]:
        match message["type"]:
            case "ping":
                return [Send(who, {"type": "pong"})]
            case "call.open":
                return self._open_call(who, now_s)
            case "call.accept":
                return self._accept_call(who, now_s)
            case "call.decline":
                call = self._need_call(who, "seller", "ringing")
                self._call = None
                return [
                    Log(who, "call.declined", {"call_id": call.call_id}),
                    *self._tell_call(call, "declined"),
                ]
            case "call.end":
                if self._call is None or not self._is_in_call(who):
                    raise NoCall
                return self._end_call(who, "hung-up")
            case "signal":
                return self._relay(who, _object(message, "payload"))
            case "command":
                return self._command(who, message, now_s)
            case "ack":
                return self._acknowledge(who, message)
            case "analysis.offer":
                _only(who, "seller")
                self._need_consent()
                description = _object(message, "description")
                return [AnalysisOffer(who, {k: _text(description, k) for k in ("type", "sdp")})]
            case "analysis.candidate":
                _only(who, "seller")
                candidate = message.get("candidate")
                if candidate is not None and not isinstance(candidate, dict):
                    raise MalformedMessage("candidate must be an object or null.", pointer="/candidate")
                return [AnalysisCandidate(who, candidate)]
            case "watch.step":
                _only(who, "seller")
                return [WatchStep(who, _text(message, "step_id"))]
            case other:
                raise MalformedMessage(f"There is no message of type {str(other)[:40]!r}.", pointer="/type")

    # --- call -----------------------------------------------------------------------------------

    def _open_call(self, who: Participant, now_s: float) -> list[Effect]:
        _only(who, "operator")
        self._need_claim(who)
        if self.seller is None:
            raise SellerAbsent
        if self._call is not None:
            if self._call.operator.actor_id != who.actor_id:
                raise NoCall(
                    "A colleague is in a call with this seller.", operator_name=self._call.operator.name
                )
            return [Send(who, self._call_message(self._call.state))]
        self._calls_made += 1
        self._call = _Call(f"{who.connection_id}-{self._calls_made}", who, "ringing", now_s)
        return [
            Log(who, "call.opened", {"call_id": self._call.call_id}),
            *self._tell_call(self._call, "ringing"),
        ]

    def _accept_call(self, who: Participant, now_s: float) -> list[Effect]:
        call = self._need_call(who, "seller", "ringing")
        self._need_consent()
        call.state, call.since_s = "accepted", now_s
        return [Log(who, "call.accepted", {"call_id": call.call_id}), *self._tell_call(call, "accepted")]

    def _end_call(self, by: Participant, reason: EndReason) -> list[Effect]:
        call = self._call
        if call is None:
            raise NoCall
        self._call = None
        return [
            Log(by, "call.ended", {"call_id": call.call_id, "reason": reason}),
            *self._tell_call(call, "ended", reason),
        ]

    def withdraw_live_consent(self) -> list[Effect]:
        """End what live consent allowed, at once, when the seller takes it back."""
        self.may_see_live = False
        if self._call is None or self.seller is None:
            return []
        return self._end_call(self.seller, "consent-withdrawn")

    def _relay(self, who: Participant, payload: Mapping[str, Any]) -> list[Effect]:
        if not payload.keys() & {"description", "candidate", "renegotiate"}:
            raise MalformedMessage(
                "payload needs a description, a candidate or renegotiate.", pointer="/payload"
            )
        if self._call is None or self._call.state != "accepted" or not self._is_in_call(who):
            raise NoCall
        other = self._call.operator if who.role == "seller" else self.seller
        if other is None or (other.role == "operator" and other.connection_id not in self.operators):
            return []  # the other side is reconnecting and will ask for a new offer
        return [Send(other, {"type": "signal", "from": who.role, "payload": payload})]

    # --- commands -------------------------------------------------------------------------------

    def _command(self, who: Participant, message: Mapping[str, Any], now_s: float) -> list[Effect]:
        _only(who, "operator")
        command_id, name = _text(message, "id"), _text(message, "name")
        arguments = message.get("args") or {}
        if name not in _COMMANDS:
            raise MalformedMessage(f"There is no command {name[:40]!r}.", pointer="/name", id=command_id)
        if not isinstance(arguments, dict) or set(arguments) != _COMMANDS[name]:
            raise MalformedMessage(
                f"{name} takes {', '.join(sorted(_COMMANDS[name])) or 'no arguments'}.",
                pointer="/args",
                id=command_id,
            )
        if not all(isinstance(value, str) and len(value) <= 100 for value in arguments.values()):
            raise MalformedMessage("Arguments are short texts.", pointer="/args", id=command_id)
        self._need_claim(who)
        if command_id in self._commands or len(self._commands) >= MAX_PENDING_COMMANDS:
            raise MalformedMessage("This command id is in use, or too many commands wait.", pointer="/id")
        refusal = self._why_not_now(who)
        if refusal is not None:
            return [Send(who, _ack(command_id, ok=False, effect=None, error=refusal.slug))]
        assert self.seller is not None
        self._commands[command_id] = _Command(command_id, name, who, now_s)
        return [
            Log(who, "command.sent", {"id": command_id, "name": name, "args": arguments}),
            Send(self.seller, {"type": "command", "id": command_id, "name": name, "args": arguments}),
        ]

    def _why_not_now(self, who: Participant) -> InspectionServiceError | None:
        if self.seller is None:
            return SellerAbsent()
        if self._call is None or self._call.state != "accepted" or not self._is_in_call(who):
            return NoCall()
        return None

    def _acknowledge(self, who: Participant, message: Mapping[str, Any]) -> list[Effect]:
        _only(who, "seller")
        command = self._commands.get(_text(message, "id"))
        if command is None:
            return []  # answered already, or given up on
        effect = message.get("effect")
        if effect is not None and not isinstance(effect, dict):
            raise MalformedMessage("effect must be an object or null.", pointer="/effect")
        error = message.get("error")
        return self._answer(
            command,
            ok=message.get("ok") is True,
            effect=effect,
            error=str(error)[:200] if error else None,
            by=who,
        )

    def _answer(
        self,
        command: _Command,
        *,
        ok: bool,
        effect: Mapping[str, Any] | None,
        error: str | None,
        by: Participant,
    ) -> list[Effect]:
        del self._commands[command.id]
        data = {"id": command.id, "name": command.name, "ok": ok, "effect": effect, "error": error}
        effects: list[Effect] = [Log(by, "command.acknowledged", data)]
        # The operator may have reconnected meanwhile: the answer goes to whichever page of theirs is open.
        effects += [
            Send(operator, _ack(command.id, ok=ok, effect=effect, error=error))
            for operator in self.operators.values()
            if operator.actor_id == command.operator.actor_id
        ]
        return effects

    # --- shared ---------------------------------------------------------------------------------

    def _is_in_call(self, who: Participant) -> bool:
        if self._call is None:
            return False
        return who.role == "seller" or who.actor_id == self._call.operator.actor_id

    def _need_call(self, who: Participant, role: Role, state: CallState) -> _Call:
        _only(who, role)
        if self._call is None or self._call.state != state:
            raise NoCall
        return self._call

    def _need_claim(self, who: Participant) -> None:
        if self.claimed_by != who.actor_id:
            raise ClaimNeeded

    def _need_consent(self) -> None:
        if not self.may_see_live:
            raise ConsentMissing

    def _presence(self) -> list[Effect]:
        names = sorted({operator.name for operator in self.operators.values()})
        message = {"type": "presence", "seller": self.seller is not None, "operators": names}
        everyone = [*([self.seller] if self.seller else []), *self.operators.values()]
        return [Send(who, message) for who in everyone]

    def _call_message(self, state: str, reason: str | None = None) -> dict[str, Any]:
        assert self._call is not None
        return _call_message(self._call, state, reason)

    def _tell_call(self, call: _Call, state: str, reason: str | None = None) -> list[Effect]:
        message = _call_message(call, state, reason)
        sides = [*([self.seller] if self.seller else []), *self.operators.values()]
        return [Send(who, message) for who in sides]


def _call_message(call: _Call, state: str, reason: str | None) -> dict[str, Any]:
    message = {
        "type": "call",
        "call_id": call.call_id,
        "state": state,
        "operator_id": call.operator.actor_id,
        "operator_name": call.operator.name,
    }
    return message | ({"reason": reason} if reason else {})


def _ack(command_id: str, *, ok: bool, effect: Mapping[str, Any] | None, error: str | None) -> dict[str, Any]:
    return {"type": "ack", "id": command_id, "ok": ok, "effect": effect, "error": error}


def _problem(error: InspectionServiceError) -> dict[str, Any]:
    problem = {"type": f"urn:inspection:problem:{error.slug}", "detail": error.message, **error.attributes}
    return {"type": "problem", "problem": problem}


def _parse(text: str) -> Mapping[str, Any]:
    if len(text) > MAX_MESSAGE_BYTES:
        raise MalformedMessage("The message is too long.", max_bytes=MAX_MESSAGE_BYTES)
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedMessage("The message is not JSON.") from error
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise MalformedMessage("A message is an object with a type.", pointer="/type")
    return message


def _only(who: Participant, role: Role) -> None:
    if who.role != role:
        raise WrongRole


def _object(message: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = message.get(key)
    if not isinstance(value, dict):
        raise MalformedMessage(f"{key} must be an object.", pointer=f"/{key}")
    return value


def _text(message: Mapping[str, Any], key: str) -> str:
    value = message.get(key)
    if not isinstance(value, str) or not value:
        raise MalformedMessage(f"{key} must be a text.", pointer=f"/{key}")
    return value
