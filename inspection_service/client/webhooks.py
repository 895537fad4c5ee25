"""Tells a webhook of ours from anybody's.

Source: Standard Webhooks 1.0 (https://www.standardwebhooks.com).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from inspection_service.client.errors import WebhookRefused
from inspection_service.client.records import Record


class WebhookEvent(Record):
    """What a webhook says: ids, states and facts; ask the API for the rest."""

    id: str
    """The same for every delivery of one event: keep it, and do nothing when you have seen it."""
    type: str
    """``inspection.sealed``, ``capture.judged`` and so on; docs/webhooks.md lists them."""
    timestamp: datetime
    data: dict[str, Any]


def verify_webhook(
    secret: str | Iterable[str], headers: Mapping[str, str], body: bytes | str
) -> WebhookEvent:
    """Return what a webhook says, after checking that we sent it, just now and just so.

    Args:
        secret: The endpoint's, ``whsec_...``; several while one is being replaced.
        headers: Of the request, whatever the case of their names.
        body: Exactly as it came, before any parsing.

    Raises:
        WebhookRefused: No secret fits, or it is more than five minutes old.
    """
    secrets = [secret] if isinstance(secret, str) else list(secret)
    lower = {name.lower(): value for name, value in headers.items()}
    text = body.decode("utf-8", errors="surrogateescape") if isinstance(body, bytes) else body
    for each in secrets:
        try:
            said = Webhook(each).verify(text, lower)
            return WebhookEvent(id=lower["webhook-id"], **said)
        except (WebhookVerificationError, ValidationError, ValueError, TypeError, KeyError):
            continue
    raise WebhookRefused("The signature is not that of this endpoint, or the message is too old.")
