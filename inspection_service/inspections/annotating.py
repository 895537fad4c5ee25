"""Frozen frames of a call: taken at full resolution, drawn upon, and kept as evidence or forgotten after a day."""

from __future__ import annotations

import hashlib
import math
from datetime import timedelta
from typing import Final

from inspection_service.clock import new_id
from inspection_service.errors import Conflict, NotAllowed
from inspection_service.inspections import views
from inspection_service.inspections.calls import CALL_EVENTS, ongoing_call
from inspection_service.inspections.changes import OPEN_STATES, Acts, Change, checked_kind, optional_text
from inspection_service.inspections.errors import (
    DrawingInvalid,
    DrawingTooLarge,
    FrameUnknown,
    LevelNeeded,
    NoCall,
    QuotaExceeded,
)
from inspection_service.inspections.records import (
    Actor,
    Annotation,
    AnnotationId,
    Finding,
    FindingId,
    Frame,
    FrameId,
    InspectionId,
    LiveLevel,
    OngoingCallFacts,
    Stroke,
)
from inspection_service.inspections.requests import Drawing, NewFrame

FRAMES_AN_HOUR: Final = 30
KEPT_UNASKED_S: Final = 24 * 3600
"""Seconds after which the bytes of a frame go that nobody kept."""
STROKES_MAX: Final = 200
POINTS_MAX: Final = 5000
"""Of all strokes on one frame together."""
WIDTH_MAX: Final = 0.1
_ANNOTATIONS_MAX: Final = 100


class Annotating(Acts):
    """What becomes of a picture that was frozen in a call."""

    async def freeze(self, inspection_id: InspectionId, new: NewFrame, *, by: Actor) -> Frame:
        """Take a frame the phone froze; ``frame.frozen`` names its hash, which stays when the bytes go.

        Raises:
            NoCall: There is no call, or the seller paused it.
            LevelNeeded: The seller does not let an operator point.
            QuotaExceeded: ``frames``: more than 30 within an hour.
        """
        await self.may_freeze(inspection_id, by=by)
        digest = hashlib.sha256(new.data).hexdigest()
        frame_id = FrameId(new_id("frm"))
        key = f"inspections/{inspection_id}/frames/{frame_id}"
        # Bytes first: a row never names bytes that are not safe.
        await self._store.put(key, new.data)
        try:
            return await self._add_frame(inspection_id, new, frame_id, key, digest, by)
        except (Conflict, NotAllowed):  # refused, so that no row names these bytes
            await self._store.delete(key)
            raise

    async def may_freeze(self, inspection_id: InspectionId, *, by: Actor) -> None:
        """Refuse what ``freeze`` would refuse, before anybody reads the bytes."""
        async with self._change(inspection_id, by) as change:
            await _check_frame(change)

    async def _add_frame(
        self, inspection_id: InspectionId, new: NewFrame, frame_id: FrameId, key: str, sha256: str, by: Actor
    ) -> Frame:
        async with self._change(inspection_id, by) as change:
            await _check_frame(change)
            frame = Frame(
                id=frame_id,
                inspection_id=inspection_id,
                step_id=change.inspection.current_step,
                sha256=sha256,
                size_bytes=len(new.data),
                media_type=new.media_type,
                width=new.width,
                height=new.height,
                object_key=key,
                at=change.now,
            )
            await change.case.add_frame(frame)
            await change.record(
                "frame.frozen", frame_id=frame.id, sha256=sha256, width=new.width, height=new.height
            )
            return frame

    async def frame(self, inspection_id: InspectionId, frame_id: FrameId) -> Frame:
        """Return a frame whose bytes are still there. Raises ``FrameUnknown``."""
        async with self._reading() as repository:
            frame = await (await repository.case(inspection_id)).frame(frame_id)
        if frame.deleted_at is not None:
            raise FrameUnknown
        return frame

    async def frames(self, inspection_id: InspectionId) -> tuple[Frame, ...]:
        """Return all frames, also those whose bytes have gone, oldest first."""
        async with self._reading() as repository:
            return await (await repository.case(inspection_id)).frames()

    async def keep_frame(
        self, inspection_id: InspectionId, frame_id: FrameId, drawing: Drawing, *, by: Actor
    ) -> Annotation:
        """The operator keeps a frame with what was drawn on it: it is evidence from now on.

        Raises:
            FrameUnknown: Its bytes have gone.
            DrawingInvalid, DrawingTooLarge: The strokes cannot be drawn.
            FindingInvalid, TextInvalid: The finding or the words cannot be used.
            QuotaExceeded: ``annotations``.
        """
        _check_drawing(drawing.strokes)
        if drawing.finding_kind is not None:
            checked_kind(drawing.finding_kind)
        text = optional_text(drawing.text, "text")
        async with self._operator_change(inspection_id, by, OPEN_STATES) as change:
            frame = await change.case.frame(frame_id)
            if frame.deleted_at is not None:
                raise FrameUnknown
            if await change.case.annotation_count() >= _ANNOTATIONS_MAX:
                raise QuotaExceeded(
                    f"One inspection may keep at most {_ANNOTATIONS_MAX} drawings.",
                    quota="annotations",
                    limit=_ANNOTATIONS_MAX,
                )
            annotation_id = AnnotationId(new_id("ann"))
            finding = await _finding(change, annotation_id, drawing, text)
            annotation = Annotation(
                id=annotation_id,
                inspection_id=inspection_id,
                frame_id=frame.id,
                step_id=frame.step_id,
                strokes=drawing.strokes,
                text=text,
                by=by,
                at=change.now,
                finding_id=None if finding is None else finding.id,
                sha256=frame.sha256,
                size_bytes=frame.size_bytes,
                media_type=frame.media_type,
                width=frame.width,
                height=frame.height,
                object_key=frame.object_key,
                frozen_at=frame.at,
            )
            await change.case.add_annotation(annotation)
            await change.record(
                "annotation.kept",
                annotation_id=annotation_id,
                frame_id=frame.id,
                sha256=frame.sha256,
                strokes=len(drawing.strokes),
            )
            return annotation

    # -- what is to do ---------------------------------------------------------------------------------------
    async def to_forget_frames(self, limit: int = 100) -> list[Frame]:
        """Return frames that nobody kept within a day."""
        async with self._reading() as repository:
            before = self._clock.now() - timedelta(seconds=KEPT_UNASKED_S)
            return await repository.frames_to_forget(before, limit)

    async def forget_frame(self, frame: Frame) -> None:
        """Delete the bytes of a frame and its copies, unless somebody kept it meanwhile; safe to repeat."""
        async with self._writing() as (repository, _):
            case = await repository.case(frame.inspection_id, lock=True)
            await case.forget_frame(frame.id, self._clock.now())
            if (await case.frame(frame.id)).deleted_at is None:
                return
        await self._store.delete(frame.object_key)
        for copy in await self._store.list(f"derived/{frame.sha256}/"):
            await self._store.delete(copy)
        async with self._writing() as (repository, _):
            await (await repository.case(frame.inspection_id)).frame_bytes_gone(frame.id)


