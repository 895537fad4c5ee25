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
FrameId = NewType("FrameId", str)
AnnotationId = NewType("AnnotationId", str)
RecordingId = NewType("RecordingId", str)
MessageId = NewType("MessageId", str)

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
ConsentPurpose = Literal["photos", "live_video", "pointing", "steering", "location", "recording"]
LiveLevel = Literal["off", "watch", "point", "steer"]
"""What the seller lets an operator do in a call, each including the one before; kept as the consents ``live_video``
(watch), ``pointing`` and ``steering``."""
FindingVerdict = Literal["confirmed", "rejected"]
SignOff = Literal["required", "none"]
CorrectionKind = Literal["addendum", "withdrawal", "redaction"]


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
class AskedPhoto:
    """One more photo that the platform asks its seller for, beside what the checklist wants."""

    id: StepId
    """It is a step of its own: ``asked-1``, ``asked-2`` ..."""
    text: str
    """What the seller reads."""
    about: StepId | None
    """The step of the checklist it is about, when it is about one."""
    at: datetime


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
    handover: Handover | None = None
    """From whom the present holder was given the case, and with which words; ``None`` when they took it themselves."""
    asked: tuple[AskedPhoto, ...] = ()
    """What the platform asked for besides, in order."""
    closing_reason: str | None = None
    """Why the platform cancelled it, in its words."""


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
    """How it was taken: ``take_photo``, ``grab_frame``, ``video_frame``, ``file``, ``demo``, ``api`` (the platform)."""
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

    @property
    def is_judged(self) -> bool:
        """Whether the models have looked at it: a file that cannot be opened is refused without."""
        return self.judgement is not None

    @property
    def decider(self) -> ActorKind | None:
        """What kind of party decided about it."""
        return None if self.decided_by is None else self.decided_by.kind


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
    annotation_id: AnnotationId | None = None
    """The drawing on a frozen frame that shows it, when no photo does."""


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
class Frame:
    """One picture of a live call, frozen at full resolution; its bytes go after a day unless it is kept."""

    id: FrameId
    inspection_id: InspectionId
    step_id: StepId | None
    sha256: str
    size_bytes: int
    media_type: str
    width: int
    height: int
    object_key: str
    at: datetime
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stroke:
    """One line drawn on a frame."""

    points: tuple[tuple[float, float], ...]
    """``(x, y)`` in 0..1 of the upright picture's width and height."""
    width: float
    """Of the line, as a share of the picture's width."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """A frozen frame that an operator kept as evidence, with what was drawn on it."""

    id: AnnotationId
    inspection_id: InspectionId
    frame_id: FrameId
    step_id: StepId | None
    """Where the seller was when the frame was frozen."""
    strokes: tuple[Stroke, ...]
    text: str | None
    by: Actor
    at: datetime
    finding_id: FindingId | None
    """The finding it shows, when the operator named one."""
    sha256: str
    """Of the frame's bytes as the phone sent them."""
    size_bytes: int
    media_type: str
    width: int
    height: int
    object_key: str
    frozen_at: datetime


RecordingDevice = Literal["seller", "operator"]
RecordingKind = Literal["video", "mirror"]
RecordingEnd = Literal["finished", "consent-withdrawn", "abandoned", "signed-off"]


@dataclass(frozen=True, slots=True)
class RecordingPart:
    """The chunks of one kind: the camera's ``video`` or the page's ``mirror``."""

    kind: RecordingKind
    media_type: str
    chunks: int
    bytes_: int
    chain_sha256: str
    """``chain_n = sha256(chain_{n-1} || sha256(chunk_n))``, before the first chunk 32 zero bytes; lower-case hex."""


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """Where in a recording the seller came to a step."""

    step_id: StepId
    at_s: float
    """Seconds after ``started_at``."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What one device recorded of a call; the hashes stay when the bytes have gone."""

    id: RecordingId
    inspection_id: InspectionId
    device: RecordingDevice
    by: Actor
    """Whose device recorded."""
    started_at: datetime
    device_started_at: datetime | None
    """By the recording device's clock, which may be wrong."""
    ended_at: datetime | None
    end: RecordingEnd | None
    """How it ended; ``None`` while chunks may still come."""
    parts: tuple[RecordingPart, ...]
    steps: tuple[RecordedStep, ...]
    deleted_at: datetime | None = None
    """When the bytes went, by the retention time of the service."""


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A sentence written in the session; words are here and never in the event log."""

    id: MessageId
    inspection_id: InspectionId
    by: Actor
    text: str
    at: datetime
    read_aloud: bool
    """Whether the seller's page speaks it."""


@dataclass(frozen=True, slots=True)
class HelpRequest:
    """A seller's call for a person; the number to call back is personal and never in the event log."""

    asked_at: datetime
    phone: str | None
    answered_at: datetime | None = None
    answered_how: Literal["claim", "call", "chat"] | None = None
    withdrawn_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether the seller still waits."""
        return self.answered_at is None and self.withdrawn_at is None


@dataclass(frozen=True, slots=True)
class Viewer:
    """A second operator who watches a call."""

    viewer_id: str
    operator_id: OperatorId
    name: str


@dataclass(frozen=True, slots=True)
class RingingCallFacts:
    """A call that was opened and neither answered nor ended, as the event log tells it."""

    call_id: str
    operator_id: OperatorId
    operator_name: str


@dataclass(frozen=True, slots=True)
class OngoingCallFacts:
    """A call that was accepted and has not ended, as the event log tells it; survives a restart of the service."""

    call_id: str
    operator_id: OperatorId
    operator_name: str
    accepted_at: datetime
    is_paused: bool
    viewers: tuple[Viewer, ...]


@dataclass(frozen=True, slots=True)
class Handover:
    """What a colleague said when they handed the case over."""

    by: Actor
    note: str | None
    at: datetime


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
class CorrectionEntry:
    """A signed entry made after a report, and where its files rest."""

    no: int
    """From 1."""
    kind: CorrectionKind
    at: datetime
    by: Actor
    reason: str
    text: str
    json_key: str
    json_sha256: str
    jws_key: str
    pdf_key: str | None = None
    """Of the document issued in place of the first, when there is one."""
    pdf_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class LegalHold:
    """Why nothing of an inspection may be erased for now."""

    at: datetime
    by: Actor
    reason: str


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
    annotations: tuple[Annotation, ...] = ()
    recordings: tuple[Recording, ...] = ()
    help: HelpRequest | None = None
    """The newest call for help, also when it has been answered."""
    corrections: tuple[CorrectionEntry, ...] = ()
    legal_hold: LegalHold | None = None
    erased_photos: frozenset[CaptureId] = frozenset()
    """Photos whose bytes were erased; their hashes stay."""
    is_sandbox: bool = False
    """Ordered with a test key: nothing of it is about a real car, whoever carried it out."""

    @property
    def pdf_key(self) -> str | None:
        """Where the document that stands now rests: the one issued last after an erasure, else the first."""
        issued = [entry.pdf_key for entry in self.corrections if entry.pdf_key is not None]
        return issued[-1] if issued else self.report.pdf_key if self.report else None

    @property
    def event_seq(self) -> int:
        """Number of the newest event; 0 before the first."""
        return self.events[-1].seq if self.events else 0
