"""What a dossier means for people, derived in one place so that pages, lists and the report agree."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any, Final, Generic, Literal, Protocol, TypeVar

import rfc8785

from inspection_service.inspections.asking import steps_of
from inspection_service.inspections.needs import TRIES_BEFORE_KEEPING, Facts
from inspection_service.inspections.outline import OperatorOutline, Shot
from inspection_service.inspections.records import (
    Annotation,
    Capture,
    Consent,
    ConsentPurpose,
    Dossier,
    Finding,
    Inspection,
    LiveLevel,
    SkippedStep,
    Statement,
    StepId,
)
from inspection_service.inspections.rows import strokes_to_json, vehicle_to_json

Status = Literal["open", "sent", "retake", "done", "skipped"]

ODOMETER: Final = "odometer"
"""The control point every reading is a statement on."""
LISTED_EVENTS: Final = frozenset({"seller.joined"})
"""The events ``seller_joined_at`` reads; lists load no others, except the newest."""
LIVE_LEVELS: Final[tuple[LiveLevel, ...]] = ("off", "watch", "point", "steer")
LIVE_PURPOSES: Final[Mapping[LiveLevel, tuple[ConsentPurpose, ...]]] = {
    "off": (),
    "watch": ("live_video",),
    "point": ("live_video", "pointing"),
    "steer": ("live_video", "pointing", "steering"),
}
"""The consents each level is kept as."""


P = TypeVar("P", Capture, Shot)
P_co = TypeVar("P_co", Capture, Shot, covariant=True)


class Photographed(Protocol[P_co]):
    """A ``Dossier`` or an ``Outline``: what the steps of an inspection follow from."""

    @property
    def inspection(self) -> Inspection:
        """The case."""

    @property
    def captures(self) -> tuple[P_co, ...]:
        """In the order they were received."""

    @property
    def skipped(self) -> tuple[SkippedStep, ...]:
        """Steps that need no photo, each with its reason."""


@dataclass(frozen=True, slots=True)
class Step(Generic[P]):
    """One step of the checklist and how far it is."""

    id: StepId
    status: Status
    attempts: int
    failed_attempts: int
    can_keep: bool
    """Whether the seller may keep ``capture`` with a reason."""
    capture: P | None
    """The photo to show: the evidence when done, else the newest."""
    advice_code: str | None
    """Why the newest photo was refused (a code of the judgement or of the operator); ``None`` when it was not."""
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
    """Return the frozen checklist's steps, in order, as they were ordered; then what was asked for besides."""
    return steps_of(inspection)


def steps(dossier: Photographed[P]) -> tuple[Step[P], ...]:
    """Return every step of the checklist with its status, in order."""
    taken: dict[StepId | None, list[P]] = {}
    for capture in dossier.captures:
        taken.setdefault(capture.step_id, []).append(capture)
    skipped = {each.step_id: each for each in reversed(dossier.skipped)}
    return tuple(
        _step(step, taken.get(step["id"], []), skipped.get(step["id"]))
        for step in checklist_steps(dossier.inspection)
    )


def _step(step: Mapping[str, Any], captures: Sequence[P], skip: SkippedStep | None) -> Step[P]:
    newest = captures[-1] if captures else None
    standing = next((capture for capture in reversed(captures) if capture.is_evidence), None)
    failed = sum(capture.state == "retake" for capture in captures)
    status = _status(newest, has_answer=standing is not None, is_skipped=skip is not None)
    refused = newest if newest is not None and newest.state == "retake" and status == "retake" else None
    return Step(
        id=StepId(step["id"]),
        status=status,
        attempts=len(captures),
        failed_attempts=failed,
        can_keep=refused is not None and can_keep(captures, refused),
        capture=standing if status == "done" else newest,
        advice_code=refused.decision_reason if refused else None,
        advice_text=refused.decision_note if refused else None,
        skip_reason=skip.reason if skip and status == "skipped" else None,
        is_required=bool(step["required"]),
    )


def _status(newest: Capture | Shot | None, *, has_answer: bool, is_skipped: bool) -> Status:
    if newest is not None and newest.state in ("received", "judged"):
        return "sent"
    if has_answer:
        return "done"
    if is_skipped:
        return "skipped"
    return "open" if newest is None else "retake"


