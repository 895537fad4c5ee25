"""What an operator may ask of the phone: typed, allowed by level, numbered, carried out once, and always answered."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from inspection_service.inspections.records import LiveLevel
from inspection_service.inspections.views import allows
from inspection_service.media.errors import MalformedMessage
from inspection_service.media.signalling.call import Calls
from inspection_service.media.signalling.messages import (
    MAX_ID_CHARACTERS,
    Effect,
    Log,
    Participant,
    Send,
    flat_in,
    only,
    text_in,
)
from inspection_service.media.signalling.room import Room

CommandRefusal = Literal["no-answer", "seller-absent", "no-call", "paused", "level-needed", "claim-needed"]
"""Why a command was not carried out, where the phone itself did not say."""

MAX_PENDING_COMMANDS: Final = 16
REMEMBERED_ANSWERS: Final = 64
COMMAND_TIMEOUT_S: Final = 10.0
"""A full-resolution photo takes up to 3 s on a slow phone; after this the operator is told that nothing came back."""
SELLER_ASKED_S: Final = 60.0
"""How long a seller may read a question on the phone before the operator is told that nobody answered it."""
ZOOM: Final = (0.1, 100.0)
"""Bounds of a zoom ratio; what a camera really can is in its capabilities."""

Check = Callable[[object], bool]


def _is_boolean(value: object) -> bool:
    return isinstance(value, bool)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_ID_CHARACTERS


def _is_zoom(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and ZOOM[0] <= value <= ZOOM[1]


@dataclass(frozen=True, slots=True)
class Kind:
    """One command: what the seller must allow for it, and what it takes."""

    level: LiveLevel
    arguments: Mapping[str, Check]
    patience_s: float = COMMAND_TIMEOUT_S
    """How long an answer may take."""


COMMANDS: Final[Mapping[str, Kind]] = {
    "go_to_step": Kind("steer", {"step_id": _is_id}),
    "take_photo": Kind("steer", {}),
    "torch": Kind("steer", {"on": _is_boolean}),
    "zoom": Kind("steer", {"level": _is_zoom}),
    "switch_camera": Kind("steer", {}),
    "freeze": Kind("point", {}),
    "unfreeze": Kind("point", {}),
    "show_example": Kind("point", {"step_id": _is_id}),
    "play_sound": Kind("watch", {}),
    "request_microphone": Kind("watch", {}),
    # The consent to it is asked for on the phone, and checked when the first piece of the recording comes in.
    "record": Kind("watch", {"on": _is_boolean}, SELLER_ASKED_S),
}


@dataclass(frozen=True, slots=True)
class SentCommand:
    """A command that the phone has not answered yet."""

    id: str
    no: int
    name: str
    operator: Participant


@dataclass(frozen=True, slots=True)
class _Answer:
    operator_id: str
    message: Mapping[str, Any]


class Commands:
    """Sends commands to the phone and sees to it that each gets one answer, even when the phone gives none."""

    def __init__(self, room: Room, calls: Calls) -> None:
        self._room = room
        self._calls = calls
        self._last_no = 0
        self._pending: dict[str, tuple[SentCommand, float]] = {}
        self._answered: OrderedDict[str, _Answer] = OrderedDict()

    def resume(self, last_no: int, pending: tuple[SentCommand, ...], now_s: float) -> None:
        """Go on after a restart: with the next number, waiting for what was not answered."""
        self._last_no = last_no
        self._pending = {each.id: (each, now_s) for each in pending[-MAX_PENDING_COMMANDS:]}

    def send(self, who: Participant, message: Mapping[str, Any], now_s: float) -> list[Effect]:
        """Take a command from an operator.

        A command that may not or cannot be carried out now is answered at once; one that came twice is carried out
        once.

        Raises:
            WrongRole: A seller sends no commands.
            MalformedMessage: There is no such command, it takes other arguments, or too many wait for an answer.
        """
        only(who, "operator")
        command_id = text_in(message, "id", at_most=MAX_ID_CHARACTERS)
        kind, name, arguments = _checked(message, command_id)
        earlier = self._earlier(who, command_id)
        if earlier is not None:
            return earlier
        if len(self._pending) >= MAX_PENDING_COMMANDS:
            raise MalformedMessage("Too many commands wait for an answer.", pointer="/id", id=command_id)
        refusal = self._refusal(who, kind)
        if refusal is not None:
            return [Send(who, _ack(command_id, None, ok=False, **refusal))]
        assert self._room.seller is not None
        self._last_no += 1
        sent = SentCommand(command_id, self._last_no, name, who)
        self._pending[command_id] = (sent, now_s)
        told = {"id": command_id, "no": sent.no, "name": name, "args": dict(arguments)}
        return [Log(who, "command.sent", told), Send(self._room.seller, {"type": "command", **told})]

    def acknowledge(self, who: Participant, message: Mapping[str, Any]) -> list[Effect]:
        """Take the phone's answer: what the camera did, read back from it.

        Raises:
            WrongRole, MalformedMessage: It is not a phone's answer.
        """
        only(who, "seller")
        waiting = self._pending.get(text_in(message, "id", at_most=MAX_ID_CHARACTERS))
        effect = flat_in(message, "effect")
        error = message.get("error")
        if error is not None and not _is_id(error):
            raise MalformedMessage("error must be a short code or null.", pointer="/error")
        if waiting is None:
            return []  # answered already, given up on, or never sent
        ok = message.get("ok") is True
        return self._answer(waiting[0], ok=ok, effect=effect, error=None if ok else error, by=who)

    def tick(self, now_s: float) -> list[Effect]:
        """Answer in the phone's place what it left unanswered."""
        late = [sent for sent, at_s in self._pending.values() if now_s - at_s >= _patience_s(sent)]
        effects: list[Effect] = []
        for sent in late:
            effects += self._answer(sent, ok=False, effect=None, error="no-answer", by=sent.operator)
        return effects

    def _earlier(self, who: Participant, command_id: str) -> list[Effect] | None:
        if command_id in self._pending:
            if self._pending[command_id][0].operator.actor_id == who.actor_id:
                return []  # it came twice; the answer is on its way
        elif command_id in self._answered:
            answer = self._answered[command_id]
            if answer.operator_id == who.actor_id:
                return [Send(who, answer.message)]
        else:
            return None
        raise MalformedMessage("A colleague has used this command id.", pointer="/id", id=command_id)

    def _refusal(self, who: Participant, kind: Kind) -> dict[str, Any] | None:
        room, call = self._room, self._calls.current
        refusal: CommandRefusal
        if room.claimed_by != who.actor_id:
            refusal = "claim-needed"
        elif room.seller is None:
            refusal = "seller-absent"
        elif call is None or call.state != "accepted" or not self._calls.includes(who):
            refusal = "no-call"
        elif call.is_paused:
            refusal = "paused"
        elif not allows(room.live_level, kind.level):
            return {"error": "level-needed", "level": kind.level}
        else:
            return None
        return {"error": refusal}

    def _answer(
        self,
        sent: SentCommand,
        *,
        ok: bool,
        effect: Mapping[str, Any] | None,
        error: str | None,
        by: Participant,
    ) -> list[Effect]:
        del self._pending[sent.id]
        message = _ack(sent.id, sent.no, ok=ok, effect=effect, error=error)
        self._answered[sent.id] = _Answer(sent.operator.actor_id, message)
        while len(self._answered) > REMEMBERED_ANSWERS:
            self._answered.popitem(last=False)
        data = {"id": sent.id, "no": sent.no, "name": sent.name, "ok": ok, "effect": effect, "error": error}
        # The operator may have reconnected meanwhile: the answer goes to whichever page of theirs is open.
        answers = [Send(page, message) for page in self._room.pages_of(sent.operator.actor_id)]
        return [Log(by, "command.acknowledged", data), *answers]


