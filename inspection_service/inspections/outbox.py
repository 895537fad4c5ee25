"""What is told to others about an event is written in the transaction that writes the event, or neither is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from inspection_service.inspections.records import Event, Inspection


class Outbox(Protocol):
    """Takes down whom to tell; sending is somebody else's work, after the commit."""

    async def put(self, connection: AsyncConnection, inspection: Inspection, events: Sequence[Event]) -> None:
        """Write what is to be sent; the bus announces the events once they are committed.

        Args:
            connection: Of the transaction that writes the events; it holds the lock on the inspection.
            inspection: As the act has left it.
            events: What the act wrote, in order.
        """
        ...


class NobodyToTell:
    """The outbox of an instance that tells nobody."""

    async def put(self, connection: AsyncConnection, inspection: Inspection, events: Sequence[Event]) -> None:
        """Write nothing."""
