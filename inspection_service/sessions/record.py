"""What a live session reads and writes of the inspection's record, with the number that says it may."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from inspection_service.clock import Clock
from inspection_service.inspections.errors import SessionMoved
from inspection_service.inspections.recording import NotedKind
from inspection_service.inspections.records import Actor, ChatMessage, Event, InspectionId
from inspection_service.inspections.service import Inspections
from inspection_service.sessions.facts import SessionFacts, facts_of


class InspectionRecord:
    """The record of inspections, as live sessions use it."""

    def __init__(self, inspections: Inspections, clock: Clock) -> None:
        """Keep the inspections; every session may write until ``fenced``."""
        self._inspections = inspections
        self._clock = clock
        self._fence: Callable[[InspectionId], int | None] = lambda _: None
        self._moved: Callable[[InspectionId], None] = lambda _: None

    def fenced(self, fence: Callable[[InspectionId], int], moved: Callable[[InspectionId], None]) -> None:
        """Write with a number from now on.

        Args:
            fence: The number that this node was given for an inspection.
            moved: Called when the record has refused it: another node has the session.
        """
        self._fence, self._moved = fence, moved

    async def record(
        self, inspection_id: InspectionId, kind: str, actor: Actor, data: Mapping[str, Any]
    ) -> Event:
        """Append one event.

        Raises:
            Closed: The log has ended; as ``SessionMoved``: for this node.
        """
        try:
            return await self._inspections.note(
                inspection_id, cast("NotedKind", kind), data, by=actor, fence=self._fence(inspection_id)
            )
        except SessionMoved:
            self._moved(inspection_id)
            raise

    async def say(
        self, inspection_id: InspectionId, actor: Actor, text: str, *, read_aloud: bool, client_id: str
    ) -> ChatMessage:
        """Keep a sentence of the chat. Raises ``SessionMoved`` among others."""
        try:
            return await self._inspections.say(
                inspection_id,
                actor,
                text,
                read_aloud,
                client_id=client_id,
                fence=self._fence(inspection_id),
            )
        except SessionMoved:
            self._moved(inspection_id)
            raise

    async def facts(self, inspection_id: InspectionId, *, whole: bool = False) -> SessionFacts:
        """Return what a session must know now; ``whole`` where it begins, with what the log tells of a call."""
        read = self._inspections.dossier if whole else self._inspections.summary
        dossier = await read(inspection_id)
        is_waiting = await self._inspections.help_waiting(inspection_id)
        return facts_of(dossier, self._clock.now(), help_waiting=is_waiting)

    async def head(self, inspection_id: InspectionId) -> int:
        """Return the number of the newest event."""
        return await self._inspections.head(inspection_id)

    async def events(self, inspection_id: InspectionId, after: int) -> tuple[Event, ...]:
        """Return the events after a number, oldest first, a few hundred at a time."""
        return await self._inspections.events(inspection_id, after=after)
