"""For those who run the service: does it live, can it work, what does it do."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Final

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from inspection_service.api.dependencies import Opened
from inspection_service.api.dto.common import View
from inspection_service.api.errors import NotReady
from inspection_service.api.problems import problems
from inspection_service.errors import NotAllowed
from inspection_service.settings import HttpSettings
from inspection_service.telemetry import logs

router = APIRouter(tags=["running"])
_PING_S = 5.0
_RELAYED: Final = ("forwarded", "x-forwarded-for", "x-real-ip")
"""A balancer nobody declared stands between: its address says nothing about the caller."""


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


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}, **problems(403)},
)
async def metrics(services: Opened, request: Request) -> Response:
    """Prometheus metrics: ours, then those of the process. Not for everybody: see `http.metrics_token_file`."""
    await _check_scraper(request, services.settings.http)
    text = services.metrics.text() + generate_latest(REGISTRY)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


async def _check_scraper(request: Request, http: HttpSettings) -> None:
    """Let in who has the token; where there is none, who calls directly from this machine or network."""
    if http.metrics_token_file is not None:
        token = (await asyncio.to_thread(http.metrics_token_file.read_bytes)).strip()
        given = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
        if not token or not hmac.compare_digest(given, token):
            raise NotAllowed("The metrics need their token.")
        return
    is_relayed = not http.trusted_proxies and any(name in request.headers for name in _RELAYED)
    if is_relayed or request.client is None or not _is_near(request.client.host):
        raise NotAllowed(
            "The metrics are only shown on this machine or network; set http.metrics_token_file."
        )


def _is_near(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_private


async def _answers(name: str, ping: Callable[[], Awaitable[None]]) -> bool:
    try:
        async with asyncio.timeout(_PING_S):
            await ping()
    except Exception as error:
        # Whatever a driver raises means the same here; the reason is for the log, not for the caller.
        logs.resource_missing(name, error)
        return False
    return True
