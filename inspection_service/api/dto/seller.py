"""What the seller's page sends and receives."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from inspection_service.api.dto.common import (
    FindingView,
    Input,
    Moment,
    Reason,
    SignatureView,
    StepView,
    Text,
    VehicleView,
    View,
)
from inspection_service.api.dto.live import AnnotationView, HelpView
from inspection_service.api.dto.proof import CorrectionView, WithheldView
from inspection_service.inspections.records import InspectionState, Language, LiveLevel, Purpose

Token = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_NUMBER = r"-?[0-9]+(\.[0-9]+)?"
Code = Annotated[str, StringConstraints(pattern=r"^[0-9]{4,10}$")]


class LinkInput(Input):
    """The token of a seller link."""

    token: Token


class JoinInput(LinkInput):
    """The token, and the one-time code when another browser already holds the link."""

    code: Code | None = None
    browser: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22,64}$")] | None = Field(
        default=None,
        description="At least 128 random bits the page made up, the same when it asks again: if the answer was lost, "
        "it is given once more. Without it, a second try counts as another browser.",
    )


class PreviewVehicle(View):
    """As much of the car as one needs to know it is the right one."""

    plate: str | None
    make: str | None
    model: str | None


class LinkPreview(View):
    """What the link is for, before anything is agreed to."""

    platform_name: str
    purpose: Purpose
    language: Language
    vehicle: PreviewVehicle
    steps_total: int
    minutes: int
    steps_left: int = Field(
        description="Photos still to take: asked for later, or not yet taken, or to take again."
    )
    minutes_left: int = Field(description="About how long those take; 0 only when none is left.")
    state: InspectionState
    link: Literal["ready", "in_use", "yours"]
    code_sent_to: str | None = Field(description="The masked contact that a takeover code would go to.")


class CodeSent(View):
    """Where a one-time code went, masked."""

    sent_to: str = Field(examples=["c…@example.com"])


class ConsentsInput(Input):
    """What the seller agrees to, sentence by sentence; sending false takes it back."""

    photos: bool
    live_video: bool = Field(
        description="Whether an operator may watch; false takes back what is above it too."
    )
    live_level: LiveLevel | None = Field(
        default=None,
        description="How much an operator may do in a call, each including the one before; beside it `live_video` is "
        "not looked at.",
    )
    location: bool
    recording: bool


class ConsentsView(View):
    """What the seller agrees to at present."""

    photos: bool
    live_video: bool
    live_level: LiveLevel
    location: bool
    recording: bool


class StepInput(Input):
    """The step the seller is on."""

    step_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]


class ReasonInput(Input):
    """Why, in the seller's words."""

    reason: Reason


class DamageInput(Input):
    """Damage that the seller declares."""

    client_id: Annotated[str, StringConstraints(min_length=8, max_length=64)] = Field(
        description="Made by the page; sending the same again declares nothing new."
    )
    text: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    capture_ids: Annotated[tuple[str, ...], Field(max_length=12, strict=False)] = ()


class DisputeInput(Input):
    """Why the seller does not agree; empty text takes it back."""

    text: Text


class SignatureInput(Input):
    """The seller's own act of signing."""

    name: Annotated[str, StringConstraints(min_length=2, max_length=120)]
    drawing_svg: Annotated[
        str,
        StringConstraints(
            max_length=60_000,
            pattern=rf"^M ?{_NUMBER}[ ,]{_NUMBER}( ?[ML] ?{_NUMBER}[ ,]{_NUMBER})+$",
        ),
    ] = Field(description="Path data of only M and L, viewBox 0 0 600 200.", examples=["M10 10 L20 24"])
    code: Code | None = None
    shown_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] = Field(
        description="The `review_sha256` of the view that was on the screen."
    )


class SellerInspection(View):
    """The case as its seller sees it."""

    id: str
    state: InspectionState
    language: Language
    purpose: Purpose
    vehicle: VehicleView
    platform_name: str
    deadline_at: Moment | None
    current_step: str | None


class CodeView(View):
    """Where a signing code would go."""

    masked: str | None


class CallView(View):
    """A live call that is ringing or under way."""

    id: str
    operator_name: str
    state: Literal["ringing", "accepted", "declined", "ended"]


class SellerView(View):
    """Everything the seller's page shows."""

    inspection: SellerInspection
    consents: ConsentsView
    event_seq: int
    steps: list[StepView]
    damages: list[FindingView]
    findings: list[FindingView]
    signature: SignatureView | None
    code: CodeView
    report_ready: bool
    corrections: list[CorrectionView] = Field(description="What was said after the report was sealed.")
    withheld: WithheldView
    help: HelpView | None = Field(description="While the seller waits for a person.")
    annotations: list[AnnotationView]
    call: CallView | None
    review_sha256: str
    texts_language: Language
