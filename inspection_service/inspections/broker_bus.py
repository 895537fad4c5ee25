"""The bus of several nodes: full events within a process, and for the others a hint of which event was written where.

While the broker is away every node still hears its own events at once, and looks into the log by the clock for what
others wrote: late, never lost, and no request waits or fails for it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from inspection_service.inspections.bus import Hint, Published, QueueSubscription, Subscription
from inspection_service.inspections.records import InspectionId, TenantId
from inspection_service.storage.broker import Broker

CHANNEL: Final = "events"
LOOK_S: Final = 1.0
"""How long a listener waits at most while the broker is away, before it looks for itself."""
MAX_HINT_BYTES: Final = 512
"""Ids, a number, a kind; longer is not ours."""


class BrokerBus:
    """Carries events to listeners in this process, and hints of them to those in the others."""

    def __init__(self, broker: Broker, node_id: str) -> None:
        """Listen to the others; nothing is sent yet.

        Args:
            broker: Not open yet.
            node_id: Of this process alone: it hears of its own events without the broker.
        """
        self._broker = broker
        self._node_id = node_id
        self._subscriptions: set[QueueSubscription] = set()
        broker.listen(CHANNEL, self._take)
        broker.on_gap(self._wake_all)
        broker.on_return(self._wake_all)

    async def publish(self, published: Published) -> None:
        """Tell all listeners; never waits and never fails."""
        self._offer(published)
        self._broker.send(CHANNEL, _written(self._node_id, published))

    @asynccontextmanager
    async def subscribe(self, inspection_id: InspectionId | None = None) -> AsyncIterator[Subscription]:
        """Listen from now on, until the block is left."""
        subscription = QueueSubscription(inspection_id)
        self._subscriptions.add(subscription)
        try:
            yield _Patient(subscription, self._broker)
        finally:
            self._subscriptions.discard(subscription)

    def _offer(self, published: Published) -> None:
        for subscription in self._subscriptions:
            if subscription.inspection_id in (None, published.inspection_id):
                subscription.offer(published)

    def _wake_all(self) -> None:
        """Have every listener look into the log: what others wrote meanwhile was told to nobody here."""
        for subscription in self._subscriptions:
            subscription.offer(None)

    def _take(self, message: bytes) -> None:
        read = _read(message)
        if read is not None and read[0] != self._node_id:
            self._offer(read[1])


class _Patient:
    """A subscription that waits long only while the broker would wake it."""

    def __init__(self, subscription: QueueSubscription, broker: Broker) -> None:
        self._subscription = subscription
        self._broker = broker

    async def next(self, timeout_s: float) -> Published | None:
        """Wait for the next event; while the broker is away return early with nothing."""
        return await self._subscription.next(timeout_s if self._broker.is_up else min(timeout_s, LOOK_S))


def _written(node_id: str, published: Published) -> bytes:
    event = published.event
    told = [node_id, published.tenant_id, published.inspection_id, event.seq, event.kind]
    return json.dumps(told, separators=(",", ":")).encode()


def _read(message: bytes) -> tuple[str, Published] | None:
    """Read a hint; ``None`` for what is none: another release's, or nobody's."""
    if len(message) > MAX_HINT_BYTES:
        return None
    try:
        told: Any = json.loads(message)
    except ValueError:
        return None
    match told:
        case [str(node_id), str(tenant_id), str(inspection_id), int(seq), str(kind)]:
            return node_id, Published(TenantId(tenant_id), InspectionId(inspection_id), Hint(seq, kind))
        case _:
            return None
