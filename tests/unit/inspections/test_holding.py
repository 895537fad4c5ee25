"""Who writes for a live session: one process at a time, whoever else still believes to."""

from __future__ import annotations

import asyncio

import pytest

from inspection_service.inspections.errors import InspectionUnknown, SessionElsewhere, SessionMoved
from inspection_service.inspections.records import Actor, InspectionId
from inspection_service.testing import Backend

pytestmark = pytest.mark.unit
OPERATOR = Actor("operator", "op_1", "Olivia")


async def test_what_an_older_owner_writes_is_refused(backend: Backend) -> None:
    """Neither a command nor a sentence of it gets into the log; the new one's do."""
    seller = await backend.joined()
    case, rooms = seller.inspection_id, backend.inspections
    older = await rooms.hold_session(case, "node_a")
    await rooms.note(case, "command.sent", {"no": 1}, by=OPERATOR, fence=older)
    newer = await rooms.hold_session(case, "node_b")
    before = await rooms.events(case)
    with pytest.raises(SessionMoved):
        await rooms.note(case, "command.sent", {"no": 2}, by=OPERATOR, fence=older)
    with pytest.raises(SessionMoved):
        await rooms.say(case, seller.actor, "hello", fence=older)
    with pytest.raises(SessionMoved):
        await rooms.note(case, "command.sent", {"no": 2}, by=OPERATOR, fence=0)
    assert await rooms.events(case) == before
    await rooms.say(case, seller.actor, "hello", fence=newer)
    assert await rooms.held_sessions("node_b") == {case}
    assert await rooms.held_sessions("node_a") == set()
    assert await rooms.session_node(case) == "node_b"


async def test_owners_are_counted_up_however_many_come_at_once(backend: Backend) -> None:
    """No two of them get the same number."""
    case = (await backend.joined()).inspection_id
    fences = await asyncio.gather(
        *(backend.inspections.hold_session(case, f"node_{number}") for number in range(8))
    )
    assert sorted(fences) == list(range(1, 9))


async def test_what_was_given_back_is_free_and_only_its_owner_can_give_it_back(backend: Backend) -> None:
    """So that a session can begin where the broker is away, and a late goodbye frees nothing."""
    case = (await backend.joined()).inspection_id
    rooms = backend.inspections
    first = await rooms.hold_session(case, "node_a", only_if_free=True)
    with pytest.raises(SessionElsewhere):
        await rooms.hold_session(case, "node_b", only_if_free=True)
    second = await rooms.hold_session(case, "node_a", only_if_free=True)
    await rooms.release_session(case, first)
    with pytest.raises(SessionElsewhere):
        await rooms.hold_session(case, "node_b", only_if_free=True)
    await rooms.release_session(case, second)
    assert await rooms.hold_session(case, "node_b", only_if_free=True) == second + 1
    with pytest.raises(InspectionUnknown):
        await rooms.hold_session(InspectionId("ins_none"), "node_a")
