"""What is known of endpoints, deliveries and attempts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from inspection_service.inspections.records import InspectionId, TenantId

DeliveryState = Literal["pending", "delivered", "failed"]
"""``pending -> delivered | failed``; sent again by hand, both are ``pending`` once more."""
DisabledWhy = Literal["requested", "failing", "gone"]
"""You asked for it; it failed for days; it answered 410 Gone."""
Fault = Literal[
    "timeout",
    "dns",
    "address-refused",
    "url-refused",
    "connect",
    "tls",
    "protocol",
    "redirect",
    "status",
    "internal",
]
"""Why an attempt failed; ``status``: the answer was neither 2xx nor a redirect."""


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret of an endpoint."""

    secret: str
    """``whsec_`` and 32 random bytes in base64."""
    until: datetime | None
    """When it stops signing; ``None``: the present one."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a platform wants to be told; its secrets are not among what is shown."""

    id: str
    tenant_id: TenantId
    url: str
    description: str
    kinds: tuple[str, ...] | None
    """``None``: every kind, also those there will be."""
    created_at: datetime
    failing_since: datetime | None
    """First of the failures since the last good answer."""
    disabled_at: datetime | None
    disabled_why: DisabledWhy | None

    @property
    def is_enabled(self) -> bool:
        """Whether it is sent anything."""
        return self.disabled_at is None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to deliver."""

    no: int
    at: datetime
    duration_ms: int
    status: int | None
    """Of the answer; ``None``: there was none."""
    fault: Fault | None
    """``None``: it was a good one."""
    answer: str | None
    """Its first bytes, at most 1 kB."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one endpoint."""

    id: str
    tenant_id: TenantId
    endpoint_id: str
    inspection_id: InspectionId | None
    """``None``: a test message."""
    event_seq: int | None
    kind: str
    payload: str
    """Without the reference, which is added when it is sent."""
    state: DeliveryState
    attempts: int
    created_at: datetime
    next_at: datetime | None
    """When it is tried next; ``None``: it is over, or an earlier event of the inspection goes first."""
    finished_at: datetime | None
    reference: str | None = None
    """The platform's name for the inspection, as it is known now."""
    tries: tuple[Attempt, ...] = ()
    """What is known of the attempts, oldest first; one that was cut short by a crash is counted and missing here."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery this process may send until its lease ends."""

    delivery: Delivery
    no: int
    """Number of this attempt, of all."""
    round_no: int
    """Number of this attempt since the message was sent first, or sent again by hand."""
    first_at: datetime
    """When this round began."""
    url: str
    secrets: tuple[Secret, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one attempt."""

    at: datetime
    duration_ms: int
    status: int | None
    fault: Fault | None
    text: str | None = None
    retry_after_s: int | None = None

    @property
    def is_good(self) -> bool:
        """Whether the message has arrived."""
        return self.fault is None
