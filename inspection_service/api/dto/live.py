"""What a live session leaves on the pages: frozen frames and drawings, recordings, words, calls for help."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from inspection_service.api.dto.common import (
    WHOLE,
    ActorView,
    Input,
    Moment,
    MomentInput,
    Severity,
    Text,
    View,
)
from inspection_service.inspections.annotating import POINTS_MAX, STROKES_MAX, WIDTH_MAX
from inspection_service.inspections.records import (
    RecordingDevice,
    RecordingEnd,
    RecordingKind,
)

Kind = Literal["dent", "scratch", "crack", "glass_shatter", "lamp_broken", "tire_flat", "other_damage"]
Share = Annotated[float, Field(ge=0, le=1)]
Point = Annotated[tuple[Share, Share], Field(strict=False)]


class FrameTaken(View):
    """A frozen picture of the call has arrived."""

    frame_id: str
    width: int
    height: int


class FrameView(FrameTaken):
    """A frozen picture of the call; its bytes go after a day unless it is kept."""

    step_id: str | None
    sha256: str
    at: Moment
    deleted_at: Moment | None


class StrokeInput(Input):
    """One line on a frame."""

    points: Annotated[list[Point], Field(min_length=1, max_length=POINTS_MAX)] = Field(
        description="x and y, each 0 to 1 of the upright picture's width and height."
    )
    width: Annotated[float, Field(gt=0, le=WIDTH_MAX)] = Field(
        description="Of the line, as a share of the picture's width."
    )


class FindingNote(Input):
    """The damage that a drawing shows."""

    kind: Kind
    severity: Severity


class KeepInput(Input):
    """What an operator drew on a frozen frame, to become evidence."""

    strokes: Annotated[tuple[StrokeInput, ...], Field(max_length=STROKES_MAX, strict=False)] = ()
    text: Text | None = None
    finding: FindingNote | None = None


class StrokeView(View):
    """One line on a frame."""

    points: list[tuple[float, float]]
    width: float


class AnnotationView(View):
    """A frozen frame that was kept as evidence, with what was drawn on it."""

    id: str
    frame_id: str
    step_id: str | None
    strokes: list[StrokeView]
    text: str | None
    by: ActorView
    at: Moment
    finding_id: str | None
    sha256: str = Field(description="Of the picture as the phone sent it.")
    width: int
    height: int


class RecordingInput(Input):
    """What a device is about to record; once for each kind."""

    kind: RecordingKind
    media_type: Annotated[str, StringConstraints(min_length=3, max_length=160)] = Field(
        examples=["video/webm;codecs=vp8,opus"]
    )
    started_at: MomentInput | None = Field(default=None, description="By the device's own clock.")
    recording_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,64}$")] | None = Field(
        default=None, description="The device's own, or that of the recording this kind belongs to."
    )


class RecordingStarted(View):
    """Under which id the chunks go."""

    recording_id: str


class ChunkTaken(View):
    """A chunk is safe."""

    n: int
    chain: str = Field(description="sha256(chain before || sha256(chunk)), before the first 32 zero bytes.")


class FinishInput(Input):
    """How many chunks of each kind were sent."""

    chunks: dict[RecordingKind, Annotated[int, Field(ge=0, le=100_000), WHOLE]]


class RecordingPartView(View):
    """The chunks of one kind."""

    media_type: str
    chunks: int
    bytes: int
    chain_sha256: str
    deleted_at: Moment | None


class RecordedStepView(View):
    """Where in a recording the seller came to a step."""

    step_id: str
    at_s: float


class RecordingView(View):
    """What one device recorded; the hashes stay when the bytes have gone."""

    id: str
    device: RecordingDevice
    parts: dict[RecordingKind, RecordingPartView]
    started_at: Moment
    ended_at: Moment | None
    end: RecordingEnd | None
    steps: list[RecordedStepView]


class RecordingList(View):
    """All recordings of an inspection."""

    items: list[RecordingView]


class ChatMessageView(View):
    """One sentence written in the session."""

    id: str
    from_: Literal["seller", "operator"] = Field(alias="from", serialization_alias="from")
    name: str
    text: str
    at: Moment
    read_aloud: bool


class ChatList(View):
    """All that was written, oldest first."""

    items: list[ChatMessageView]


class HelpInput(Input):
    """A call for a person."""

    phone: Annotated[str, StringConstraints(max_length=40)] | None = Field(
        default=None, description="Where to call back when the line is lost."
    )


class HelpView(View):
    """What a seller who waits may know."""

    asked_at: Moment
    ahead: int = Field(description="Sellers who have waited longer.")
    wait_s: int | None = Field(description="From the last waits; null when nobody can know.")
    operators_online: int
    call_back: str | None = Field(description="The number to call back, masked.")


class OperatorHelpView(View):
    """The seller's newest call for a person that they did not take back."""

    asked_at: Moment
    answered_at: Moment | None
    call_back: str | None = Field(description="Masked for everybody but the holder of the claim.")


class HandoverView(View):
    """What a colleague said when they handed the case over."""

    by: ActorView
    note: str | None
    at: Moment
