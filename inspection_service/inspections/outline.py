"""An inspection as lists show it: how far it is, and what else one line shows; not what the photos show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from inspection_service.inspections.records import (
    ActorKind,
    CaptureId,
    CaptureState,
    CorrectionEntry,
    Inspection,
    ReportFiles,
    SkippedStep,
    StepId,
)


class Shot(NamedTuple):
    """A capture, as much of it as the rules about steps look at; a tuple, because one list makes a thousand."""

    id: CaptureId
    step_id: StepId | None
    attempt: int
    state: CaptureState
    received_at: datetime
    is_judged: bool
    decider: ActorKind | None
    decision_reason: str | None
    decision_note: str | None

    @property
    def is_evidence(self) -> bool:
        """Whether the photo stands in the report as an answer to its step."""
        return self.state in ("accepted", "overridden")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """One inspection at one moment, as a line of a list."""

    inspection: Inspection
    captures: tuple[Shot, ...] = ()
    """In the order they were received."""
    skipped: tuple[SkippedStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformOutline(Outline):
    """As its platform sees it."""

    report: ReportFiles | None = None
    corrections: tuple[CorrectionEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorOutline(Outline):
    """As operators see it: whose it is, and whether somebody should look."""

    platform_name: str
    claimed_by_name: str | None
    """The operator named by ``inspection.claimed_by``, for people to read."""
    help_asked_at: datetime | None
    """Since when the seller waits for a person."""
    signed_at: datetime | None
    """When the seller signed what still stands."""
    last_event_at: datetime | None
