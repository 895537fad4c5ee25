"""The answers of the API as frozen values; tested against its OpenAPI document, so that they cannot drift from it.

Members a newer service adds are kept out of the way, not refused.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

State = Literal[
    "ordered",
    "invited",
    "in_progress",
    "review",
    "seller_signed",
    "signed_off",
    "sealed",
    "cancelled",
    "expired",
    "rejected",
]
OVER: frozenset[State] = frozenset({"sealed", "cancelled", "expired", "rejected"})
"""States an inspection never leaves."""
Language = Literal["fr", "en"]
Purpose = Literal["listing", "collection", "delivery", "return"]
Item = TypeVar("Item")


class Record(BaseModel):
    """Something the service answered with."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())


class Vehicle(Record):
    """The car as the platform described it; every member may be unknown."""

    plate: str | None = None
    vin: str | None = None
    make: str | None = None
    model: str | None = None
    first_registration: date | None = None
    fuel: str | None = None
    declared_mileage_km: int | None = None


class Contact(Record):
    """Where the seller is reached."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None


class ChecklistRef(Record):
    """Which checklist, exactly."""

    id: str
    sha256: str


class Actor(Record):
    """Who did something."""

    kind: str
    name: str


class Correction(Record):
    """One signed entry made after a report."""

    no: int
    kind: str
    at: datetime
    by: Actor
    reason: str
    text: str
    json_sha256: str
    pdf_sha256: str | None


class Report(Record):
    """The sealed report, by its hashes."""

    sealed_at: datetime
    json_sha256: str
    pdf_sha256: str
    corrections: tuple[Correction, ...]

    @property
    def standing_pdf_sha256(self) -> str:
        """Of the document that stands now: the one issued last after an erasure, else the first."""
        issued = [entry.pdf_sha256 for entry in self.corrections if entry.pdf_sha256 is not None]
        return issued[-1] if issued else self.pdf_sha256


class Progress(Record):
    """How many of the required steps are answered."""

    done: int
    total: int


class PhotoRequest(Record):
    """A photo you asked for, beside what the checklist wants."""

    id: str
    text: str
    step_id: str | None
    asked_at: datetime
    status: Literal["open", "sent", "retake", "done", "skipped"]
    capture_id: str | None


class Inspection(Record):
    """One inspection."""

    id: str
    state: State
    language: Language
    purpose: Purpose
    vehicle: Vehicle
    checklist: ChecklistRef
    sign_off: Literal["required", "none"]
    reference: str | None
    deadline_at: datetime | None
    created_at: datetime
    updated_at: datetime
    progress: Progress
    photo_requests: tuple[PhotoRequest, ...]
    cancel_reason: str | None
    report: Report | None

    @property
    def is_over(self) -> bool:
        """Whether its state is final."""
        return self.state in OVER


class OrderedInspection(Inspection):
    """A new inspection with the link to hand to the seller, shown this once."""

    seller_link: str
    seller_link_expires_at: datetime


class SellerLink(Record):
    """A fresh link; the former one no longer opens."""

    seller_link: str
    expires_at: datetime


class Event(Record):
    """One line of the log of an inspection."""

    seq: int
    at: datetime
    kind: str
    actor: Actor
    data: dict[str, Any]


class EventPage(Record):
    """Events after a number, in order."""

    items: tuple[Event, ...]
    last_seq: int


class Capture(Record):
    """One photo and what was decided about it."""

    id: str
    step_id: str | None
    attempt: int
    state: Literal["received", "judged", "accepted", "retake", "overridden"]
    received_at: datetime
    width: int | None
    height: int | None
    judgement: dict[str, Any] | None
    decided_by: Actor | None
    decision_reason: str | None


class DirectUpload(Record):
    """Where the bytes of an announced photo go."""

    id: str
    capture_id: str
    is_complete: bool
    method: Literal["PUT"]
    url: str | None
    headers: dict[str, str]
    expires_at: datetime


class Finding(Record):
    """One statement about damage; who says so is never mixed."""

    id: str
    capture_id: str | None
    more_capture_ids: tuple[str, ...]
    source: Literal["model", "operator", "seller"]
    kind: str
    kind_label: str
    box: tuple[float, float, float, float] | None
    part: str | None
    severity: Literal["minor", "major"] | None
    model_score: float | None
    text: str | None
    verdict: Literal["confirmed", "rejected"] | None
    verdict_by: Actor | None
    verdict_note: str | None
    dispute: str | None


class Reading(Record):
    """What one voice says of one control point."""

    control_point: str
    voice: Literal["model", "operator", "seller"]
    value: dict[str, Any]
    at: datetime
    capture_ids: tuple[str, ...]


class Checklist(Record):
    """A checklist one can order."""

    id: str
    version: str
    sha256: str
    title: dict[str, str]
    minutes: int
    sign_off: Literal["required", "none"]
    steps_total: int


class ChecklistDetail(Checklist):
    """A checklist with all its content, in the form that is hashed."""

    content: dict[str, Any]


class Reminder(Record):
    """One message to the seller."""

    id: str
    kind: str
    channel: Literal["email", "phone"]
    due_at: datetime
    settled_at: datetime | None
    outcome: str | None


class ApiKey(Record):
    """A key without its secret."""

    id: str
    label: str
    prefix: str
    scopes: tuple[str, ...] | None
    state: Literal["active", "expired", "revoked"]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewApiKey(ApiKey):
    """A new key; its secret is shown this once."""

    secret: str


class Page(Record, Generic[Item]):
    """One page of a list."""

    items: tuple[Item, ...]
    next_cursor: str | None = None


class File(Record):
    """Bytes whose hash was checked against what the service says elsewhere; ``None``: nothing to check against."""

    content: bytes
    media_type: str
    sha256: str
    is_checked: bool


class SavedBundle(Record):
    """A bundle on the disk, every member of which has the hash its list names."""

    path: str
    sha256: str
    members: tuple[str, ...]


class WebhookEndpoint(Record):
    """An endpoint without its secret."""

    id: str
    url: str
    description: str
    kinds: tuple[str, ...] | None
    enabled: bool
    disabled_at: datetime | None
    disabled_why: str | None
    failing_since: datetime | None
    created_at: datetime


class NewWebhookEndpoint(WebhookEndpoint):
    """A new endpoint; its secret is shown this once."""

    secret: str


class RotatedSecret(Record):
    """The new secret, shown this once."""

    secret: str
    former_until: datetime


class Attempt(Record):
    """One try to deliver."""

    no: int
    at: datetime
    duration_ms: int
    status: int | None
    error: str | None
    answer: str | None


class Delivery(Record):
    """One message to one endpoint."""

    id: str
    message_id: str
    webhook_id: str
    inspection_id: str | None
    kind: str
    state: str
    created_at: datetime
    next_attempt_at: datetime | None
    finished_at: datetime | None
    attempts: int
    payload: dict[str, Any]
    tries: tuple[Attempt, ...]


class Replayed(Record):
    """What will be sent again."""

    count: int
