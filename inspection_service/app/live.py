"""Opens the live sessions of this node."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from inspection_service.app.models import LazyPipeline, SessionGuide
from inspection_service.app.records import Records
from inspection_service.clock import Clock
from inspection_service.identity.secrets import load_pepper
from inspection_service.inspections.records import (
    InspectionId,
)
from inspection_service.media.turn import Relays
from inspection_service.sessions import (
    InspectionRecord,
    LiveSession,
    LiveSessions,
    Sessions,
    join_nodes,
)
from inspection_service.settings import Settings
from inspection_service.telemetry.metrics import Metrics

_HINT_THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
"""Of the live sessions together: one for each core this process may use. A session has one frame in hand at most."""


async def _open_session(
    settings: Settings,
    record: InspectionRecord,
    pipeline: LazyPipeline,
    executor: Executor,
    relays: Relays,
    metrics: Metrics,
    inspection_id: InspectionId,
) -> LiveSession:
    return LiveSession(
        inspection_id,
        await record.facts(inspection_id, whole=True),
        record=record,
        guide=SessionGuide(pipeline),
        executor=executor,
        relays=relays,
        stun_urls=settings.media.ice_servers,
        metrics=metrics,
    )


@asynccontextmanager
async def open_live(
    settings: Settings, clock: Clock, records: Records, pipeline: LazyPipeline
) -> AsyncIterator[Sessions]:
    """Open the live sessions, and the broker that joins them with those of other nodes."""
    async with AsyncExitStack() as stack:
        hints = stack.enter_context(ThreadPoolExecutor(_HINT_THREADS, thread_name_prefix="live-hints"))
        relays = await asyncio.to_thread(Relays.open, settings.media, clock)
        record = InspectionRecord(records.inspections, clock)
        open_session = partial(_open_session, settings, record, pipeline, hints, relays, records.metrics)
        live = join_nodes(
            LiveSessions(open_session, record.events),
            records.broker,
            records.node_id,
            record,
            records.inspections,
            heartbeat_s=settings.media.heartbeat_s,
            metrics=records.metrics,
            secret=await asyncio.to_thread(load_pepper, settings.pepper_file),
        )
        if records.broker is not None:
            await stack.enter_async_context(records.broker)
        stack.push_async_callback(live.close)
        await live.open()
        yield live
