"""An inspection as lists show it: how far it is, and whether somebody should look; not what the photos show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

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


@dataclass(frozen=True, slots=True)
class Shot:
    """A capture, as much of it as the rules about steps look at."""

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


@dataclass(frozen=True, slots=True)
class Outline:
    """One inspection at one moment, as a line of a list."""

    inspection: Inspection
    platform_name: str
    claimed_by_name: str | None = None
    """The operator named by ``inspection.claimed_by``, for people to read."""
    captures: tuple[Shot, ...] = ()
    """In the order they were received."""
    skipped: tuple[SkippedStep, ...] = ()
    report: ReportFiles | None = None
    corrections: tuple[CorrectionEntry, ...] = ()
    help_asked_at: datetime | None = None
    """Since when the seller waits for a person."""
    signed_at: datetime | None = None
    """When the seller signed what still stands."""
    last_event_at: datetime | None = None
