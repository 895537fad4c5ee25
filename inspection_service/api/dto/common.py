"""What several parties see: vehicles, photos, findings, and the base of all models."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from inspection_service.api.dto.judgement import JudgementJson
from inspection_service.clock import isoformat
from inspection_service.inspections.records import (
    ActorKind,
    CaptureState,
    FindingVerdict,
    InspectionState,
    Language,
    Purpose,
    Voice,
)

Moment = Annotated[datetime, PlainSerializer(isoformat, return_type=str, when_used="json")]
"""RFC 3339 in UTC with milliseconds."""
_FULL_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})")


def _written(value: Any) -> Any:
    """Take a moment only as it is documented: Pydantic would read numbers as seconds since 1970 too."""
    if isinstance(value, datetime) or (isinstance(value, str) and _RFC3339.fullmatch(value.strip())):
        return value
    raise ValueError("A moment is written as in RFC 3339, with its offset: 2026-11-22T10:00:00Z.")


def _day(value: Any) -> Any:
    """Take a day only as it is documented: Pydantic would read seconds since 1970 and moments too."""
    if isinstance(value, date) or (isinstance(value, str) and _FULL_DATE.fullmatch(value.strip())):
        return value
    raise ValueError("A day is written as in RFC 3339: 2019-05-17.")


def _whole(value: Any) -> Any:
    """Take 87000.0 for an integer, as JSON Schema does: some languages write all numbers like that."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


# A body is strict. These are what JSON has no type for, and are read from the one it has.
MomentInput = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_written)]
"""A moment somebody sends: RFC 3339 with its offset from UTC."""
DayInput = Annotated[date, Field(strict=False), BeforeValidator(_day)]
"""A day somebody sends: RFC 3339 ``full-date``."""
WHOLE: Final = BeforeValidator(_whole)
"""For an integer somebody sends, behind its bounds: ``Annotated[int, Field(ge=0), WHOLE]``."""
Box = Annotated[tuple[float, float, float, float], Field(strict=False)]
"""``x1, y1, x2, y2`` in pixels of the upright photo."""
Severity = Literal["minor", "major"]
Text = Annotated[str, Field(max_length=1000)]
Reason = Annotated[str, Field(min_length=1, max_length=500, examples=["The wheel is behind a wall."])]


class Input(BaseModel):
    """Something sent to us: unknown members are refused, so that a typing error is not a silent loss.

    Values are what they are written as: ``"false"`` is no boolean and ``1`` is none either. A field whose type JSON
    does not have (a moment, a day, a tuple) says ``strict=False`` for itself, not for what it holds.
    """

    model_config = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True, frozen=True)


class View(BaseModel):
    """Something we answer with."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class VehicleView(View):
    """The car as the platform described it; every member may be unknown."""

    plate: str | None
    vin: str | None
    make: str | None
    model: str | None
    first_registration: date | None
    fuel: str | None
    declared_mileage_km: int | None


class ActorView(View):
    """Who did something."""

    kind: ActorKind
    name: str


class AdviceView(View):
    """The one thing to do about a photo."""

    code: str = Field(examples=["too_small"])
    sentence: str = Field(examples=["Step closer, so that the car fills the outline."])


class CaptureView(View):
    """One photo and what was decided about it."""

    id: str
    step_id: str | None
    attempt: int
    state: CaptureState
    received_at: Moment
    thumb_url: str
    photo_url: str
    width: int | None
    height: int | None
    judgement: JudgementJson
    decided_by: ActorView | None
    decision_reason: str | None
    advice: AdviceView | None


class FindingView(View):
    """One statement about damage; who says so is never mixed."""

    id: str
    capture_id: str | None
    more_capture_ids: list[str] = Field(description="Further photos of the same damage.")
    source: Voice
    kind: str = Field(examples=["dent"])
    kind_label: str = Field(examples=["Dent"])
    box: Box | None
    part: str | None
    severity: Severity | None
    model_score: float | None
    text: str | None
    verdict: FindingVerdict | None
    verdict_by: ActorView | None
    verdict_note: str | None
    dispute: str | None
    annotation_id: str | None = Field(description="The drawing on a frozen frame that shows it.")


class StepView(View):
    """One thing to photograph, and how far it is."""

    id: str
    kind: Literal["photo", "reading"]
    title: str
    instruction: str
    overlay_url: str | None
    example_url: str | None
    required: bool
    status: Literal["open", "sent", "retake", "done", "skipped"]
    attempts: int
    failed_attempts: int
    can_keep: bool
    capture: CaptureView | None
    advice: AdviceView | None


class FailureView(View):
    """What went wrong last, on a step that has no answer yet."""

    step_id: str | None
    step_title: str | None
    code: str
    sentence: str
    at: Moment


class Progress(View):
    """How many of the required steps are answered."""

    done: int
    total: int


class EventView(View):
    """One line of the inspection's log."""

    seq: int
    at: Moment
    kind: str
    actor: ActorView
    data: dict[str, Any]


class SignatureView(View):
    """That somebody signed."""

    name: str
    at: Moment


__all__ = ["InspectionState", "Language", "Purpose"]
