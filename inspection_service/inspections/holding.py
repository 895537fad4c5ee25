"""Which process writes for a live session: a new one gets a higher number, and what an older one writes is refused."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from inspection_service.inspections.changes import Acts
from inspection_service.inspections.errors import SessionElsewhere
from inspection_service.inspections.records import InspectionId
from inspection_service.storage import tables as t

FIRST_FENCE: Final = 1


class Holding(Acts):
    """Who has the live session, where several nodes might; the inspection's lock puts it in order with all acts."""

    async def hold_session(
        self, inspection_id: InspectionId, node_id: str, *, only_if_free: bool = False
    ) -> int:
        """Make a node the one that writes for an inspection's live session.

        Args:
            inspection_id: The inspection.
            node_id: The node.
            only_if_free: Leave it to another node that has not given it back.

        Returns:
            The number to write with: ``note(..., fence=)``, ``say(..., fence=)``.

        Raises:
            SessionElsewhere: Another node has it.
            InspectionUnknown: There is no such inspection.
        """
        async with self._writing() as (repository, _):
            case = await repository.case(inspection_id, lock=True)
            held = await case.session_holder()
            if held is None:
                await case.add_session_holder(node_id, FIRST_FENCE)
                return FIRST_FENCE
            if only_if_free and held.node_id not in (None, node_id):
                raise SessionElsewhere
            await case.save_session_holder(node_id, held.fence + 1)
            return held.fence + 1

    async def release_session(self, inspection_id: InspectionId, fence: int) -> None:
        """Note that nobody has the session any more; nothing happens where somebody else has it by now."""
        async with self._writing() as (repository, _):
            case = await repository.case(inspection_id, lock=True)
            held = await case.session_holder()
            if held is not None and held.fence == fence:
                await case.save_session_holder(None, fence)

    async def session_node(self, inspection_id: InspectionId) -> str | None:
        """Return the node that has an inspection's session and has not given it back."""
        async with self._reading() as repository:
            held = await (await repository.case(inspection_id)).session_holder()
            return None if held is None else held.node_id

    async def held_sessions(self, node_id: str) -> frozenset[InspectionId]:
        """Return the inspections whose sessions a node has, as the record knows it; of all tenants."""
        column = t.session_holders.c
        query = select(column.inspection_id).where(column.node_id == node_id)
        async with self._database.read() as transaction:
            return frozenset(map(InspectionId, (await transaction.connection.execute(query)).scalars()))
