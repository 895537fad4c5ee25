"""What the event log says of a call: a pure reading, so that a restarted service knows what was going on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from inspection_service.inspections.records import (
    Event,
    OngoingCallFacts,
    OperatorId,
    RingingCallFacts,
    Viewer,
)

CALL_EVENTS: Final = frozenset(
    {
        "call.opened",
        "call.accepted",
        "call.declined",
        "call.ended",
        "call.paused",
        "call.resumed",
        "viewer.joined",
        "viewer.left",
    }
)
"""The events ``ongoing_call`` reads."""


def ongoing_call(events: Iterable[Event]) -> OngoingCallFacts | None:
    """Return the call that was accepted and has not ended.

    Args:
        events: Those of ``CALL_EVENTS``, oldest first; others are passed over.
    """
    opened: dict[str, Event] = {}
    call: OngoingCallFacts | None = None
    for event in events:
        call_id = str(event.data.get("call_id", ""))
        match event.kind:
            case "call.opened":
                opened[call_id] = event
            case "call.accepted" if call_id in opened:
                who = opened[call_id].actor
                call = OngoingCallFacts(
                    call_id=call_id,
                    operator_id=OperatorId(who.id),
                    operator_name=who.name,
                    accepted_at=event.at,
                    is_paused=False,
                    viewers=(),
                )
            case "call.ended" | "call.declined" if call is not None and call.call_id == call_id:
                call = None
            case _ if call is not None:
                call = _moved_on(call, event)
            case _:
                pass
    return call


def ringing_call(events: Iterable[Event]) -> RingingCallFacts | None:
    """Return the call that was opened and neither accepted nor ended.

    Args:
        events: Those of ``CALL_EVENTS``, oldest first; others are passed over.
    """
    ringing: RingingCallFacts | None = None
    for event in events:
        call_id = str(event.data.get("call_id", ""))
        if event.kind == "call.opened":
            ringing = RingingCallFacts(call_id, OperatorId(event.actor.id), event.actor.name)
        elif ringing is not None and ringing.call_id == call_id:
            ringing = None
    return ringing


def _moved_on(call: OngoingCallFacts, event: Event) -> OngoingCallFacts:
    viewer_id = str(event.data.get("viewer_id", ""))
    others = tuple(viewer for viewer in call.viewers if viewer.viewer_id != viewer_id)
    match event.kind:
        case "call.paused":
            return replace(call, is_paused=True)
        case "call.resumed":
            return replace(call, is_paused=False)
        case "viewer.joined":
            viewer = Viewer(viewer_id, OperatorId(event.actor.id), event.actor.name)
            return replace(call, viewers=(*others, viewer))
        case "viewer.left":
            return replace(call, viewers=others)
        case _:
            return call
