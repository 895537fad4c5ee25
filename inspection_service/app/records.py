"""Opens what every process shares: the database, the store, the way to other nodes, and the rooms over them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from inspection_service.checklists import Shelf
from inspection_service.clock import Clock, SystemClock, new_id
from inspection_service.identity.messenger import Messenger
from inspection_service.identity.messengers import open_messenger
from inspection_service.identity.records_team import OperatorPolicy
from inspection_service.identity.secrets import load_pepper
from inspection_service.identity.service import Identity
from inspection_service.inspections.broker_bus import BrokerBus
from inspection_service.inspections.bus import EventBus, InProcessBus
from inspection_service.inspections.scope import AllTenants
from inspection_service.inspections.service import Inspections
from inspection_service.platforms import (
    WebhookOutbox,
)
from inspection_service.settings import Settings
from inspection_service.storage.database import Database
from inspection_service.storage.migrate import migrate
from inspection_service.storage.objects import ObjectStore
from inspection_service.storage.opening import open_store
from inspection_service.storage.redis_broker import RedisBroker
from inspection_service.telemetry.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Records:
    """What was opened."""

    database: Database
    store: ObjectStore
    node_id: str
    metrics: Metrics
    broker: RedisBroker | None
    bus: EventBus
    shelf: Shelf
    inspections: Inspections
    identity: Identity
    messenger: Messenger


@asynccontextmanager
async def open_records(
    settings: Settings, clock: Clock, messenger: Messenger | None
) -> AsyncIterator[Records]:
    """Open the database, brought to its newest schema, the store, and the services over them."""
    shelf = await asyncio.to_thread(Shelf.load, settings.checklists_dir)
    pepper = await asyncio.to_thread(load_pepper, settings.pepper_file)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(settings.database_url, settings.database))
        await migrate(database)
        store = open_store(settings.store_url, settings.store)
        stack.push_async_callback(store.close)
        node_id, metrics, broker = new_id("node"), Metrics(), None
        bus: EventBus = InProcessBus()
        if settings.broker_url:
            broker = RedisBroker(settings.broker_url, metrics, prefix=f"{settings.broker.prefix}:")
            bus = BrokerBus(broker, node_id)
        inspections = Inspections(
            database,
            store,
            clock,
            bus,
            shelf=shelf,
            uploads=settings.uploads,
            media=settings.media,
            scope=AllTenants(),
            outbox=WebhookOutbox(),
        )
        if messenger is None:
            messenger = await asyncio.to_thread(open_messenger, settings.messages, clock)
        identity = Identity(
            database,
            inspections,
            clock,
            messenger,
            links=settings.links,
            pepper=pepper,
            policy=OperatorPolicy(settings.second_factor, settings.operators.invitation_s),
        )
        yield Records(database, store, node_id, metrics, broker, bus, shelf, inspections, identity, messenger)


@asynccontextmanager
async def open_directory(settings: Settings) -> AsyncIterator[Identity]:
    """Open only who may come in: for commands that admit platforms and operators, which need no models and no keys."""
    async with open_records(settings, SystemClock(), None) as records:
        yield records.identity
