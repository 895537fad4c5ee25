"""What proves, corrects, holds and erases a report, as callers see it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from inspection_service.api.dto.common import ActorView, Input, Moment, View
from inspection_service.inspections.records import CorrectionKind

Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
LeafKind = Literal["report", "addendum", "withdrawal", "redaction"]


class CorrectionInput(Input):
    """What to say about a sealed report; it is signed and stands for good."""

    kind: Literal["addendum", "withdrawal"]
    reason: Literal["mistake", "new_information", "wrong_vehicle", "fraud", "dispute", "other"] = "other"
    text: Annotated[str, Field(min_length=1, max_length=4000)] = Field(
        description="It cannot be erased later: names and numbers of people do not belong in it.",
        examples=["The left mirror was photographed broken; it has been replaced since."],
    )


class CorrectionView(View):
    """One signed entry made after a report."""

    no: int
    kind: CorrectionKind
    at: Moment
    by: ActorView
    reason: str
    text: str
    json_sha256: str
    pdf_sha256: str | None = Field(description="Of the document issued in place of the first.")


class CorrectionList(View):
    """All entries made after a report, in order."""

    items: list[CorrectionView]


class WithheldView(View):
    """What of a sealed inspection is no longer kept; all of it is still provable by its hashes."""

    personal_values: bool = Field(description="Contact, plate, VIN, names, marks, words and recordings.")
    photos: int = Field(description="How many photos lost their bytes; kept frames went with them.")
    report: bool = Field(description="The report's own files: only its leaf in the log is left.")


class HeadView(View):
    """What the log said of itself, signed."""

    no: int
    tree_size: int
    root: str
    at: Moment
    jws: str = Field(description="Compact JWS over `log`, `tree_size`, `root` and `at`.")
    timestamp: str | None = Field(description="RFC 3161 token over the JWS, DER in hexadecimal.")


class HeadList(View):
    """Heads, old ones first."""

    items: list[HeadView]


class LeafView(View):
    """One leaf; its hash is SHA-256 over a zero byte and the canonical JSON of `leaf`."""

    seq: int
    leaf_hash: str
    leaf: dict[str, Any]


class LeafList(View):
    """Leaves in order; ask on with `after` = number of leaves you have."""

    items: list[LeafView]


class InclusionView(View):
    """That a leaf stands in the log (RFC 9162, section 2.1.3)."""

    leaf: dict[str, Any]
    seq: int
    tree_size: int
    path: list[str]
    head_jws: str | None = Field(description="Of exactly this size; null when none was signed.")
    head_timestamp: str | None


class ConsistencyView(View):
    """That the log only grew (RFC 9162, section 2.1.4)."""

    first: int
    second: int
    path: list[str]


class NewerView(View):
    """An entry made after a report."""

    kind: LeafKind
    json_sha256: str
    at: str


class LogStatus(View):
    """Whether a record is in the log, and what was logged about it later."""

    known: bool
    newer: list[NewerView]


class ErasureInput(Input):
    """What to erase besides the personal values of the seller."""

    photos: bool = Field(
        default=False,
        description="Also the bytes of all photos and kept frames; their hashes stay in the evidence.",
    )


class ErasureView(View):
    """What came of it; asking again changes nothing."""

    correction: CorrectionView | None = Field(
        description="The redaction that says what is gone; null without a report, or when nothing was left."
    )


class HoldInput(Input):
    """Whether everything of an inspection must be kept."""

    is_held: bool
    reason: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(
        default=None, description="Needed to place a hold."
    )


class HoldView(View):
    """Whether an inspection is held."""

    is_held: bool
    at: Moment | None = None
    by: ActorView | None = None
    reason: str | None = None
