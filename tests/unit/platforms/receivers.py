"""Stands for an endpoint: answers as told and keeps what it was sent; and what most tests of webhooks start from."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from inspection_service.inspections.records import InspectionId
from inspection_service.platforms import Deliveries, DeliveryQueue, Endpoints, SecretBox
from inspection_service.platforms.posting import fault_of_status
from inspection_service.platforms.records import Answer, Delivery, Endpoint
from inspection_service.settings import WebhookSettings
from inspection_service.storage import tables as t
from inspection_service.testing import Backend
from inspection_service.work.delivering import Delivering

PEPPER: Final = b"\x07" * 32
URL: Final = "https://hooks.example.com/in"


@dataclass
class Sent:
    """One message as it arrived."""

    url: str
    body: str
    headers: Mapping[str, str]

    @property
    def message(self) -> dict[str, Any]:
        """The body, read."""
        read: dict[str, Any] = json.loads(self.body)
        return read

    @property
    def seq(self) -> int:
        """Number of the event."""
        return int(self.message["data"]["seq"])


Says = Callable[[Sent], int | Answer] | int


@dataclass
class FakePoster:
    """Answers each message as told: with 204 when it is told nothing."""

    backend: Backend
    says: Says = 204
    sent: list[Sent] = field(default_factory=list)
    hold: asyncio.Event | None = None
    """While it is not set no message is answered."""
    held: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a message waits."""
    seconds: float = 0.01

    async def post(self, url: str, body: str, headers: Mapping[str, str]) -> Answer:
        """Keep a message and answer it."""
        sent = Sent(url, body, dict(headers))
        self.sent.append(sent)
        if self.hold is not None:
            self.held.set()
            await self.hold.wait()
        said = self.says if isinstance(self.says, int) else self.says(sent)
        if isinstance(said, Answer):
            return said
        now = self.backend.clock.now()
        return Answer(now, round(self.seconds * 1000), said, fault_of_status(said), "said")

    def seqs(self) -> list[int]:
        """Return the numbers of the events that were sent, in order."""
        return [sent.seq for sent in self.sent]


@dataclass
class Desk:
    """Webhooks over a backend, with a receiver that answers as told."""

    backend: Backend
    settings: WebhookSettings
    poster: FakePoster
    endpoints: Endpoints
    deliveries: Deliveries
    queue: DeliveryQueue
    delivering: Delivering

    async def endpoint(self, url: str = URL, **more: Any) -> Endpoint:
        """Add an endpoint of the platform."""
        endpoint, _ = await self.endpoints.create(self.backend.platform.tenant_id, url, **more)
        return endpoint

    async def all(self, **sought: Any) -> list[Delivery]:
        """Return all deliveries of the platform, the oldest event first."""
        page = await self.deliveries.list(self.backend.platform.tenant_id, limit=100)
        return sorted(page.items, key=lambda each: (each.created_at, each.event_seq or 0))

    async def states(self) -> list[str]:
        """Return the state of each delivery, the oldest event first."""
        return [each.state for each in await self.all()]

    async def cancelled(self) -> InspectionId:
        """Order an inspection and cancel it: three events, ``ordered``, ``invited`` and ``cancelled``."""
        inspection, _ = await self.backend.ordered()
        await self.backend.inspections.cancel(inspection.id, by=self.backend.platform.actor)
        return inspection.id

    def another(self, poster: FakePoster | None = None) -> Delivering:
        """Return a second sender over the same records."""
        backend = self.backend
        return Delivering(
            self.queue,
            poster or self.poster,
            backend.bus,
            backend.clock,
            self.settings,
            metrics=backend.metrics,
            monotonic_s=backend.clock.monotonic_s,
        )


def desk_of(backend: Backend, **settings: Any) -> Desk:
    """Put webhooks over a backend."""
    chosen = WebhookSettings(**settings)
    secrets, poster = SecretBox(PEPPER), FakePoster(backend)
    endpoints = Endpoints(backend.database, backend.clock, chosen, secrets)
    queue = DeliveryQueue(backend.database, backend.clock, chosen, secrets)
    return Desk(
        backend=backend,
        settings=chosen,
        poster=poster,
        endpoints=endpoints,
        deliveries=Deliveries(backend.database, backend.clock, endpoints, poster),
        queue=queue,
        delivering=Delivering(
            queue,
            poster,
            backend.bus,
            backend.clock,
            chosen,
            metrics=backend.metrics,
            monotonic_s=backend.clock.monotonic_s,
        ),
    )


async def count_rows(backend: Backend) -> int:
    """Return how many deliveries there are, of all tenants."""
    async with backend.database.read() as transaction:
        return len((await transaction.connection.execute(t.webhook_deliveries.select())).all())