def _patience_s(sent: SentCommand) -> float:
    kind = COMMANDS.get(sent.name)
    return (
        COMMAND_TIMEOUT_S if kind is None else kind.patience_s
    )  # an older release's log may name another one


def _checked(message: Mapping[str, Any], command_id: str) -> tuple[Kind, str, Mapping[str, Any]]:
    name = text_in(message, "name")
    kind = COMMANDS.get(name)
    if kind is None:
        raise MalformedMessage(f"There is no command {name[:40]!r}.", pointer="/name", id=command_id)
    arguments = message.get("args")
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, dict) or set(arguments) != set(kind.arguments):
        takes = ", ".join(sorted(kind.arguments)) or "no arguments"
        raise MalformedMessage(f"{name} takes {takes}.", pointer="/args", id=command_id)
    for key, check in kind.arguments.items():
        if not check(arguments[key]):
            raise MalformedMessage(f"{name} cannot use this {key}.", pointer=f"/args/{key}", id=command_id)
    return kind, name, arguments


def _ack(
    command_id: str,
    no: int | None,
    *,
    ok: bool,
    error: str | None,
    effect: Mapping[str, Any] | None = None,
    level: str | None = None,
) -> dict[str, Any]:
    told = {"type": "ack", "id": command_id, "ok": ok, "effect": effect, "error": error}
    return told | ({} if no is None else {"no": no}) | ({} if level is None else {"level": level})
