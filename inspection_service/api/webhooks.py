"""A platform's door to its webhooks: endpoints, secrets, what was sent and what came of it (docs/webhooks.md)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from inspection_service.api.dependencies import Opened, PlatformDoor, needs
from inspection_service.api.dto.common import MomentInput
from inspection_service.api.dto.webhooks import (
    AttemptView,
    DeliveryPage,
    DeliveryView,
    NewWebhookView,
    Replayed,
    ReplayInput,
    RotatedSecret,
    RotateSecretInput,
    WebhookChange,
    WebhookInput,
    WebhookList,
    WebhookView,
)
from inspection_service.api.idempotency import seed_of
from inspection_service.api.problems import problems
from inspection_service.platforms.deliveries import Sought
from inspection_service.platforms.kinds import body_of, message_id
from inspection_service.platforms.records import Delivery, DeliveryState, Endpoint

router = APIRouter(prefix="/v1", tags=["webhooks"])

ByWebhookManager = Annotated[PlatformDoor, needs("webhooks:manage")]
Name = Annotated[str | None, Query(max_length=64)]


@router.post("/webhooks", status_code=201, responses=problems(401, 403, 409, 422, 503))
async def create_webhook(
    body: WebhookInput, door: ByWebhookManager, services: Opened, request: Request, response: Response
) -> NewWebhookView:
    """Add an endpoint: it is told from now on. Its `secret` is shown this once; verify signatures with it."""
    endpoint, secret = await services.webhooks.endpoints.create(
        door.platform.tenant_id,
        body.url,
        description=body.description,
        kinds=body.kinds,
        seed=seed_of(request),
    )
    response.headers["Location"] = f"/v1/webhooks/{endpoint.id}"
    response.headers["Cache-Control"] = "no-store"
    return NewWebhookView(**_shown(endpoint).model_dump(), secret=secret)


@router.get("/webhooks", responses=problems(401, 403, 503))
async def list_webhooks(door: ByWebhookManager, services: Opened) -> WebhookList:
    """List your endpoints, oldest first, with how they are doing."""
    found = await services.webhooks.endpoints.list(door.platform.tenant_id)
    return WebhookList(items=[_shown(endpoint) for endpoint in found])


@router.get("/webhooks/{webhook_id}", responses=problems(401, 403, 404, 503))
async def get_webhook(webhook_id: str, door: ByWebhookManager, services: Opened) -> WebhookView:
    """Look at one endpoint."""
    return _shown(await services.webhooks.endpoints.get(door.platform.tenant_id, webhook_id))


@router.patch("/webhooks/{webhook_id}", responses=problems(401, 403, 404, 422, 503))
async def change_webhook(
    webhook_id: str, body: WebhookChange, door: ByWebhookManager, services: Opened
) -> WebhookView:
    """Change address, description or kinds, take an endpoint out of use or into use again."""
    sent = body.model_dump(exclude_unset=True)
    named = {name: value for name, value in sent.items() if value is not None or name == "kinds"}
    return _shown(await services.webhooks.endpoints.change(door.platform.tenant_id, webhook_id, **named))


@router.delete("/webhooks/{webhook_id}", status_code=204, responses=problems(401, 403, 404, 503))
async def delete_webhook(webhook_id: str, door: ByWebhookManager, services: Opened) -> None:
    """Remove an endpoint; what waits for it is not sent. Its past deliveries can be looked at for a while."""
    await services.webhooks.endpoints.delete(door.platform.tenant_id, webhook_id)


@router.post("/webhooks/{webhook_id}/rotate-secret", responses=problems(401, 403, 404, 422, 503))
async def rotate_secret(
    webhook_id: str,
    door: ByWebhookManager,
    services: Opened,
    response: Response,
    body: RotateSecretInput | None = None,
) -> RotatedSecret:
    """Draw a new secret, shown this once. For a day messages carry both signatures: change over at any moment."""
    overlap = timedelta(seconds=(body or RotateSecretInput()).overlap_s)
    _, secret, former_until = await services.webhooks.endpoints.rotate(
        door.platform.tenant_id, webhook_id, overlap=overlap
    )
    response.headers["Cache-Control"] = "no-store"
    return RotatedSecret(secret=secret, former_until=former_until)


@router.post("/webhooks/{webhook_id}/ping", responses=problems(401, 403, 404, 429, 503))
async def ping_webhook(webhook_id: str, door: ByWebhookManager, services: Opened) -> DeliveryView:
    """Send a `webhook.ping` now, also to an endpoint that is out of use, and see what it answers."""
    return _delivery(await services.webhooks.deliveries.ping(door.platform.tenant_id, webhook_id))


@router.post(
    "/webhooks/{webhook_id}/replay", status_code=202, responses=problems(401, 403, 404, 409, 422, 503)
)
async def replay_failed(
    webhook_id: str, body: ReplayInput, door: ByWebhookManager, services: Opened
) -> Replayed:
    """Send again all that failed for an endpoint since a moment, each inspection's events in their order."""
    count = await services.webhooks.deliveries.replay_failed(
        door.platform.tenant_id, webhook_id, body.since, body.until
    )
    services.webhooks.delivering.call()
    return Replayed(count=count)