def can_keep(captures: Sequence[P], capture: P) -> bool:
    """Say whether the seller may keep this photo although it was refused: the rule of two failed tries.

    Only a photo that can be opened (it was judged), that the service and not a person refused, and that is the newest
    of its step.
    """
    if capture.step_id is None or capture.state != "retake" or not capture.is_judged:
        return False
    if capture.decider == "operator":
        return False
    of_step = [other for other in captures if other.step_id == capture.step_id]
    failed = sum(other.state == "retake" for other in of_step)
    return failed >= TRIES_BEFORE_KEEPING and of_step[-1].id == capture.id


def progress(dossier: Photographed[P]) -> Progress:
    """Count the answered steps: what ``steps`` says of them, without all else it says; lists ask for each line."""
    newest = {capture.step_id: capture for capture in dossier.captures}
    answered = {capture.step_id for capture in dossier.captures if capture.is_evidence}
    skipped = {each.step_id for each in dossier.skipped}
    found = [
        _status(newest.get(step["id"]), has_answer=step["id"] in answered, is_skipped=step["id"] in skipped)
        for step in checklist_steps(dossier.inspection)
    ]
    return Progress(found.count("done") + found.count("skipped"), len(found))


@dataclass(frozen=True, slots=True)
class Remaining:
    """What the seller still has before them."""

    steps: int
    minutes: int
    """By the checklist's own estimate for all its photos; whole minutes, 0 only when nothing is left."""


def remaining(dossier: Dossier) -> Remaining:
    """Count the steps that wait for the seller, and the time they take; a photo being judged is not waited for."""
    left = sum(step.status in ("open", "retake") for step in steps(dossier))
    checklist = dossier.inspection.checklist
    return Remaining(left, ceil(left * checklist["minutes"] / len(checklist["steps"])))


def evidence(dossier: Dossier) -> dict[StepId, Capture]:
    """Return the photo that stands for each step; steps without one are absent."""
    standing: dict[StepId, Capture] = {}
    for capture in dossier.captures:
        if capture.step_id is not None and capture.is_evidence:
            standing[capture.step_id] = capture
    return {
        StepId(step["id"]): standing[step["id"]]
        for step in checklist_steps(dossier.inspection)
        if step["id"] in standing
    }


def missing_steps(dossier: Dossier) -> tuple[tuple[StepId, ...], tuple[StepId, ...]]:
    """Return the required steps without an answer, and the steps whose photo is still being judged."""
    found = steps(dossier)
    missing = tuple(step.id for step in found if step.is_required and step.status in ("open", "retake"))
    return missing, tuple(step.id for step in found if step.status == "sent")


def is_judging(dossier: Dossier) -> bool:
    """Say whether a photo of this inspection still waits for its judgement."""
    return any(capture.state == "received" for capture in dossier.captures)


def facts(outline: OperatorOutline) -> Facts:
    """Return as much of a case as the order of the queue depends on."""
    case = outline.inspection
    failed = [
        step.capture.received_at
        for step in steps(outline)
        if step.status == "retake" and step.capture and step.failed_attempts >= TRIES_BEFORE_KEEPING
    ]
    return Facts(
        id=case.id,
        state=case.state,
        created_at=case.created_at,
        updated_at=case.updated_at,
        help_asked_at=outline.help_asked_at,
        failed_at=max(failed, default=None),
        signed_at=outline.signed_at,
    )


def last_failure(dossier: Photographed[P]) -> P | None:
    """Return the newest photo that was refused and whose step has no answer yet."""
    refused = [
        step.capture for step in steps(dossier) if step.status == "retake" and step.capture is not None
    ]
    return max(refused, key=lambda capture: capture.received_at, default=None)


def visible_findings(dossier: Dossier) -> tuple[Finding, ...]:
    """Return the model's and operators' findings on photos that stand as evidence and on frames that were kept."""
    standing = {capture.id for capture in evidence(dossier).values()}
    standing |= {
        capture.id for capture in dossier.captures if capture.step_id is None and capture.is_evidence
    }
    return tuple(
        f
        for f in dossier.findings
        if f.source != "seller" and (f.capture_id in standing or f.annotation_id is not None)
    )


def declared_damage(dossier: Dossier) -> tuple[Finding, ...]:
    """Return what the seller declared."""
    return tuple(finding for finding in dossier.findings if finding.source == "seller")


