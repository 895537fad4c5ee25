"""What the operator does: take the case, decide photos, speak on findings and readings, sign off."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final, Literal

from inspection_service.clock import new_id
from inspection_service.errors import Conflict
from inspection_service.inspections import views
from inspection_service.inspections.answering import reopen
from inspection_service.inspections.changes import Acts, checked_kind, checked_text, named, optional_text
from inspection_service.inspections.errors import (
    CannotOpen,
    CaseClaimed,
    ClaimNeeded,
    ControlPointUnknown,
    DecisionTooEarly,
    FindingInvalid,
    OperatorUnknown,
    ReadingInvalid,
    ReasonNeeded,
    ReasonUnknown,
    StillJudging,
)
from inspection_service.inspections.filming import stop_recordings
from inspection_service.inspections.hanging_up import hang_up
from inspection_service.inspections.helping import answer_help, wait_again
from inspection_service.inspections.model_findings import adopt_model_findings
from inspection_service.inspections.records import (
    Actor,
    Capture,
    CaptureId,
    Finding,
    FindingId,
    Handover,
    Inspection,
    InspectionId,
    InspectionState,
    OperatorId,
    Signature,
    Statement,
)
from inspection_service.inspections.requests import NewFinding, Verdict

_READING: Final = re.compile(r"[0-9]{1,7}")
_TAKING: Final[frozenset[InspectionState]] = frozenset({"in_progress", "review"})
OTHER_REASON: Final = "other"
"""A retake for a reason only the operator's own words give."""


