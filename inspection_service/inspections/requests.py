"""What callers hand in: values with a name each, so that a long call stays readable."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Literal, TypeVar

from inspection_service.inspections.records import (
    CaptureId,
    Contact,
    Inspection,
    InspectionId,
    InspectionState,
    Language,
    Purpose,
    RecordingId,
    RecordingKind,
    SignOff,
    StepId,
    Stroke,
    TenantId,
    Vehicle,
)


@dataclass(frozen=True, slots=True)
class Order:
    """What a platform asks for."""

    vehicle: Vehicle
    checklist: str
    """Id of a checklist, such as ``listing-12``; it is frozen into the inspection."""
    language: Language
    purpose: Purpose = "listing"
    deadline_at: datetime | None = None
    contact: Contact = field(default_factory=Contact)
    reference: str | None = None
    sign_off: SignOff | None = None
    """``None`` takes what the checklist says."""
    send_link: bool = False
    """Whether the service invites the seller itself."""


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """Makes an order happen once however often it is sent."""

    key: str
    body_sha256: str
    """Hash of the request as sent (canonical JSON), so that another order under the same key is noticed."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An order that has been taken."""

    inspection: Inspection
    """As it was right after the order, also when an idempotency key repeats it later."""
    is_replay: bool


@dataclass(frozen=True, slots=True)
class NewUpload:
    """What a phone announces before it sends a photo."""

    capture_id: CaptureId
    """The client's own id (a UUID); announcing it again continues the same upload."""
    step_id: StepId | None
    length_bytes: int
    sha256: str | None
    """Lower-case hexadecimal; ``None`` when the client could not hash."""
    media_type: str = "image/jpeg"
    method: str = "file"
    taken_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """A photo on its way."""

    id: str
    tenant_id: TenantId
    inspection_id: InspectionId
    capture_id: CaptureId
    step_id: StepId | None
    length_bytes: int
    offset_bytes: int
    sha256: str | None
    media_type: str
    method: str
    taken_at: datetime | None
    expires_at: datetime
    is_finished: bool
    """Whether the capture exists, its bytes hashed and safe."""
    pieces: tuple[str, ...] = ()
    """Object keys of what arrived so far, in order."""


@dataclass(frozen=True, slots=True)
class Load:
    """How much one inspection has sent and announced, for its quotas."""

    moving_uploads: int
    """Unfinished uploads that were announced or went on lately."""
    photos: int
    """Captures, and unfinished uploads until they expire."""
    bytes_: int
    """Of the same."""


@dataclass(frozen=True, slots=True)
class NewCapture:
    """A whole photo handed in at once (the command line, the demo, the end of an upload)."""

    capture_id: CaptureId
    step_id: StepId | None
    data: bytes
    media_type: str = "image/jpeg"
    method: str = "file"
    taken_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewFinding:
    """What an operator saw that the model did not."""

    capture_id: CaptureId
    kind: str
    box: tuple[float, float, float, float] | None
    severity: Literal["minor", "major"] | None
    text: str | None
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """An operator's word on a finding; ``None`` takes an earlier one back."""

    verdict: Literal["confirmed", "rejected"] | None
    severity: Literal["minor", "major"] | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class NewFrame:
    """A picture of the call that an operator froze, as the phone sent it."""

    data: bytes
    media_type: str
    width: int
    """Of the upright picture, in pixels; whoever hands it in has opened it."""
    height: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """What an operator makes of a frozen frame."""

    strokes: tuple[Stroke, ...] = ()
    text: str | None = None
    finding_kind: str | None = None
    """Names the damage it shows, and makes a finding of it."""
    severity: Literal["minor", "major"] | None = None


@dataclass(frozen=True, slots=True)
class NewRecording:
    """What a device announces before it sends chunks; once for each kind."""

    kind: RecordingKind
    media_type: str
    device_started_at: datetime | None
    recording_id: RecordingId | None
    """The device's own id, or that of the recording this kind belongs to; ``None``: one is made."""


@dataclass(frozen=True, slots=True)
class SellerMark:
    """A seller's act of signing."""

    name: str
    drawing_svg: str
    """Path data, only ``M`` and ``L`` with numbers, viewBox 0 0 600 200."""
    shown_sha256: str
    """``views.review_sha256`` of the dossier as it was on the screen."""
    second_factor: Literal["email", "phone", "none"]
    """What ``Identity.second_factor`` gave."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which inspections a list shows; what is ``None`` or empty does not matter."""

    states: tuple[InspectionState, ...] = ()
    reference: str | None = None
    """Exactly this one."""
    plate: str | None = None
    """However it is written: without regard to case, spaces and hyphens."""
    vin: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    """Before this moment."""
    updated_since: datetime | None = None


Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Listed(Generic[Item]):
    """One page of a list."""

    items: tuple[Item, ...]
    next_cursor: str | None
