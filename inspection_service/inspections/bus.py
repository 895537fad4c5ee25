"""Tells whoever is listening that an event was written: a hint to look, never the truth itself.

The truth is the event log in the database. A listener that sees ``event.seq`` jump has lost messages (a slow reader,
a lost broker) and reads the missing ones with ``Inspections.events(after=...)``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from inspection_service.inspections.records import Event, InspectionId, TenantId

_QUEUE_EVENTS = 256
"""What one listener may lag behind before its oldest messages are dropped."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What another process tells of an event it wrote: which; what it says stands in the log."""

    seq: int
    kind: str


@dataclass(frozen=True, slots=True)
class Published:
    """One event and the inspection it belongs to."""

    tenant_id: TenantId
    inspection_id: InspectionId
    event: Event | Hint


class Subscription(Protocol):
    """What one listener holds while it listens."""

    async def next(self, timeout_s: float) -> Published | None:
        """Wait for the next event.

        Returns:
            The event; ``None`` when ``timeout_s`` seconds passed in silence, or when messages may have been lost:
            then whoever shows the log looks into it.
        """
        ...


class EventBus(Protocol):
    """Carries events from the transaction that wrote them to everybody who shows them."""

    async def publish(self, published: Published) -> None:
        """Hand one event to all present listeners; never waits for a slow one and never fails."""
        ...

    def subscribe(
        self, inspection_id: InspectionId | None = None
    ) -> AbstractAsyncContextManager[Subscription]:
        """Listen from now on.

        Args:
            inspection_id: Only this inspection; all of them when ``None``.
        """
        ...


class QueueSubscription:
    """A bounded queue that forgets its oldest message rather than stop the writer."""

    def __init__(self, inspection_id: InspectionId | None) -> None:
        self.inspection_id = inspection_id
        self._queue: asyncio.Queue[Published | None] = asyncio.Queue(_QUEUE_EVENTS)

    def offer(self, published: Published | None) -> None:
        """Append a message, dropping the oldest when the listener lags too far behind; ``None``: some were lost."""
        if self._queue.full():
            self._queue.get_nowait()
        self._queue.put_nowait(published)

    async def next(self, timeout_s: float) -> Published | None:
        """Wait for the next event, at most ``timeout_s`` seconds."""
        try:
            # Not wait_for: until Python 3.12 it swallows a cancellation that arrives together with an event.
            async with asyncio.timeout(timeout_s):
                return await self._queue.get()
        except TimeoutError:
            return None


class InProcessBus:
    """The bus of a single process: no broker to install, nothing to lose that the records do not hold."""

    def __init__(self) -> None:
        self._subscriptions: set[QueueSubscription] = set()

    async def publish(self, published: Published) -> None:
        """Hand one event to all present listeners."""
        for subscription in self._subscriptions:
            if subscription.inspection_id in (None, published.inspection_id):
                subscription.offer(published)

    @asynccontextmanager
    async def subscribe(self, inspection_id: InspectionId | None = None) -> AsyncIterator[Subscription]:
        """Listen from now on, until the block is left."""
        subscription = QueueSubscription(inspection_id)
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
