"""A call ends with its case, in the same transaction: no report tells of a call that never ended."""

from __future__ import annotations

from inspection_service.inspections.calls import CALL_EVENTS, ongoing_call, ringing_call
from inspection_service.inspections.changes import Change
from inspection_service.inspections.records import Actor


async def hang_up(change: Change) -> None:
    """End the call that rings or goes on, and what anybody sees of it, because the case is over."""
    events = await change.case.events_of(CALL_EVENTS)
    ongoing = ongoing_call(events)
    for viewer in ongoing.viewers if ongoing is not None else ():
        by = Actor("operator", viewer.operator_id, viewer.name)
        await change.record("viewer.left", by, viewer_id=viewer.viewer_id)
    call = ongoing or ringing_call(events)
    if call is not None:
        await change.record("call.ended", call_id=call.call_id, reason="closed")
