"""What every node knows of the live sessions on all of them: who is there, which call goes on, who is at a desk.

Each node tells the others the whole of its own once a second, and every change at once. So a list asks nobody; what a
lost message leaves wrong is right again a second later, and a node that falls silent is forgotten.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from inspection_service.inspections.records import InspectionId
from inspection_service.media.signalling import OngoingCall

FORGET_S: Final = 5.0
"""A node that has told nothing for so long is gone."""
SESSIONS_PER_MESSAGE: Final = 200
"""Some 200 bytes each."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One live session, as lists and views show it."""

    has_seller: bool = False
    operators: tuple[str, ...] = ()
    """Names."""
    operator_ids: tuple[str, ...] = ()
    call: OngoingCall | None = None


@dataclass(slots=True)
class _Node:
    heard_s: float
    sessions: dict[InspectionId, Shown] = field(default_factory=dict)
    desks: frozenset[str] = frozenset()


class Board:
    """What the other nodes have told."""

    def __init__(self, node_id: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing known; what this node itself tells is passed over."""
        self.on_gone: Callable[[str], None] = lambda _: None
        """Called with a node that has ended, or has fallen silent."""
        self._node_id = node_id
        self._monotonic = monotonic
        self._nodes: dict[str, _Node] = {}

    def shown(self, inspection_id: InspectionId) -> Shown | None:
        """Return what another node tells of a session, if one has it."""
        for node in self._nodes.values():
            if inspection_id in node.sessions:
                return node.sessions[inspection_id]
        return None

    @property
    def operators_online(self) -> frozenset[str]:
        """Operators who have a list or an inspection open on another node, by id."""
        pages = (
            operator
            for node in self._nodes.values()
            for shown in node.sessions.values()
            for operator in shown.operator_ids
        )
        return frozenset(pages).union(*(node.desks for node in self._nodes.values()))

    def take(self, message: bytes) -> frozenset[InspectionId]:
        """Take what a node tells; return the inspections that look different now."""
        told = _read(message)
        if told is None or told.node_id == self._node_id:
            return frozenset()
        if told.is_last:
            return self._forget(told.node_id)
        node = self._nodes.setdefault(told.node_id, _Node(0.0))
        node.heard_s = self._monotonic()
        if told.desks is not None:
            node.desks = told.desks
        changed = {
            inspection_id
            for inspection_id, shown in told.sessions.items()
            if node.sessions.get(inspection_id) != shown
        }
        for inspection_id, shown in told.sessions.items():
            if shown is None:
                node.sessions.pop(inspection_id, None)
            else:
                node.sessions[inspection_id] = shown
        if told.all_of is not None:
            gone = node.sessions.keys() - told.all_of
            changed |= gone
            for inspection_id in gone:
                del node.sessions[inspection_id]
        return frozenset(changed)

    def forget_silent(self) -> frozenset[InspectionId]:
        """Forget nodes that have fallen silent; return the inspections that look different now."""
        now_s = self._monotonic()
        silent = [name for name, node in self._nodes.items() if now_s - node.heard_s >= FORGET_S]
        return frozenset().union(*(self._forget(name) for name in silent))

    def _forget(self, node_id: str) -> frozenset[InspectionId]:
        node = self._nodes.pop(node_id, None)
        if node is None:
            return frozenset()
        self.on_gone(node_id)
        return frozenset(node.sessions)


@dataclass(frozen=True, slots=True)
class _Told:
    node_id: str
    sessions: Mapping[InspectionId, Shown | None]
    desks: frozenset[str] | None = None
    all_of: frozenset[InspectionId] | None = None
    """All sessions of the node, where it tells which they are."""
    is_last: bool = False


def changes(
    node_id: str,
    sessions: Mapping[InspectionId, Shown | None],
    *,
    desks: Iterable[str] | None = None,
    all_of: Iterable[InspectionId] | None = None,
) -> list[bytes]:
    """Write what to tell the other nodes, in messages of a bounded length."""
    items = list(sessions.items())
    pieces = [items[at : at + SESSIONS_PER_MESSAGE] for at in range(0, len(items), SESSIONS_PER_MESSAGE)] or [
        []
    ]
    messages = []
    for number, piece in enumerate(pieces):
        told: dict[str, Any] = {"node": node_id, "sessions": {key: _to_json(shown) for key, shown in piece}}
        if number == 0 and desks is not None:
            told["desks"] = sorted(desks)
        if number == 0 and all_of is not None:
            told["all"] = sorted(all_of)
        messages.append(json.dumps(told, separators=(",", ":")).encode())
    return messages


def last_words(node_id: str) -> bytes:
    """Write that a node ends."""
    return json.dumps({"node": node_id, "last": True}).encode()


def _to_json(shown: Shown | None) -> dict[str, Any] | None:
    if shown is None:
        return None
    call = shown.call
    return {
        "seller": shown.has_seller,
        "names": shown.operators,
        "ids": shown.operator_ids,
        "call": call and [call.id, call.operator_id, call.operator_name, call.state, call.paused],
    }


def _read(message: bytes) -> _Told | None:
    try:
        told = json.loads(message)
        if told.get("last"):
            return _Told(str(told["node"]), {}, is_last=True)
        return _Told(
            str(told["node"]),
            {InspectionId(key): _shown(value) for key, value in told["sessions"].items()},
            desks=frozenset(map(str, told["desks"])) if "desks" in told else None,
            all_of=frozenset(map(InspectionId, told["all"])) if "all" in told else None,
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None  # another release's, or nobody's


def _shown(value: Any) -> Shown | None:
    if value is None:
        return None
    call = None
    if value["call"] is not None:
        call_id, operator_id, operator_name, state, paused = value["call"]
        if state not in ("ringing", "accepted"):
            raise ValueError("no state of a call")
        call = OngoingCall(str(call_id), str(operator_id), str(operator_name), state, bool(paused))
    return Shown(bool(value["seller"]), tuple(map(str, value["names"])), tuple(map(str, value["ids"])), call)
