"""What the room of webhooks refuses.

InspectionServiceError
├── InvalidInput
│   ├── WebhookUrlRefused       not an address we send to
│   └── WebhookKindUnknown      no such kind of event
├── NotFound
│   ├── WebhookUnknown          no such endpoint
│   └── DeliveryUnknown         no such delivery
├── Conflict
│   ├── WebhooksTooMany         the tenant has as many endpoints as it may have
│   └── WebhookDisabled         nothing is sent to this endpoint
└── Unavailable
    ├── PingedTooOften          test messages follow each other too fast
    └── WebhookSecretsClosed    the secrets do not open with the pepper of this instance
"""

from __future__ import annotations

from inspection_service.errors import Conflict, InvalidInput, NotFound, Unavailable


class WebhookUrlRefused(InvalidInput):
    """Webhooks go to public https addresses only."""

    slug = "webhook-url-refused"


class WebhookKindUnknown(InvalidInput):
    """There is no such kind of event."""

    slug = "webhook-kind-unknown"


class WebhookUnknown(NotFound):
    """There is no such webhook endpoint."""

    slug = "webhook-unknown"


class DeliveryUnknown(NotFound):
    """There is no such webhook delivery."""

    slug = "webhook-delivery-unknown"


class WebhooksTooMany(Conflict):
    """You have as many webhook endpoints as you may have; delete one first."""

    slug = "webhooks-too-many"


class WebhookDisabled(Conflict):
    """This endpoint is disabled; enable it first."""

    slug = "webhook-disabled"


class PingedTooOften(Unavailable):
    """Too many test messages in a short time; wait a moment and try again."""

    slug = "rate-limited"


class WebhookSecretsClosed(Unavailable):
    """The secrets of this endpoint cannot be opened: the pepper is not the one they were closed with."""

    slug = "webhook-secrets-closed"
    retryable = False
