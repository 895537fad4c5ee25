"""What nodes say to each other about a page whose socket is on one of them and whose session on another.

A frame is a JSON array on the first line, then, where a page's own words are passed on, those words unread. Messages
between nodes may be lost: frames of one page are numbered in each direction, and a gap ends the page's connection with
a code on which it comes back and resumes from the log.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from inspection_service.inspections.records import InspectionId
from inspection_service.media.signalling import Participant

COME_BACK: Final = 1012
"""Service restart (IANA WebSocket close codes): pages come back on it, as after a restart of a single node."""
NOT_HERE: Final = 4000
"""Between nodes only: the session does not rest where the page was sent to."""
_MAX_HEAD_BYTES: Final = 8 * 1024


@dataclass(frozen=True, slots=True)
class Join:
    """To the owner: let this page in."""

    node_id: str
    """Where its socket is."""
    inspection_id: InspectionId
    who: Participant
    greeting: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """To the owner: the page said this."""

    connection_id: str
    number: int
    words: str | bytes


@dataclass(frozen=True, slots=True)
class Left:
    """To the owner: the page's connection has ended."""

    connection_id: str


@dataclass(frozen=True, slots=True)
class Told:
    """To the page's node: send it this."""

    connection_id: str
    number: int
    words: str


@dataclass(frozen=True, slots=True)
class Bye:
    """To the page's node: close its connection."""

    connection_id: str
    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Probe:
    """To any node: say that you live."""

    node_id: str
    nonce: int


@dataclass(frozen=True, slots=True)
class Echo:
    """The answer to a probe."""

    node_id: str
    nonce: int


Frame = Join | Said | Left | Told | Bye | Probe | Echo


def written(frame: Frame) -> bytes:
    """Write a frame."""
    match frame:
        case Join(node_id, inspection_id, who, greeting):
            return _head("join", node_id, inspection_id, asdict(who), dict(greeting))
        case Said(connection_id, number, words):
            kind, body = ("said", words.encode()) if isinstance(words, str) else ("shown", words)
            return _head(kind, connection_id, number) + b"\n" + body
        case Left(connection_id):
            return _head("left", connection_id)
        case Told(connection_id, number, words):
            return _head("told", connection_id, number) + b"\n" + words.encode()
        case Bye(connection_id, code, reason):
            return _head("bye", connection_id, code, reason)
        case Probe(node_id, nonce):
            return _head("probe", node_id, nonce)
        case Echo(node_id, nonce):
            return _head("echo", node_id, nonce)


def _head(*values: Any) -> bytes:
    return json.dumps(values, separators=(",", ":")).encode()


def read(message: bytes) -> Frame | None:
    """Read a frame; ``None`` for what is none: another release's, or nobody's."""
    head, _, body = message.partition(b"\n")
    if len(head) > _MAX_HEAD_BYTES:
        return None
    try:
        return _frame(json.loads(head), body)
    except (ValueError, TypeError, RecursionError):
        return None


def _frame(head: Any, body: bytes) -> Frame | None:
    match head:
        case ["join", str(node_id), str(inspection_id), dict(who), dict(greeting)]:
            return Join(node_id, InspectionId(inspection_id), _participant(who), greeting)
        case ["said", str(connection_id), int(number)]:
            return Said(connection_id, number, body.decode())
        case ["shown", str(connection_id), int(number)]:
            return Said(connection_id, number, body)
        case ["left", str(connection_id)]:
            return Left(connection_id)
        case ["told", str(connection_id), int(number)]:
            return Told(connection_id, number, body.decode())
        case ["bye", str(connection_id), int(code), str(reason)]:
            return Bye(connection_id, code, reason)
        case ["probe", str(node_id), int(nonce)]:
            return Probe(node_id, nonce)
        case ["echo", str(node_id), int(nonce)]:
            return Echo(node_id, nonce)
        case _:
            return None


def _participant(who: Mapping[str, Any]) -> Participant:
    match who:
        case {
            "connection_id": str(connection_id),
            "role": "seller" | "operator" as role,
            "actor_id": str(actor_id),
            "name": str(name),
            "may_supervise": bool(may_supervise),
            **rest,
        } if not rest:
            return Participant(connection_id, role, actor_id, name, may_supervise)
        case _:
            raise ValueError("no participant")