def odometer(dossier: Dossier) -> dict[str, Statement]:
    """Return the latest odometer statement of each voice: the model's if its photo stands, the operator's."""
    standing = {capture.id for capture in evidence(dossier).values()}
    latest: dict[str, Statement] = {}
    for statement in dossier.statements:
        if statement.control_point != ODOMETER:
            continue
        if statement.voice == "model" and not standing.intersection(statement.evidence):
            continue
        latest[statement.voice] = statement
    return latest


def statements_now(dossier: Dossier) -> tuple[Statement, ...]:
    """Return the latest statement of each voice on each control point, without the odometer, in checklist order."""
    latest = {(s.control_point, s.voice): s for s in dossier.statements if s.control_point != ODOMETER}
    order = [point["id"] for point in dossier.inspection.checklist["control_points"]]
    return tuple(sorted(latest.values(), key=lambda s: (order.index(s.control_point), s.voice)))


def consents_now(dossier: Dossier) -> dict[ConsentPurpose, Consent | None]:
    """Return the latest word on each of the consents."""
    latest: dict[ConsentPurpose, Consent | None] = {
        "photos": None,
        "live_video": None,
        "pointing": None,
        "steering": None,
        "location": None,
        "recording": None,
    }
    for consent in dossier.consents:
        latest[consent.purpose] = consent
    return latest


def has_consent(dossier: Dossier, purpose: ConsentPurpose) -> bool:
    """Say whether the seller agrees to this now."""
    consent = consents_now(dossier)[purpose]
    return consent is not None and consent.is_given


def live_level(dossier: Dossier) -> LiveLevel:
    """Return how much the seller lets an operator do in a call now."""
    return level_of({purpose for purpose in LIVE_PURPOSES["steer"] if has_consent(dossier, purpose)})


def level_of(given: Collection[ConsentPurpose]) -> LiveLevel:
    """Return the highest level whose consents, and those of all below, stand."""
    return next(
        level for level in reversed(LIVE_LEVELS) if all(needed in given for needed in LIVE_PURPOSES[level])
    )


def allows(level: LiveLevel, needed: LiveLevel) -> bool:
    """Say whether a level includes another one."""
    return LIVE_LEVELS.index(level) >= LIVE_LEVELS.index(needed)


def seller_joined_at(dossier: Dossier) -> datetime | None:
    """Return when the seller first tapped Start."""
    return next((event.at for event in dossier.events if event.kind == "seller.joined"), None)


def review(dossier: Dossier) -> dict[str, Any]:
    """Return what a seller is shown before signing, as plain JSON values."""
    inspection = dossier.inspection
    return {
        "inspection": inspection.id,
        "vehicle": vehicle_to_json(inspection.vehicle),
        "purpose": inspection.purpose,
        "checklist": {"id": inspection.checklist_id, "sha256": inspection.checklist_sha256},
        "steps": [
            {
                "id": step.id,
                "status": step.status,
                "photo_sha256": step.capture.sha256 if step.capture else None,
                "reason": step.skip_reason or (step.capture.decision_reason if step.capture else None),
            }
            for step in steps(dossier)
        ],
        "findings": [_finding(finding) for finding in visible_findings(dossier)],
        "declared_damage": [_finding(finding) for finding in declared_damage(dossier)],
        "odometer": {voice: dict(statement.value) for voice, statement in odometer(dossier).items()},
    } | ({"annotations": [_annotation(a) for a in dossier.annotations]} if dossier.annotations else {})


def _annotation(annotation: Annotation) -> dict[str, Any]:
    return {
        "id": annotation.id,
        "photo_sha256": annotation.sha256,
        "strokes": strokes_to_json(annotation.strokes),
        "text": annotation.text,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "source": finding.source,
        "kind": finding.kind,
        "photos": [finding.capture_id, *finding.more_captures],
        "box": None if finding.box is None else list(finding.box),
        "text": finding.text,
        "verdict": finding.verdict,
        "dispute": finding.dispute,
    } | ({"annotation": finding.annotation_id} if finding.annotation_id else {})


def review_sha256(dossier: Dossier) -> str:
    """Return the hash of the canonical JSON (RFC 8785) of ``review``; the signature quotes it."""
    return hashlib.sha256(rfc8785.dumps(review(dossier))).hexdigest()
