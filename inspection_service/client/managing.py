"""What a platform may ask beside its inspections: its keys and its webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from inspection_service.client.drivers import Pages, listing, operation
from inspection_service.client.operations import Asking
from inspection_service.client.records import (
    ApiKey,
    Delivery,
    NewApiKey,
    NewWebhookEndpoint,
    Replayed,
    RotatedSecret,
    WebhookEndpoint,
)
from inspection_service.client.steps import Flow


class Managing(Asking):
    """Keys and webhooks."""

    @operation
    def create_key(
        self, label: str, *, scopes: Sequence[str] | None = None, expires_at: datetime | None = None
    ) -> Flow[NewApiKey]:
        """Make a key; its secret is shown this once."""
        body = {"label": label, "scopes": scopes, "expires_at": expires_at}
        return (yield from self._asked(NewApiKey, "POST", "/v1/keys", body=body))

    @operation
    def keys(self) -> Flow[tuple[ApiKey, ...]]:
        """List your keys, never their secrets."""
        return (yield from self._items(ApiKey, "/v1/keys"))

    @operation
    def rotate_key(self, key_id: str, *, overlap_s: int = 0) -> Flow[NewApiKey]:
        """Make a key like this one, which goes on working for ``overlap_s`` seconds."""
        path = f"/v1/keys/{quote(key_id, safe='')}/rotate"
        return (yield from self._asked(NewApiKey, "POST", path, body={"overlap_s": overlap_s}))

    @operation
    def revoke_key(self, key_id: str) -> Flow[None]:
        """Make a key worthless at once; repeating it is fine."""
        yield from self._sent("DELETE", f"/v1/keys/{quote(key_id, safe='')}")

    # -- webhooks --------------------------------------------------------------------------------------------
    @operation
    def create_webhook(
        self, url: str, *, kinds: Sequence[str] | None = None, description: str = ""
    ) -> Flow[NewWebhookEndpoint]:
        """Say where to tell you, and of what; the secret in the answer is shown this once."""
        body = {"url": url, "kinds": kinds, "description": description}
        return (yield from self._asked(NewWebhookEndpoint, "POST", "/v1/webhooks", body=body))

    @operation
    def webhooks(self) -> Flow[tuple[WebhookEndpoint, ...]]:
        """List your endpoints."""
        return (yield from self._items(WebhookEndpoint, "/v1/webhooks"))

    @operation
    def webhook(self, webhook_id: str) -> Flow[WebhookEndpoint]:
        """Look at one endpoint."""
        return (yield from self._asked(WebhookEndpoint, "GET", _at(webhook_id)))

    @operation
    def change_webhook(self, webhook_id: str, /, **changes: Any) -> Flow[WebhookEndpoint]:
        """Change ``url``, ``description``, ``kinds`` (``None``: every kind) or ``enabled``; what is left out stays."""
        return (
            yield from self._asked(WebhookEndpoint, "PATCH", _at(webhook_id), body=changes, with_nulls=True)
        )

    @operation
    def delete_webhook(self, webhook_id: str) -> Flow[None]:
        """Be told no more at this address."""
        yield from self._sent("DELETE", _at(webhook_id))

    @operation
    def rotate_webhook_secret(self, webhook_id: str, *, overlap_s: int = 86400) -> Flow[RotatedSecret]:
        """Get a new secret; the former one signs too for ``overlap_s`` seconds."""
        body = {"overlap_s": overlap_s}
        return (yield from self._asked(RotatedSecret, "POST", _at(webhook_id, "/rotate-secret"), body=body))

    @operation
    def ping_webhook(self, webhook_id: str) -> Flow[Delivery]:
        """Have a test message sent."""
        return (yield from self._asked(Delivery, "POST", _at(webhook_id, "/ping")))

    @operation
    def replay_failed(
        self, webhook_id: str, *, since: datetime, until: datetime | None = None
    ) -> Flow[Replayed]:
        """Have what failed in a time sent again."""
        body = {"since": since, "until": until}
        return (yield from self._asked(Replayed, "POST", _at(webhook_id, "/replay"), body=body))

    @listing
    def deliveries(self, /, *, page_size: int = 50, **filters: Any) -> Pages[Delivery]:
        """Walk through what was sent, newest first; filters as ``GET /v1/webhook-deliveries`` takes them."""
        return self._pages(Delivery, "/v1/webhook-deliveries", limit=page_size, **filters)

    @operation
    def delivery(self, delivery_id: str) -> Flow[Delivery]:
        """Look at one delivery and its attempts."""
        path = f"/v1/webhook-deliveries/{quote(delivery_id, safe='')}"
        return (yield from self._asked(Delivery, "GET", path))

    @operation
    def replay_delivery(self, delivery_id: str) -> Flow[Delivery]:
        """Have one message sent again."""
        path = f"/v1/webhook-deliveries/{quote(delivery_id, safe='')}/replay"
        return (yield from self._asked(Delivery, "POST", path))


def _at(webhook_id: str, rest: str = "") -> str:
    return f"/v1/webhooks/{quote(webhook_id, safe='')}{rest}"
