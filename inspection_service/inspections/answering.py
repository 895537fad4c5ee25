"""What the seller does: agree, go through the steps, explain, declare, disagree, and sign."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from inspection_service.clock import new_id
from inspection_service.errors import Closed
from inspection_service.inspections import views
from inspection_service.inspections.changes import OPEN_STATES, Acts, Change, checked_text
from inspection_service.inspections.errors import (
    CannotKeep,
    DrawingInvalid,
    ReviewChanged,
    StepsMissing,
    StillJudging,
)
from inspection_service.inspections.filming import stop_recordings
from inspection_service.inspections.hanging_up import hang_up
from inspection_service.inspections.model_findings import adopt_model_findings
from inspection_service.inspections.needs import TRIES_BEFORE_KEEPING
from inspection_service.inspections.records import (
    Actor,
    Capture,
    CaptureId,
    Consent,
    ConsentPurpose,
    Finding,
    FindingId,
    Inspection,
    InspectionId,
    LiveLevel,
    Signature,
    SkippedStep,
    StepId,
)
from inspection_service.inspections.requests import SellerMark
from inspection_service.inspections.states import CLOSED
from inspection_service.storage.database import Transaction

_DRAWING: Final = re.compile(r"(?:\s*[ML]\s*-?\d{1,4}(?:\.\d{1,3})?[\s,]\s*-?\d{1,4}(?:\.\d{1,3})?)+\s*")
_DRAWING_MAX: Final = 60_000
_DRAWING_LEAST_LINES: Final = 2


class Answering(Acts):
    """The seller's acts."""

    async def join(
        self,
        inspection_id: InspectionId,
        *,
        by: Actor,
        took_over: bool = False,
        within: Transaction | None = None,
    ) -> Inspection:
        """The seller taps Start, or comes back in another browser. Use ``Identity.spend``.

        Coming back to an inspection that is over is fine: there is a report to fetch.
        """
        async with self._change(inspection_id, by, within=within) as change:
            if change.inspection.state in ("ordered", "invited"):
                change.move("start")
                await change.record("seller.joined")
            elif (
                not took_over
                and change.inspection.state == "in_progress"
                and not await change.case.has_joined()
            ):
                await change.record("seller.joined")  # their platform had begun to send photos
            elif took_over and change.inspection.state not in CLOSED:
                await change.record("seller.taken_over")
        return change.inspection

    async def give_consents(
        self,
        inspection_id: InspectionId,
        consents: Mapping[ConsentPurpose, bool],
        *,
        by: Actor,
        live_level: LiveLevel | None = None,
    ) -> Inspection:
        """Record what changed among the consents (``consent.given``, ``consent.withdrawn``).

        Args:
            inspection_id: The inspection.
            consents: Yes or no to each purpose spoken of. No to ``live_video`` takes back the levels above it.
            by: The seller.
            live_level: How much an operator may do in a call: gives the levels below too and takes back those above.
        """
        async with self._change(inspection_id, by) as change:
            change.needs_state(OPEN_STATES)
            before = await change.case.consents()
            for purpose, is_given in _with_level(consents, live_level).items():
                if before.get(purpose) == is_given or (purpose not in before and not is_given):
                    continue
                await change.case.add_consent(Consent(purpose, is_given, change.now))
                await change.record("consent.given" if is_given else "consent.withdrawn", purpose=purpose)
                if not is_given and purpose in ("recording", "live_video"):
                    await stop_recordings(change, "consent-withdrawn")
        return change.inspection

    async def enter_step(self, inspection_id: InspectionId, step_id: StepId, *, by: Actor) -> Inspection:
        """Remember where the seller is, so that a reload continues there. Raises ``StepUnknown``."""
        async with self._change(inspection_id, by) as change:
            change.needs_state({"in_progress"})
            change.step(step_id)
            if change.inspection.current_step != step_id:
                change.set(current_step=step_id)
                await change.record("step.entered", step_id=step_id)
        return change.inspection

    async def keep(
        self, inspection_id: InspectionId, capture_id: CaptureId, reason: str, *, by: Actor
    ) -> Capture:
        """The seller keeps a photo after two failed tries; repeating it is fine.

        Raises:
            CannotKeep: The rule does not allow it; ``failed_attempts`` says how many tries there were.
            TextInvalid: No reason.
        """
        async with self._change(inspection_id, by) as change:
            change.needs_state({"in_progress"})
            capture = await change.case.capture(capture_id)
            if capture.state == "overridden":
                return capture
            captures = await change.case.captures()
            if not views.can_keep(captures, capture):
                failed = sum(c.state == "retake" and c.step_id == capture.step_id for c in captures)
                raise CannotKeep(failed_attempts=failed, needed=TRIES_BEFORE_KEEPING)
            kept = replace(
                capture,
                state="overridden",
                decided_by=by,
                decision_reason=checked_text(reason, "reason", at_most=500),
                decision_note=None,
            )
            await change.case.save_capture(kept)
            await change.record("capture.kept", capture_id=kept.id, step_id=kept.step_id)
            await adopt_model_findings(change, kept)
            return kept

    async def skip(
        self, inspection_id: InspectionId, step_id: StepId, reason: str, *, by: Actor
    ) -> Inspection:
        """The seller cannot answer a step and says why."""
        async with self._change(inspection_id, by) as change:
            change.needs_state({"in_progress"})
            change.step(step_id)
            text = checked_text(reason, "reason", at_most=500)
            await change.case.skip(SkippedStep(step_id, text, change.now))
            await change.record("step.skipped", step_id=step_id)
        return change.inspection

    async def declare_damage(
        self,
        inspection_id: InspectionId,
        client_id: str,
        text: str,
        captures: Sequence[CaptureId],
        *,
        by: Actor,
    ) -> Finding:
        """The seller names damage in their own words; the same ``client_id`` again is the same finding."""
        async with self._change(inspection_id, by) as change:
            change.needs_state({"in_progress", "review"})
            earlier = await change.case.finding_of_client(checked_text(client_id, "client_id", at_most=64))
            if earlier is not None:
                return earlier
            shown = [(await change.case.capture(capture_id)).id for capture_id in dict.fromkeys(captures)]
            finding = Finding(
                id=FindingId(new_id("fnd")),
                inspection_id=inspection_id,
                capture_id=shown[0] if shown else None,
                source="seller",
                kind="declared",
                box=None,
                part=None,
                severity=None,
                model_score=None,
                text=checked_text(text, "description"),
                created_at=change.now,
                more_captures=tuple(shown[1:]),
            )
            await change.case.add_finding(finding, client_id.strip())
            await change.record("damage.declared", finding_id=finding.id, captures=list(shown))
            return finding

    async def dispute(
        self, inspection_id: InspectionId, finding_id: FindingId, text: str, *, by: Actor
    ) -> Finding:
        """The seller disagrees with a finding; an empty text takes it back."""
        async with self._change(inspection_id, by) as change:
            change.needs_state({"in_progress", "review"})
            finding = await change.case.finding(finding_id)
            words = checked_text(text, "dispute") if text.strip() else None
            if words == finding.dispute:
                return finding
            disputed = await change.case.save_finding(replace(finding, dispute=words))
            await change.record("finding.disputed", finding_id=finding.id, is_disputed=words is not None)
            return disputed

    async def submit(self, inspection_id: InspectionId, *, by: Actor) -> Inspection:
        """The seller has answered every step; repeating it is fine.

        Raises:
            StepsMissing: ``steps`` have no answer, or, ``pending``, a photo still being judged.
        """
        async with self._change(inspection_id, by) as change:
            if change.inspection.state != "review":
                change.move("submit")
                missing, pending = views.missing_steps(await change.dossier())
                if missing or pending:
                    raise StepsMissing(steps=[*missing], pending=[*pending])
                await change.record("seller.submitted")
        return change.inspection

    async def reopen(self, inspection_id: InspectionId, *, by: Actor) -> Inspection:
        """Back from review to taking photos; a seller's signature given before is void. Repeating it is fine."""
        async with self._change(inspection_id, by) as change:
            if change.inspection.state != "in_progress":
                await reopen(change)
        return change.inspection

    async def sign_as_seller(
        self,
        inspection_id: InspectionId,
        mark: SellerMark,
        *,
        by: Actor,
        within: Transaction | None = None,
    ) -> Inspection:
        """The seller signs what they were shown.

        Raises:
            ReviewChanged: The inspection is no longer what was shown; ``review_sha256`` is what it is now.
            StillJudging: A photo has no judgement yet.
            DrawingInvalid, TextInvalid: The mark or the name cannot be used.
        """
        name = checked_text(mark.name, "name", at_most=120)
        drawing = checked_drawing(mark.drawing_svg)
        async with self._change(inspection_id, by, within=within) as change:
            before = await change.dossier()
            change.move("sign_as_seller")
            if views.is_judging(before):
                raise StillJudging
            shown = views.review_sha256(before)
            if shown != mark.shown_sha256:
                raise ReviewChanged(review_sha256=shown)
            await change.case.add_signature(
                Signature("seller", name, change.now, shown, mark.second_factor, drawing_svg=drawing)
            )
            await change.record("seller.signed", shown_sha256=shown, second_factor=mark.second_factor)
            if change.inspection.state == "signed_off":
                await stop_recordings(change, "signed-off")
                await hang_up(change)
        return change.inspection


def _with_level(
    consents: Mapping[ConsentPurpose, bool], level: LiveLevel | None
) -> dict[ConsentPurpose, bool]:
    spoken = dict(consents)
    if level is not None:
        spoken |= {purpose: purpose in views.LIVE_PURPOSES[level] for purpose in views.LIVE_PURPOSES["steer"]}
    elif spoken.get("live_video") is False:
        spoken |= dict.fromkeys(views.LIVE_PURPOSES["steer"], False)
    return spoken


async def reopen(change: Change) -> None:
    """Open an inspection for photos again, and void what was signed: it is about to change."""
    if change.inspection.state in CLOSED:
        raise Closed(state=change.inspection.state)
    change.move("reopen")
    await change.case.void_signatures(change.now)
    await change.record("inspection.reopened")


def checked_drawing(path: str) -> str:
    """Return path data that can be put into a page and a PDF without a second thought.

    Raises:
        DrawingInvalid: Anything but ``M`` and ``L`` with numbers, or nothing drawn.
    """
    trimmed = path.strip()
    lines = trimmed.count("L")
    if len(trimmed) > _DRAWING_MAX or lines < _DRAWING_LEAST_LINES or not _DRAWING.fullmatch(trimmed):
        raise DrawingInvalid
    return trimmed
