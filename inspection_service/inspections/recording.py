"""What the service writes by itself: judgements, the seal, and what happened in a call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, Literal

from inspection_service.errors import Closed
from inspection_service.inspections.alike import remember_look
from inspection_service.inspections.asking import ASKED_FAULTS
from inspection_service.inspections.changes import Acts
from inspection_service.inspections.helping import answer_help
from inspection_service.inspections.model_findings import adopt_model_findings
from inspection_service.inspections.records import (
    SERVICE,
    Actor,
    Capture,
    CaptureId,
    Event,
    InspectionId,
    ReportFiles,
)
from inspection_service.inspections.states import CLOSED
from inspection_service.storage.database import Transaction

NotedKind = Literal[
    "call.opened",
    "call.accepted",
    "call.declined",
    "call.ended",
    "call.paused",
    "call.resumed",
    "viewer.joined",
    "viewer.left",
    "command.sent",
    "command.acknowledged",
    "code.sent",
    "sealing.waiting",
]
"""Events of a live session (and of identity) that change no record."""

NOT_READABLE: Final = "not_readable"
"""Reason code of a photo that could not be judged."""


class Recording(Acts):
    """The service's own acts."""

    async def record_judgement(
        self, inspection_id: InspectionId, capture_id: CaptureId, judgement: Mapping[str, Any]
    ) -> Capture:
        """Write what the models say, once per photo and model set, and decide a photo nobody has decided yet.

        A photo for a step is accepted or to be retaken as the judgement says; a photo of declared damage is accepted,
        for it shows what its seller wanted to show; of one the platform asked for in words only the quality is judged.
        """
        model_set = str(judgement["model_set"])
        async with self._change(inspection_id, SERVICE) as change:
            capture = await change.case.capture(capture_id)
            if await change.case.is_judged_by(capture_id, model_set):
                return capture
            await change.case.add_judgement(capture_id, model_set, dict(judgement), change.now)
            if capture.state != "received" or change.inspection.state in CLOSED:
                return capture
            reasons = [str(reason) for reason in judgement.get("reasons", ())]
            if capture.step_id is not None and "asked" in change.step(capture.step_id):
                reasons = [reason for reason in reasons if reason in ASKED_FAULTS]
                is_accepted = not reasons
            else:
                is_accepted = bool(judgement["accepted"]) or capture.step_id is None
            decided = replace(
                capture,
                state="accepted" if is_accepted else "retake",
                judgement=dict(judgement),
                decided_by=SERVICE,
                decision_reason=None if is_accepted else (reasons[0] if reasons else NOT_READABLE),
            )
            await change.case.save_capture(decided)
            await remember_look(change, decided)
            facts = {"capture_id": capture_id, "step_id": capture.step_id}
            await change.record(
                "capture.judged",
                **facts,
                accepted=is_accepted,
                reasons=reasons,
                view=judgement.get("view"),
                model_set=model_set,
                **_copies(inspection_id, judgement.get("same_as", ())),
            )
            if is_accepted:
                await change.record("capture.accepted", **facts)
                await adopt_model_findings(change, decided)
            else:
                await change.record("capture.retake_asked", **facts, reasons=reasons)
            return decided

    async def record_unreadable(
        self, inspection_id: InspectionId, capture_id: CaptureId, fault: str
    ) -> Capture:
        """The photo could not be judged: ask for another, never get stuck.

        Args:
            inspection_id: The inspection.
            capture_id: The photo.
            fault: ``vision_failed``, or the slug of what is wrong with the file.
        """
        async with self._change(inspection_id, SERVICE) as change:
            capture = await change.case.capture(capture_id)
            if capture.state != "received" or change.inspection.state in CLOSED:
                return capture
            decided = replace(capture, state="retake", decided_by=SERVICE, decision_reason=NOT_READABLE)
            await change.case.save_capture(decided)
            facts = {"capture_id": capture_id, "step_id": capture.step_id}
            await change.record(
                "capture.judged", **facts, accepted=False, reasons=[NOT_READABLE], fault=fault
            )
            await change.record("capture.retake_asked", **facts, reasons=[NOT_READABLE])
            return decided

    async def mark_sealed(self, inspection_id: InspectionId, files: ReportFiles) -> ReportFiles:
        """The report is stored: the inspection is sealed. When it already was, the earlier files stand."""
        async with self._change(inspection_id, SERVICE) as change:
            earlier = await change.case.find_report()
            if earlier is not None:
                return earlier
            change.move("seal")
            await change.case.add_report(files)
            await change.record("report.sealed", json_sha256=files.json_sha256, pdf_sha256=files.pdf_sha256)
            return files

    async def note(
        self,
        inspection_id: InspectionId,
        kind: NotedKind,
        data: Mapping[str, Any],
        *,
        by: Actor,
        within: Transaction | None = None,
        fence: int | None = None,
    ) -> Event:
        """Append an event of a live session that changes no record (calls, commands); ids and facts only.

        Args:
            inspection_id: The inspection.
            kind: What happened.
            data: Ids and facts.
            by: Who did it.
            within: The transaction of a larger act.
            fence: What ``hold_session`` returned, where several nodes might have the session.

        Raises:
            Closed: The log has ended.
            SessionMoved: Another node has the session by now.
        """
        async with self._change(inspection_id, by, within=within) as change:
            await change.case.needs_fence(fence)
            if change.inspection.state in CLOSED:
                raise Closed(state=change.inspection.state)
            event = await change.record(kind, **data)
            if kind == "call.opened" and by.kind == "operator":
                await answer_help(change, "call")
            return event


def _copies(inspection_id: InspectionId, same_as: Iterable[Mapping[str, str]]) -> dict[str, Any]:
    """Name the photos that look like this one; of other inspections only how many, for the record may be shown."""
    own = [each["capture_id"] for each in same_as if each["inspection_id"] == inspection_id]
    elsewhere = sum(each["inspection_id"] != inspection_id for each in same_as)
    return ({"same_picture_as": own} if own else {}) | ({"known_elsewhere": elsewhere} if elsewhere else {})
