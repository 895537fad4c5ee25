"""For those who run the service: does it live, can it work, what does it do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from starlette.responses import Response

from inspection_service.api.dependencies import Opened
from inspection_service.api.dto.common import View
from inspection_service.api.errors import NotReady
from inspection_service.api.problems import problems
from inspection_service.telemetry import logs

router = APIRouter(tags=["running"])
_PING_S = 5.0


class Health(View):
    """The process lives."""

    status: str = "ok"


class Readiness(View):
    """Each opened resource by name."""

    status: str = "ok"
    resources: dict[str, bool]
    sealing_waits_for: tuple[str, ...] = ()
    """Why reports are not sealed, as codes: the service works, and what is missing is outside of it."""
    degraded: tuple[str, ...] = ()
    """Resources that are away and that the service goes on without, more slowly: `broker`."""


@router.get("/healthz")
async def healthz() -> Health:
    """The process lives."""
    return Health()


@router.get("/readyz", responses=problems(503))
async def readyz(services: Opened) -> Readiness:
    """Ask each resource; the problem `not-ready` names those that do not answer."""
    resources = {name: await _answers(name, ping) for name, ping in services.pings.items()}
    if not all(resources.values()):
        raise NotReady(resources=resources)
    waits = await services.inspections.sealing_waits()
    return Readiness(resources=resources, sealing_waits_for=waits, degraded=services.degraded())


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(services: Opened) -> Response:
    """Prometheus metrics: ours, then those of the process."""
    text = services.metrics.text() + generate_latest(REGISTRY)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


async def _answers(name: str, ping: Callable[[], Awaitable[None]]) -> bool:
    try:
        async with asyncio.timeout(_PING_S):
            await ping()
    except Exception as error:
        # Whatever a driver raises means the same here; the reason is for the log, not for the caller.
        logs.resource_missing(name, error)
        return False
    return True
