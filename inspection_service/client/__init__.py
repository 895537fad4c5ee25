"""A typed client of the service, for platforms: ``InspectionClient`` waits, ``AsyncInspectionClient`` is awaited.

It needs httpx, pydantic and standardwebhooks and nothing else of this package. Refusals are ``Problem``; what can be
tried again is, under one ``Idempotency-Key``.
"""

from inspection_service.client.drivers import Asynchronous, Synchronous
from inspection_service.client.errors import (
    ClientError,
    HashMismatch,
    NeverReached,
    Problem,
    ServiceAway,
    StillWaiting,
    WebhookRefused,
)
from inspection_service.client.managing import Managing
from inspection_service.client.operations import Inspecting
from inspection_service.client.records import (
    OVER,
    Capture,
    Contact,
    Correction,
    Event,
    File,
    Inspection,
    OrderedInspection,
    SavedBundle,
    Vehicle,
)
from inspection_service.client.steps import Retries
from inspection_service.client.webhooks import WebhookEvent, verify_webhook

__all__ = [
    "OVER",
    "AsyncInspectionClient",
    "Capture",
    "ClientError",
    "Contact",
    "Correction",
    "Event",
    "File",
    "HashMismatch",
    "Inspection",
    "InspectionClient",
    "NeverReached",
    "OrderedInspection",
    "Problem",
    "Retries",
    "SavedBundle",
    "ServiceAway",
    "StillWaiting",
    "Vehicle",
    "WebhookEvent",
    "WebhookRefused",
    "verify_webhook",
]


class InspectionClient(Synchronous, Inspecting, Managing):
    """``with InspectionClient(url, key) as client: client.order("listing-12")``."""


class AsyncInspectionClient(Asynchronous, Inspecting, Managing):
    """``async with AsyncInspectionClient(url, key) as client: await client.order("listing-12")``."""