@router.get("/webhook-deliveries", responses=problems(401, 403, 422, 503))
async def list_deliveries(
    *,
    door: ByWebhookManager,
    services: Opened,
    webhook_id: Name = None,
    inspection_id: Name = None,
    kind: Name = None,
    state: DeliveryState | None = None,
    since: Annotated[MomentInput | None, Query(description="Events from this moment on.")] = None,
    cursor: Annotated[
        str | None, Query(max_length=500, description="`next_cursor` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> DeliveryPage:
    """List what was sent, is being sent and waits, newest first, with every attempt and its answer."""
    page = await services.webhooks.deliveries.list(
        door.platform.tenant_id,
        Sought(webhook_id, inspection_id, kind, state, since),
        cursor=cursor,
        limit=limit,
    )
    return DeliveryPage(items=[_delivery(each) for each in page.items], next_cursor=page.next_cursor)


@router.get("/webhook-deliveries/{delivery_id}", responses=problems(401, 403, 404, 503))
async def get_delivery(delivery_id: str, door: ByWebhookManager, services: Opened) -> DeliveryView:
    """Look at one delivery."""
    return _delivery(await services.webhooks.deliveries.get(door.platform.tenant_id, delivery_id))


@router.post(
    "/webhook-deliveries/{delivery_id}/replay",
    status_code=202,
    responses=problems(401, 403, 404, 409, 422, 503),
)
async def replay_delivery(delivery_id: str, door: ByWebhookManager, services: Opened) -> DeliveryView:
    """Send one again, with a new round of attempts, whether it arrived or not."""
    replayed = await services.webhooks.deliveries.replay(door.platform.tenant_id, delivery_id)
    services.webhooks.delivering.call()
    return _delivery(replayed)


def _shown(endpoint: Endpoint) -> WebhookView:
    return WebhookView(
        id=endpoint.id,
        url=endpoint.url,
        description=endpoint.description,
        kinds=None if endpoint.kinds is None else list(endpoint.kinds),
        enabled=endpoint.is_enabled,
        disabled_at=endpoint.disabled_at,
        disabled_why=endpoint.disabled_why,
        failing_since=endpoint.failing_since,
        created_at=endpoint.created_at,
    )


def _delivery(delivery: Delivery) -> DeliveryView:
    has_inspection = delivery.inspection_id is not None
    body = body_of(delivery.payload, delivery.reference, has_inspection=has_inspection)
    return DeliveryView(
        id=delivery.id,
        message_id=message_id(delivery.inspection_id, delivery.event_seq, delivery.id),
        webhook_id=delivery.endpoint_id,
        inspection_id=delivery.inspection_id,
        kind=delivery.kind,
        state=delivery.state,
        created_at=delivery.created_at,
        next_attempt_at=delivery.next_at,
        finished_at=delivery.finished_at,
        attempts=delivery.attempts,
        payload=json.loads(body),
        tries=[
            AttemptView(
                no=each.no,
                at=each.at,
                duration_ms=each.duration_ms,
                status=each.status,
                error=each.fault,
                answer=each.answer,
            )
            for each in delivery.tries
        ],
    )
