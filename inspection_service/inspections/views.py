"""What a dossier means for people, derived in one place so that pages, lists and the report agree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from inspection_service.inspections.records import (
    Capture,
    Consent,
    ConsentPurpose,
    Dossier,
    Finding,
    Inspection,
    Statement,
    StepId,
)

Status = Literal["open", "sent", "retake", "done", "skipped"]
Need = Literal["help", "failed_twice", "stalled", "sign_off"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the checklist and how far it is."""

    id: StepId
    status: Status
    attempts: int
    failed_attempts: int
    can_keep: bool
    """Whether the seller may keep ``capture`` with a reason."""
    capture: Capture | None
    """The photo to show: the evidence when done, else the newest."""
    advice_code: str | None
    """Why the newest photo was refused (a reason code of the judgement or of the operator); ``None`` when it was not."""
    advice_text: str | None
    """The operator's own words, when they added some."""
    skip_reason: str | None
    is_required: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How many steps have an answer (a photo, or a reason why not)."""

    done: int
    total: int


def checklist_steps(inspection: Inspection) -> tuple[dict[str, Any], ...]:
    """Return the frozen checklist's steps, in order, as they were ordered."""
    raise NotImplementedError


def steps(dossier: Dossier) -> tuple[Step, ...]:
    """Return every step of the checklist with its status, in order."""
    raise NotImplementedError


def progress(dossier: Dossier) -> Progress:
    """Count the answered steps."""
    raise NotImplementedError


def evidence(dossier: Dossier) -> dict[StepId, Capture]:
    """Return the photo that stands for each step; steps without one are absent."""
    raise NotImplementedError


def missing_steps(dossier: Dossier) -> tuple[tuple[StepId, ...], tuple[StepId, ...]]:
    """Return the required steps without an answer, and the steps whose photo is still being judged."""
    raise NotImplementedError


def needs(dossier: Dossier, now: datetime) -> tuple[Need, ...]:
    """Say why an operator should look at this case, most urgent first; empty when the seller does well alone."""
    raise NotImplementedError


def visible_findings(dossier: Dossier) -> tuple[Finding, ...]:
    """Return the model's and operators' findings on photos that stand as evidence."""
    raise NotImplementedError


def declared_damage(dossier: Dossier) -> tuple[Finding, ...]:
    """Return what the seller declared."""
    raise NotImplementedError


def odometer(dossier: Dossier) -> dict[str, Statement]:
    """Return the latest odometer statement of each voice (``model``, ``operator``)."""
    raise NotImplementedError


def consents_now(dossier: Dossier) -> dict[ConsentPurpose, Consent | None]:
    """Return the latest word on each of the four consents."""
    raise NotImplementedError


def has_consent(dossier: Dossier, purpose: ConsentPurpose) -> bool:
    """Say whether the seller agrees to this now."""
    raise NotImplementedError


def seller_joined_at(dossier: Dossier) -> datetime | None:
    """Return when the seller first tapped Start."""
    raise NotImplementedError


def review(dossier: Dossier) -> dict[str, Any]:
    """Return what a seller is shown before signing, as plain JSON values."""
    raise NotImplementedError


def review_sha256(dossier: Dossier) -> str:
    """Return the hash of the canonical JSON (RFC 8785) of ``review``; the signature quotes it."""
    raise NotImplementedError
