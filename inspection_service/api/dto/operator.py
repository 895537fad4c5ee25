"""What the operator's page sends and receives."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from inspection_service.api.dto.common import (
    ActorView,
    AdviceView,
    Box,
    CaptureView,
    EventView,
    FailureView,
    FindingView,
    Input,
    Moment,
    Progress,
    Reason,
    Severity,
    StepView,
    Text,
    VehicleView,
    View,
)
from inspection_service.api.dto.live import (
    AnnotationView,
    ChatMessageView,
    FrameView,
    HandoverView,
    Kind,
    OperatorHelpView,
    RecordingView,
)
from inspection_service.api.dto.proof import CorrectionView, WithheldView
from inspection_service.api.dto.seller import ConsentsView
from inspection_service.identity.records import Role
from inspection_service.inspections.needs import Need
from inspection_service.inspections.records import (
    FindingVerdict,
    InspectionState,
    Language,
    Purpose,
    SignOff,
    Voice,
)


class OperatorRef(View):
    """An operator, by name."""

    id: str
    name: str


class OperatorMe(OperatorRef):
    """An operator, and what they may do beyond their own cases."""

    role: Role


class Colleague(OperatorMe):
    """An operator one may hand a case to."""

    online: bool = Field(description="Whether a page of theirs is open.")
    cases: int = Field(description="Open cases they hold.")


class ClaimInput(Input):
    """How to take a case."""

    force: bool = Field(default=False, description="Also from a colleague; for supervisors.")


class HandoverInput(Input):
    """Who holds the case from now on."""

    operator_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    note: Annotated[str, StringConstraints(max_length=500)] | None = None


class RetakeInput(Input):
    """Why the photo should be taken again."""

    reason_code: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
    text: Text | None = Field(
        default=None, description="The operator's own words; shown to the seller instead."
    )


class OverrideInput(Input):
    """Why the photo stands although the model refused it."""

    reason: Reason


class OdometerInput(Input):
    """The reading as a person sees it."""

    reading: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,7}$")]
    unit: Literal["km", "mi"]
    note: Text | None = None


class StatementInput(Input):
    """An answer to a control point."""

    answer: Literal["ok", "minor", "major", "not_applicable", "not_seen"]
    note: Text | None = None


class FindingInput(Input):
    """Damage an operator marks on a photo."""

    capture_id: str
    box: Box
    kind: Kind
    severity: Severity
    text: Text | None = None

    @model_validator(mode="after")
    def _box_has_area(self) -> FindingInput:
        x1, y1, x2, y2 = self.box
        if not (0 <= x1 < x2 and 0 <= y1 < y2):
            raise ValueError("box is x1, y1, x2, y2 with x1 < x2 and y1 < y2, none negative")
        return self


class VerdictInput(Input):
    """What the operator says about a finding; null takes it back."""

    verdict: FindingVerdict | None
    severity: Severity | None = None
    note: Text | None = None


class SignOffInput(Input):
    """The operator's last word."""

    note: Text | None = None


class LiveView(View):
    """Who is connected now."""

    seller: bool


class QueueCall(View):
    """A call that rings or goes on."""

    state: Literal["ringing", "accepted"]
    operator_name: str


class QueueItem(View):
    """One line of the operators' list."""

    id: str
    state: InspectionState
    vehicle: VehicleView
    platform_name: str
    seller_name: str | None
    progress: Progress
    current_step: str | None
    step_title: str | None
    age_s: int
    last_event_at: Moment | None
    failure: FailureView | None
    needs: list[Need] = Field(description="Most urgent first: help, failed_twice, stalled, sign_off.")
    need_since: Moment | None = Field(description="Since when the most urgent one waits.")
    rank: str = Field(description="Sorts the list; compare as text.")
    claimed_by: OperatorRef | None
    call: QueueCall | None
    live: LiveView


class QueuePage(View):
    """One page of the operators' list; those who need somebody first."""

    items: list[QueueItem]
    next_cursor: str | None


class OperatorInspection(View):
    """The case as an operator sees it."""

    id: str
    state: InspectionState
    language: Language
    purpose: Purpose
    vehicle: VehicleView
    platform_name: str
    reference: str | None
    sign_off: SignOff
    deadline_at: Moment | None
    created_at: Moment
    updated_at: Moment
    current_step: str | None
    seller_name: str | None
    contact_masked: str | None
    claimed_by: OperatorRef | None
    handover: HandoverView | None
    progress: Progress


class OperatorStepView(StepView):
    """A step with all its attempts and the reasons one may give for a retake."""

    captures: list[CaptureView]
    reasons: list[AdviceView]


class StatementView(View):
    """What one voice says about one control point."""

    control_point: str
    voice: Voice
    value: dict[str, Any]
    actor: ActorView
    at: Moment
    evidence: list[str]


class ControlPointView(View):
    """One thing the checklist requires to be established."""

    id: str
    title: str
    section: str
    step: str | None


class OdometerView(View):
    """The mileage by its three voices."""

    model: dict[str, Any] | None
    operator: dict[str, Any] | None
    declared_km: int | None


class SkippedView(View):
    """A step that was not answered, and why."""

    step_id: str
    reason: str
    at: Moment


class OperatorSignature(View):
    """Who signed, and how they were reached."""

    role: Literal["seller", "operator"]
    name: str
    at: Moment
    second_factor: Literal["email", "phone", "none"]
    drawing_svg: str | None
    note: str | None


class OddPhoto(View):
    """A photo that may show another car than the others of its inspection: a hint for a person to look at."""

    capture_id: str
    why: list[Literal["looks", "colour", "plate"]] = Field(
        description="What differs: the look of the whole car, its colour, the plate that is read."
    )


class PresenceView(View):
    """Who looks at the case now."""

    seller: bool
    operators: list[str]


class OperatorView(View):
    """Everything the operator's page shows about one case."""

    inspection: OperatorInspection
    checklist_title: str
    event_seq: int
    steps: list[OperatorStepView]
    damages: list[FindingView] = Field(description="Declared by the seller.")
    findings: list[FindingView] = Field(description="All findings, whoever made them.")
    damage_captures: list[CaptureView] = Field(description="Photos of declared damage, which answer no step.")
    control_points: list[ControlPointView]
    statements: list[StatementView]
    odometer: OdometerView
    consents: ConsentsView
    skipped: list[SkippedView]
    signatures: list[OperatorSignature]
    events: list[EventView] = Field(description="The last 200.")
    presence: PresenceView
    help: OperatorHelpView | None
    annotations: list[AnnotationView]
    recordings: list[RecordingView]
    report_ready: bool
    corrections: list[CorrectionView] = Field(description="What was said after the report was sealed.")
    withheld: WithheldView
    odd_photos: list[OddPhoto] = Field(
        description="Accepted photos of the whole car that do not fit the rest; fewer than half of them."
    )
    texts_language: Language


class ReplayView(View):
    """Everything the flight recorder shows: what was asked, what the camera did, what was seen and said, and when."""

    inspection: OperatorInspection
    steps: list[OperatorStepView]
    started_at: Moment
    ended_at: Moment | None = Field(description="When the case was closed; null while it is open.")
    events: list[EventView] = Field(description="All of them.")
    captures: list[CaptureView]
    annotations: list[AnnotationView]
    recordings: list[RecordingView]
    chat: list[ChatMessageView]
    frames: list[FrameView]
    operators: list[OperatorRef] = Field(
        description="Everybody whom an event names by id: who was given a case."
    )
