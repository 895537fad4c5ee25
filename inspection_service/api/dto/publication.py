"""Copies for the public, as those see them who prepare and approve them, and as the public does."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from inspection_service.api.dto.common import Box, Input, Moment, View
from inspection_service.inspections.records import ActorKind
from inspection_service.privacy.hiding import FoundBy, HiddenKind
from inspection_service.privacy.publications import PublicationState

Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class PublicationInput(Input):
    """What to do about copies for the public."""

    action: Literal["prepare", "approve", "withdraw"]
    surroundings: bool = Field(default=False, description="`prepare`: hide everything but the car, too.")
    set_sha256: Hex | None = Field(
        default=None, description="`approve`: the set you looked at; needed, and refused when it has changed."
    )
    seen: Annotated[list[str], Field(max_length=2000)] = Field(
        default_factory=list, description="`approve`: photos whose copies a person looked at and found good."
    )


class DrawnBoxInput(Input):
    """A box in pixels of the upright photo."""

    kind: HiddenKind
    box: Box


class PhotoChangeInput(Input):
    """What to hide besides, what to show again, or that the copy, as it is, was looked at."""

    add: Annotated[list[DrawnBoxInput], Field(max_length=60)] = Field(default_factory=list)
    remove: Annotated[list[DrawnBoxInput], Field(max_length=60)] = Field(
        default_factory=list, description="Exactly as they are listed; it is written into the log."
    )
    is_checked: bool = Field(
        default=False, description="A person looked at this copy; taken back by any change."
    )


class RegionView(View):
    """One part that is hidden; of `surroundings` the box is what stays."""

    kind: HiddenKind
    box: tuple[int, int, int, int]
    by: FoundBy


class PublicationPhotoView(View):
    """One photo of a set."""

    capture_id: str
    title: str
    width: int
    height: int
    hidden: list[RegionView]
    doubts: list[str] = Field(
        description="`plate_not_found`, `car_not_found`, `unknown_view`, `not_looked`: look here first."
    )
    is_checked: bool
    checked_by: ActorKind | None
    copy_url: str = Field(description="The copy as it will be, or is, published.")
    original_sha256: str
    copy_sha256: str | None = Field(description="Once approved.")
    why_no_credentials: str | None = Field(
        description="Why the copy has no Content Credentials; null: it has."
    )


class PublicationSetView(View):
    """A set of copies."""

    state: PublicationState
    set_sha256: str
    surroundings: bool
    prepared_at: Moment
    approved_at: Moment | None
    is_complete: bool = Field(description="Every copy was looked at by a person.")
    photos: list[PublicationPhotoView]


class PublicationView(View):
    """What is being prepared and what is public."""

    prepared: PublicationSetView | None
    approved: PublicationSetView | None
    public_url: str | None = Field(description="Where the public finds it; null while nothing is approved.")


class PublicVehicle(View):
    """The car without plate and VIN."""

    make: str | None
    model: str | None
    first_registration: str | None
    fuel: str | None


class PublicMileage(View):
    """What the odometer says, and whether it fits."""

    reading: str | None
    unit: str | None
    verdict: str | None


class PublicFinding(View):
    """A statement about damage; what people wrote in their own words is withheld."""

    kind: str
    severity: str | None
    part: str | None
    source: Literal["model", "operator", "seller"]
    verdict: str | None
    is_disputed: bool
    photo_id: str | None
    box: Box | None


class PublicGap(View):
    """What was not seen."""

    title: str
    why: str


class PublicPhotoView(View):
    """A photo to look at and to download."""

    id: str
    title: str
    url: str
    width: int
    height: int
    sha256: str
    original_sha256: str
    hidden: list[str] = Field(description="Kinds of what is hidden.")
    has_credentials: bool


class PublicProof(View):
    """What leads to the proof."""

    json_sha256: str
    pdf_sha256: str
    statement_sha256: str
    pdf_url: str
    record_url: str
    statement_url: str
    verify_url: str


class PublicReportView(View):
    """A report for anybody: no plate, no VIN, no names."""

    public_id: str
    language: Literal["fr", "en"]
    published_at: Moment
    sealed_at: str
    has_development_keys: bool
    is_demonstration: bool = Field(
        description="Whether at least one photo was generated or taken from a folder, not taken for this inspection."
    )
    is_withdrawn: bool = Field(description="Whether the report itself was withdrawn by a correction.")
    vehicle: PublicVehicle
    mileage: PublicMileage
    damage: str
    views_asked: int
    views_photographed: int
    findings: list[PublicFinding]
    not_seen: list[PublicGap]
    limits: list[str]
    photos: list[PublicPhotoView]
    proof: PublicProof
