"""Opens what tells platforms and shares out work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from inspection_service.api.services import Webhooks
from inspection_service.app.records import Records
from inspection_service.clock import Clock
from inspection_service.platforms import (
    Deliveries,
    DeliveryQueue,
    Endpoints,
    GuardedPoster,
    SecretBox,
)
from inspection_service.settings import Settings
from inspection_service.telemetry.metrics import Metrics
from inspection_service.work.crew import Crew
from inspection_service.work.delivering import Delivering


def open_webhooks(
    settings: Settings,
    records: Records,
    pepper: bytes,
    metrics: Metrics,
    clock: Clock,
    stack: AsyncExitStack,
) -> Webhooks:
    """Prepare what tells platforms; its threads end with the stack."""
    secrets = SecretBox(pepper)
    poster = GuardedPoster(settings.webhooks, clock)
    stack.callback(poster.close)
    endpoints = Endpoints(records.database, clock, settings.webhooks, secrets)
    queue = DeliveryQueue(records.database, clock, settings.webhooks, secrets)
    return Webhooks(
        endpoints,
        Deliveries(records.database, clock, endpoints, poster),
        Delivering(queue, poster, records.bus, clock, settings.webhooks, metrics=metrics),
    )


@asynccontextmanager
async def open_crew(settings: Settings, metrics: Metrics) -> AsyncIterator[Crew | None]:
    """Open the way to other workers, where there is a broker; without it the work is only found by the clock."""
    if not settings.broker_url:
        yield None
        return
    crew = Crew(settings.broker, settings.work, metrics=metrics)
    try:
        yield crew
    finally:
        await crew.close()