class Deciding(Acts):
    """The operator's acts; all but ``claim`` and ``release`` need the claim."""

    async def claim(self, inspection_id: InspectionId, *, by: Actor, force: bool = False) -> Inspection:
        """Take the case; one's own claim is refreshed, and a seller who waits for help is answered.

        Args:
            inspection_id: The inspection.
            by: The operator.
            force: Take it also from a colleague who holds it (``operator.took_over``). Whether this operator may is the
                caller's to check.

        Raises:
            CaseClaimed: Another operator holds it (``claimed_by {id, name}``) and has acted in the last 30 minutes.
        """
        if by.kind != "operator":
            raise ClaimNeeded
        async with self._change(inspection_id, by) as change:
            change.needs_state({"ordered", "invited", "in_progress", "review", "seller_signed", "signed_off"})
            holder = change.inspection.claimed_by
            is_held = holder not in (None, by.id) and not change.claim_lapsed
            if is_held and not force:
                raise await named(change.case, CaseClaimed(claimed_by={"id": holder}))
            change.set(claimed_by=OperatorId(by.id), claimed_at=change.now)
            if holder != by.id:
                change.set(handover=None)
                if is_held:
                    await change.record("operator.took_over", operator_id=by.id, from_id=holder)
                await change.record("operator.claimed")
            await answer_help(change, "claim")
        return change.inspection

    async def hand_over(
        self, inspection_id: InspectionId, to: OperatorId, note: str | None = None, *, by: Actor
    ) -> Inspection:
        """Give the case to a colleague, who holds it from now on; what is said to them is theirs to read.

        Raises:
            OperatorUnknown: There is no such colleague, or it is oneself.
        """
        words = optional_text(note, "note", at_most=500)
        states: tuple[InspectionState, ...] = ("in_progress", "review", "seller_signed", "signed_off")
        async with self._operator_change(inspection_id, by, states) as change:
            if to == by.id or not await change.case.is_colleague(to, by.id):
                raise OperatorUnknown(operator_id=to)
            change.set(claimed_by=to, claimed_at=change.now, handover=Handover(by, words, change.now))
            await change.record("operator.handed_over", operator_id=to)
        return change.inspection

    async def release(self, inspection_id: InspectionId, *, by: Actor) -> Inspection:
        """Let the case go; fine when one does not hold it."""
        async with self._change(inspection_id, by) as change:
            if change.inspection.claimed_by == by.id:
                change.set(claimed_by=None, claimed_at=None, handover=None)
                await change.record("operator.released")
                await wait_again(change)
        return change.inspection

    async def accept(self, inspection_id: InspectionId, capture_id: CaptureId, *, by: Actor) -> Capture:
        """The operator takes a photo the model accepted as evidence, also after asking for another one.

        Raises:
            DecisionTooEarly: It has not been judged.
            ReasonNeeded: The model refused it; ``override`` takes a reason.
        """
        async with self._operator_change(inspection_id, by, _TAKING) as change:
            capture = await change.case.capture(capture_id)
            _must_be_decided(capture)
            if capture.state == "overridden":
                return capture
            if capture.judgement is None or not (
                capture.judgement.get("accepted") or capture.step_id is None
            ):
                raise ReasonNeeded
            accepted = replace(
                capture, state="accepted", decided_by=by, decision_reason=None, decision_note=None
            )
            await change.case.save_capture(accepted)
            await change.record("capture.accepted", capture_id=capture.id, step_id=capture.step_id)
            await adopt_model_findings(change, accepted)
            return accepted

    async def ask_retake(
        self,
        inspection_id: InspectionId,
        capture_id: CaptureId,
        reason_code: str,
        text: str | None = None,
        *,
        by: Actor,
    ) -> Capture:
        """The operator wants another photo: its step is open again, and so is an inspection in review or signed.

        Args:
            inspection_id: The inspection.
            capture_id: The photo.
            reason_code: A reason of the step's ``retake`` texts, or ``other`` with a text.
            text: The operator's own words for the seller.
            by: The operator.

        Raises:
            DecisionTooEarly: It has not been judged.
            ReasonUnknown: No such reason (``known``), or ``other`` without words.
        """
        async with self._operator_change(inspection_id, by) as change:
            capture = await change.case.capture(capture_id)
            _must_be_decided(capture)
            note = optional_text(text, "text", at_most=300)
            known = (
                change.step(capture.step_id)["retake"] if capture.step_id else _any_reasons(change.inspection)
            )
            if reason_code not in known and not (reason_code == OTHER_REASON and note):
                raise ReasonUnknown(known=[*known, OTHER_REASON])
            refused = replace(
                capture, state="retake", decided_by=by, decision_reason=reason_code, decision_note=note
            )
            await change.case.save_capture(refused)
            await change.record(
                "capture.retake_asked", capture_id=capture.id, step_id=capture.step_id, reasons=[reason_code]
            )
            if change.inspection.state != "in_progress":
                await reopen(change)
            if capture.step_id is not None:
                change.set(current_step=capture.step_id)
            return refused

    async def override(
        self, inspection_id: InspectionId, capture_id: CaptureId, reason: str, *, by: Actor
    ) -> Capture:
        """The operator keeps a photo the model refused, for a stated reason.

        Raises:
            DecisionTooEarly: It has not been judged.
            CannotOpen: It is not an image anybody can look at.
        """
        async with self._operator_change(inspection_id, by, _TAKING) as change:
            capture = await change.case.capture(capture_id)
            _must_be_decided(capture)
            if capture.judgement is None:
                raise CannotOpen
            kept = replace(
                capture,
                state="overridden",
                decided_by=by,
                decision_reason=checked_text(reason, "reason", at_most=500),
                decision_note=None,
            )
            await change.case.save_capture(kept)
            await change.record("capture.overridden", capture_id=capture.id, step_id=capture.step_id)
            await adopt_model_findings(change, kept)
            return kept

    async def edit_odometer(
        self,
        inspection_id: InspectionId,
        reading: str,
        unit: Literal["km", "mi"],
        note: str | None = None,
        *,
        by: Actor,
    ) -> Inspection:
        """The operator's own reading, beside the model's; ``reading`` is 1 to 7 digits. Raises ``ReadingInvalid``."""
        if not _READING.fullmatch(reading):
            raise ReadingInvalid
        async with self._operator_change(inspection_id, by) as change:
            standing = views.evidence(await change.dossier())
            photos = tuple(
                standing[step["id"]].id
                for step in views.checklist_steps(change.inspection)
                if step["checks"]["reading"] == views.ODOMETER and step["id"] in standing
            )
            value = {"reading": reading, "unit": unit, "note": optional_text(note, "note", at_most=500)}
            await change.case.add_statement(
                Statement(views.ODOMETER, "operator", value, by, change.now, evidence=photos)
            )
            await change.record("odometer.edited")
        return change.inspection

    async def make_statement(
        self,
        inspection_id: InspectionId,
        control_point: str,
        answer: str,
        note: str | None = None,
        *,
        by: Actor,
    ) -> Inspection:
        """The operator answers a control point. Raises ``ControlPointUnknown``, ``TextInvalid``."""
        async with self._operator_change(inspection_id, by) as change:
            point = _control_point(change.inspection, control_point)
            standing = views.evidence(await change.dossier()).get(point["step"])
            value = {
                "answer": checked_text(answer, "answer", at_most=60),
                "note": optional_text(note, "note", at_most=500),
            }
            photos = (standing.id,) if standing else ()
            await change.case.add_statement(
                Statement(control_point, "operator", value, by, change.now, evidence=photos)
            )
            await change.record("statement.made", control_point=control_point)
        return change.inspection

    async def add_finding(self, inspection_id: InspectionId, new: NewFinding, *, by: Actor) -> Finding:
        """The operator marks damage on a photo. Raises ``FindingInvalid`` for an unknown kind or an empty box."""
        checked_kind(new.kind)
        if new.box is not None:
            x1, y1, x2, y2 = new.box
            if not (0 <= x1 < x2 <= 100_000 and 0 <= y1 < y2 <= 100_000):
                raise FindingInvalid("The box is x1 y1 x2 y2 in pixels, with an area.", field="box")
        async with self._operator_change(inspection_id, by) as change:
            capture = await change.case.capture(new.capture_id)
            finding = Finding(
                id=FindingId(new_id("fnd")),
                inspection_id=inspection_id,
                capture_id=capture.id,
                source="operator",
                kind=new.kind,
                box=new.box,
                part=optional_text(new.part, "part", at_most=40),
                severity=new.severity,
                model_score=None,
                text=optional_text(new.text, "text"),
                created_at=change.now,
                verdict="confirmed",
                verdict_by=by,
            )
            await change.case.add_finding(finding)
            await change.record("finding.added", finding_id=finding.id, capture_id=capture.id, kind=new.kind)
            return finding

    async def judge_finding(
        self, inspection_id: InspectionId, finding_id: FindingId, verdict: Verdict, *, by: Actor
    ) -> Finding:
        """The operator confirms or rejects a finding, or takes that back."""
        async with self._operator_change(inspection_id, by) as change:
            finding = await change.case.finding(finding_id)
            judged = replace(
                finding,
                verdict=verdict.verdict,
                verdict_by=by if verdict.verdict else None,
                verdict_note=optional_text(verdict.note, "note", at_most=500),
                severity=verdict.severity or finding.severity,
            )
            await change.case.save_finding(judged)
            kind = "finding.rejected" if verdict.verdict == "rejected" else "finding.confirmed"
            await change.record(kind, finding_id=finding.id, verdict=verdict.verdict)
            return judged

    async def sign_off(
        self, inspection_id: InspectionId, note: str | None = None, *, by: Actor
    ) -> Inspection:
        """The operator closes the case; sealing follows by itself. Repeating it is fine.

        Raises:
            Conflict: The seller has not signed.
            StillJudging: A photo has no judgement yet.
        """
        async with self._operator_change(
            inspection_id, by, {"seller_signed", "signed_off", "review", "in_progress"}
        ) as change:
            if change.inspection.state == "signed_off":
                return change.inspection
            if change.inspection.state != "seller_signed":
                raise Conflict("The seller has not signed yet.", state=change.inspection.state)
            dossier = await change.dossier()
            if views.is_judging(dossier):
                raise StillJudging
            shown = views.review_sha256(dossier)
            words = optional_text(note, "note", at_most=1000)
            change.move("sign_off")
            await change.case.add_signature(
                Signature("operator", by.name, change.now, shown, "none", note=words)
            )
            await change.record("operator.signed_off", shown_sha256=shown)
            await stop_recordings(change, "signed-off")
            await hang_up(change)
        return change.inspection


def _must_be_decided(capture: Capture) -> None:
    if capture.state == "received":
        raise DecisionTooEarly


def _any_reasons(inspection: Inspection) -> dict[str, Any]:
    return {code: text for step in inspection.checklist["steps"] for code, text in step["retake"].items()}


def _control_point(inspection: Inspection, control_point: str) -> dict[str, Any]:
    for point in inspection.checklist["control_points"]:
        if point["id"] == control_point:
            found: dict[str, Any] = point
            return found
    raise ControlPointUnknown(control_point=control_point)
