"""Which process writes for a live session: a new one gets a higher number, and what an older one writes is refused."""

from __future__ import annotations

from typing import Final

from inspection_service.inspections.changes import Acts
from inspection_service.inspections.errors import SessionElsewhere
from inspection_service.inspections.records import InspectionId

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

    async def needs_session(self, inspection_id: InspectionId, fence: int) -> None:
        """Return when the session is still held with this number. Raises ``SessionMoved``."""
        async with self._reading() as repository:
            await (await repository.case(inspection_id)).needs_fence(fence)
