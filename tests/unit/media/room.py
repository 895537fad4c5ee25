"""A room with a seller, an operator, a colleague and a supervisor, and how to read what the protocol decides."""

from __future__ import annotations

import json
from typing import Any

from inspection_service.inspections.records import LiveLevel
from inspection_service.media.signalling import Effect, Log, Participant, Send, Signalling

SELLER = Participant("c1", "seller", "ins_1", "Seller")
SELLER_AGAIN = Participant("c2", "seller", "ins_1", "Seller")
OPERATOR = Participant("c3", "operator", "op_1", "Ada")
OPERATOR_AGAIN = Participant("c4", "operator", "op_1", "Ada")
COLLEAGUE = Participant("c5", "operator", "op_2", "Bob")
SUPERVISOR = Participant("c6", "operator", "op_3", "Eve", may_supervise=True)
SUPERVISOR_AGAIN = Participant("c7", "operator", "op_3", "Eve", may_supervise=True)
SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"
OFFER = {"description": {"type": "offer", "sdp": SDP}}


def message(kind: str, **fields: Any) -> str:
    return json.dumps({"type": kind, **fields})


def command(command_id: str, name: str = "take_photo", **arguments: Any) -> str:
    return message("command", id=command_id, name=name, args=arguments)


def sent(effects: list[Effect], to: Participant, kind: str) -> list[dict[str, Any]]:
    """The messages of one type that go to one page."""
    return [
        dict(e.message) for e in effects if isinstance(e, Send) and e.to == to and e.message["type"] == kind
    ]


def logged(effects: list[Effect]) -> list[str]:
    return [e.kind for e in effects if isinstance(e, Log)]


def problem_of(effects: list[Effect], to: Participant) -> str:
    """The slug of the one problem that was answered."""
    (only,) = sent(effects, to, "problem")
    return str(only["problem"]["type"]).rpartition(":")[2]


def joined(*, claimed: bool = True, level: LiveLevel = "steer") -> Signalling:
    signalling = Signalling()
    signalling.set_claim("op_1" if claimed else None, 0.0)
    signalling.set_consents(level)
    signalling.join(SELLER, 0.0)
    signalling.join(OPERATOR, 0.0)
    return signalling


def in_call(*, level: LiveLevel = "steer") -> Signalling:
    signalling = joined(level=level)
    signalling.receive(OPERATOR, message("call.open"), 1.0)
    signalling.receive(SELLER, message("call.accept"), 2.0)
    return signalling
