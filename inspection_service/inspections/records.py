"""The vocabulary of one inspection: what it is, what was photographed, and who said what.

Everything here is a frozen value. Storage keeps them, services move them, the report reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, NewType

TenantId = NewType("TenantId", str)
InspectionId = NewType("InspectionId", str)
CaptureId = NewType("CaptureId", str)
FindingId = NewType("FindingId", str)
OperatorId = NewType("OperatorId", str)
StepId = NewType("StepId", str)

Language = Literal["fr", "en"]
Purpose = Literal["listing", "collection", "delivery", "return"]
InspectionState = Literal[
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
CaptureState = Literal["received", "judged", "accepted", "retake", "overridden"]
"""A capture exists once its bytes are safe; before that it is an upload.

``received -> judged -> accepted | retake | overridden``. ``overridden`` is kept for a stated reason, by the
seller after two failed tries or by an operator.
"""
Voice = Literal["model", "operator", "seller"]
ActorKind = Literal["platform", "seller", "operator", "service"]
ConsentPurpose = Literal["photos", "live_video", "location", "recording"]
FindingVerdict = Literal["confirmed", "rejected"]
SignOff = Literal["required", "none"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: enough to record it, never enough to identify a person outside the service."""

    kind: ActorKind
    id: str
    name: str = ""


SERVICE = Actor("service", "service", "inspection-service")


@dataclass(frozen=True, slots=True)
class Vehicle:
    """What the platform says about the car before anybody looked; every field may be unknown."""

    plate: str | None = None
    vin: str | None = None
    make: str | None = None
    model: str | None = None
    first_registration: date | None = None
    fuel: str | None = None
    declared_mileage_km: int | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """Where one-time codes for the seller go."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None

    @property
    def is_reachable(self) -> bool:
        """Whether a code can be sent at all."""
        return bool(self.email or self.phone)


@dataclass(frozen=True, slots=True)
class Inspection:
    """One durable case: ordered by a platform, carried out by a seller, sealed by the service."""

    id: InspectionId
    tenant_id: TenantId
    state: InspectionState
    version: int
    """Grows by one with every write; compare-and-set refuses a stale one."""
    language: Language
    purpose: Purpose
    vehicle: Vehicle
    contact: Contact
    checklist_id: str
    checklist_sha256: str
    checklist: Mapping[str, Any]
    """The checklist as it was when ordered (canonical form); a later edition does not change this case."""
    sign_off: SignOff
    reference: str | None
    deadline_at: datetime | None
    created_at: datetime
    updated_at: datetime
    current_step: StepId | None = None
    claimed_by: OperatorId | None = None
    claimed_at: datetime | None = None
    """When the claim was last used; an idle claim lapses."""


@dataclass(frozen=True, slots=True)
class Capture:
    """A photo whose bytes are safe, and what has been decided about it."""

    id: CaptureId
    inspection_id: InspectionId
    step_id: StepId | None
    """The step it answers; ``None`` for a photo of declared damage."""
    attempt: int
    state: CaptureState
    sha256: str
    size_bytes: int
    media_type: str
    object_key: str
    method: str
    """How it was taken: ``take_photo``, ``grab_frame``, ``video_frame``, ``file``, ``demo``."""
    taken_at: datetime | None
    """The phone's clock, which may be wrong."""
    received_at: datetime
    judgement: Mapping[str, Any] | None = None
    """The latest ``Judgement`` in its JSON form, ``None`` until judged."""
    decided_by: Actor | None = None
    decision_reason: str | None = None
    """For a retake its reason code; for a photo kept or overridden the person's own words."""
    decision_note: str | None = None
    """What the operator added, in their own words, to a retake they asked for."""

    @property
    def is_evidence(self) -> bool:
        """Whether the photo stands in the report as an answer to its step."""
        return self.state in ("accepted", "overridden")


@dataclass(frozen=True, slots=True)
class Finding:
    """A statement about damage, with the voices kept apart."""

    id: FindingId
    inspection_id: InspectionId
    capture_id: CaptureId | None
    source: Voice
    kind: str
    box: tuple[float, float, float, float] | None
    """``xyxy`` in pixels of the upright capture."""
    part: str | None
    severity: Literal["minor", "major"] | None
    model_score: float | None
    text: str | None
    created_at: datetime
    verdict: FindingVerdict | None = None
    verdict_by: Actor | None = None
    verdict_note: str | None = None
    dispute: str | None = None
    """The seller's words when they do not agree."""
    more_captures: tuple[CaptureId, ...] = ()
    """Further photos of the same damage, beside ``capture_id``."""


@dataclass(frozen=True, slots=True)
class Statement:
    """An answer to a control point (or ``odometer``) by one voice; several voices may differ and all stay."""

    control_point: str
    voice: Voice
    value: Mapping[str, Any]
    """Odometer: ``{"reading": "127506", "unit": "km", "confidence": 0.97}``; else ``{"answer", "note"}``."""
    actor: Actor
    at: datetime
    evidence: tuple[CaptureId, ...] = ()


@dataclass(frozen=True, slots=True)
class Consent:
    """One sentence agreed to, or taken back."""

    purpose: ConsentPurpose
    is_given: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class SkippedStep:
    """A step the seller could not answer, and why."""

    step_id: StepId
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Signature:
    """A person's own act of signing: what they were shown, who they said they are, how they were reached."""

    role: Literal["seller", "operator"]
    name: str
    at: datetime
    shown_sha256: str
    """Hash of the canonical JSON of what was on the screen."""
    second_factor: Literal["email", "phone", "none"]
    drawing_svg: str | None = None
    """Path data of the drawn mark (only ``M`` and ``L`` with numbers, viewBox 0 0 600 200)."""
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the append-only log of an inspection; ids and facts, no personal data."""

    seq: int
    at: datetime
    kind: str
    actor: Actor
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """Where the sealed report rests, and the hashes that name it for good."""

    sealed_at: datetime
    json_key: str
    json_sha256: str
    jws_key: str
    pdf_key: str
    pdf_sha256: str
    root_key: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything known about one inspection at one moment: what pages show and the report is built from."""

    inspection: Inspection
    platform_name: str
    captures: tuple[Capture, ...]
    findings: tuple[Finding, ...]
    statements: tuple[Statement, ...]
    consents: tuple[Consent, ...]
    skipped: tuple[SkippedStep, ...]
    signatures: tuple[Signature, ...]
    events: tuple[Event, ...]
    report: ReportFiles | None = None
    claimed_by_name: str | None = None
    """The operator named by ``inspection.claimed_by``, for people to read."""

    @property
    def event_seq(self) -> int:
        """Number of the newest event; 0 before the first."""
        return self.events[-1].seq if self.events else 0
