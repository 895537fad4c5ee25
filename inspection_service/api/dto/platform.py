"""What a platform sends and receives."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from inspection_service.api.dto.common import (
    WHOLE,
    CaptureView,
    DayInput,
    EventView,
    FindingView,
    Input,
    Moment,
    MomentInput,
    Progress,
    VehicleView,
    View,
)
from inspection_service.api.dto.proof import CorrectionView
from inspection_service.inspections.records import InspectionState, Language, Purpose, SignOff, Voice

Short = Annotated[str, StringConstraints(min_length=1, max_length=80)]


class VehicleInput(Input):
    """What the platform knows about the car; leave out what it does not."""

    plate: Annotated[str, StringConstraints(min_length=1, max_length=16)] | None = None
    vin: Annotated[str, StringConstraints(pattern=r"^[A-HJ-NPR-Z0-9]{17}$")] | None = None
    make: Short | None = None
    model: Short | None = None
    first_registration: DayInput | None = None
    fuel: Annotated[str, StringConstraints(min_length=1, max_length=32)] | None = None
    declared_mileage_km: Annotated[int, Field(ge=0, le=9_999_999), WHOLE] | None = None


class ContactInput(Input):
    """Where one-time codes for the seller go; without it the report says that there was no second factor."""

    name: Short | None = None
    email: Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")] | None = (
        None
    )
    phone: Annotated[str, StringConstraints(pattern=r"^\+[0-9]{6,15}$")] | None = Field(
        default=None, description="E.164"
    )


class OrderInput(Input):
    """An order for one inspection."""

    model_config = Input.model_config | {
        "json_schema_extra": {
            "example": {
                "vehicle": {
                    "plate": "AB-123-CD",
                    "make": "Peugeot",
                    "model": "308",
                    "declared_mileage_km": 127500,
                },
                "checklist": "listing-12",
                "language": "fr",
                "purpose": "listing",
                "contact": {"name": "Camille Martin", "email": "camille@example.com"},
                "reference": "advert-8812",
            }
        }
    }

    vehicle: VehicleInput = VehicleInput()
    checklist: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]
    language: Language = "fr"
    purpose: Purpose = "listing"
    deadline_at: MomentInput | None = None
    contact: ContactInput | None = None
    reference: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    sign_off: SignOff | None = Field(default=None, description="Overrides what the checklist says.")
    send_link: bool = Field(
        default=False,
        description="Also send the link to the contact, by e-mail or else by text message.",
    )

    @model_validator(mode="after")
    def _link_has_an_address(self) -> OrderInput:
        if self.send_link and not (self.contact and (self.contact.email or self.contact.phone)):
            raise ValueError("send_link needs an e-mail address or a phone number in contact")
        return self


class CancelInput(Input):
    """Why an inspection is no longer wanted."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=300)] | None = Field(
        default=None, examples=["The car is sold."]
    )


class ExtendInput(Input):
    """Until when the seller has time."""

    deadline_at: MomentInput | None = Field(description="`null`: as long as it takes.")


class PhotoRequestInput(Input):
    """One more photo, beside what the checklist wants."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=300)] = Field(
        description="What the seller reads, in their language.",
        examples=["Please photograph the service book, the page with the last stamp."],
    )
    step_id: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = Field(
        default=None, description="The step of the checklist it is about."
    )


class PhotoRequestView(View):
    """A photo the platform asked for; on the seller's page it is a step of its own."""

    id: str = Field(examples=["asked-1"], description="The `step_id` of the captures that answer it.")
    text: str
    step_id: str | None
    asked_at: Moment
    status: Literal["open", "sent", "retake", "done", "skipped"]
    capture_id: str | None = Field(description="The photo that answers it, or the newest try.")


class ChecklistRef(View):
    """Which checklist, exactly."""

    id: str
    sha256: str


class ReportRef(View):
    """The sealed report, by its hashes."""

    sealed_at: Moment
    json_sha256: str
    pdf_sha256: str
    corrections: list[CorrectionView] = Field(description="What was said after it was sealed, in order.")


class PlatformInspection(View):
    """One inspection as its platform sees it."""

    id: str
    state: InspectionState
    language: Language
    purpose: Purpose
    vehicle: VehicleView
    checklist: ChecklistRef
    sign_off: SignOff
    reference: str | None
    deadline_at: Moment | None
    created_at: Moment
    updated_at: Moment
    progress: Progress
    photo_requests: list[PhotoRequestView]
    cancel_reason: str | None
    report: ReportRef | None


class OrderedInspection(PlatformInspection):
    """A new inspection with the link to hand to the seller; the link is shown this once."""

    seller_link: str = Field(examples=["https://inspect.example/s#3vQ..."])
    seller_link_expires_at: Moment


class SellerLink(View):
    """A fresh link; the former one no longer opens."""

    seller_link: str
    expires_at: Moment


class InspectionPage(View):
    """One page of inspections, newest first."""

    items: list[PlatformInspection]
    next_cursor: str | None


class EventPage(View):
    """Events after a number, in order."""

    items: list[EventView]
    last_seq: int


class CaptureList(View):
    """All photos of an inspection."""

    items: list[CaptureView]


class FindingList(View):
    """All statements about damage: the model's and the operators' on photos that stand, and the seller's own."""

    items: list[FindingView]


class ReadingView(View):
    """What one voice says of one control point; voices that differ all stay."""

    control_point: str = Field(examples=["odometer", "tread_front_left"])
    voice: Voice
    value: dict[str, Any] = Field(
        description="Of the odometer: `reading`, `unit`, `confidence`, `why_not`, `note`; of others `answer`, `note`.",
        examples=[{"reading": "127506", "unit": "km", "confidence": 0.97}],
    )
    at: Moment
    capture_ids: list[str] = Field(description="The photos it stands on.")


class ReadingList(View):
    """The latest word of each voice on the odometer and on each control point."""

    items: list[ReadingView]


class ChecklistSummary(View):
    """A checklist one can order."""

    id: str
    version: str
    sha256: str
    title: dict[str, str]
    minutes: int
    sign_off: SignOff
    steps_total: int


class ChecklistList(View):
    """All checklists."""

    items: list[ChecklistSummary]


class ChecklistDetail(ChecklistSummary):
    """A checklist with all its content, in the form that is hashed."""

    content: dict[str, Any]