async def call_now(change: Change, needed: LiveLevel) -> OngoingCallFacts:
    """Return the call that goes on, if the seller allows this much in it.

    Raises:
        NoCall: There is none, or the seller paused it.
        LevelNeeded: They allow less; ``level`` says what it takes.
    """
    call = ongoing_call(await change.case.events_of(CALL_EVENTS))
    if call is None:
        raise NoCall
    if call.is_paused:
        raise NoCall("The seller has paused the call.", is_paused=True)
    given = {purpose for purpose, is_given in (await change.case.consents()).items() if is_given}
    if not views.allows(views.level_of(given), needed):
        raise LevelNeeded(level=needed)
    return call


async def _check_frame(change: Change) -> None:
    change.needs_state(OPEN_STATES)
    await call_now(change, "point")
    if await change.case.frames_since(change.now - timedelta(hours=1)) >= FRAMES_AN_HOUR:
        raise QuotaExceeded(
            f"At most {FRAMES_AN_HOUR} pictures may be frozen within an hour.",
            quota="frames",
            limit=FRAMES_AN_HOUR,
        )


async def _finding(
    change: Change, annotation_id: AnnotationId, drawing: Drawing, text: str | None
) -> Finding | None:
    if drawing.finding_kind is None:
        return None
    finding = Finding(
        id=FindingId(new_id("fnd")),
        inspection_id=change.inspection.id,
        capture_id=None,
        source="operator",
        kind=drawing.finding_kind,
        box=None,
        part=None,
        severity=drawing.severity,
        model_score=None,
        text=text,
        created_at=change.now,
        verdict="confirmed",
        verdict_by=change.by,
        annotation_id=annotation_id,
    )
    await change.case.add_finding(finding)
    await change.record(
        "finding.added", finding_id=finding.id, annotation_id=annotation_id, kind=finding.kind
    )
    return finding


def _check_drawing(strokes: tuple[Stroke, ...]) -> None:
    if len(strokes) > STROKES_MAX or sum(len(stroke.points) for stroke in strokes) > POINTS_MAX:
        raise DrawingTooLarge(strokes_max=STROKES_MAX, points_max=POINTS_MAX)
    for stroke in strokes:
        edges = [edge for point in stroke.points for edge in point]
        if not stroke.points or not all(math.isfinite(edge) and 0 <= edge <= 1 for edge in edges):
            raise DrawingInvalid("Points are x and y from 0 to 1 of the picture.", field="strokes")
        if not 0 < stroke.width <= WIDTH_MAX:
            raise DrawingInvalid(
                f"The width of a line is a share of the picture's width, at most {WIDTH_MAX}.",
                field="strokes",
            )
