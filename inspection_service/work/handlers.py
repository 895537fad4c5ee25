"""The pieces of work, each safe to repeat after a crash at any point and safe to do twice at once."""

from __future__ import annotations

from contextlib import suppress

from inspection_service.clock import Clock
from inspection_service.errors import Closed, Conflict, InvalidInput
from inspection_service.inspections import views
from inspection_service.inspections.errors import ConsentMissing
from inspection_service.inspections.records import (
    Capture,
    Frame,
    InspectionId,
    RecordingId,
)
from inspection_service.inspections.service import Inspections
from inspection_service.storage.errors import ObjectMissing
from inspection_service.storage.objects import ObjectStore
from inspection_service.telemetry import logs
from inspection_service.telemetry.metrics import Metrics
from inspection_service.work.errors import VisionFailed
from inspection_service.work.identifying import identified
from inspection_service.work.judging import PhotoJudge
from inspection_service.work.pictures import PagePictures
from inspection_service.work.sealing import Archive, Sealer, Sealing

MOST_NAMED = 10
"""Photos named that look like a new one."""


class Handlers:
    """Judges photos, seals reports, expires what is late."""

    def __init__(
        self,
        inspections: Inspections,
        store: ObjectStore,
        clock: Clock,
        *,
        judge: PhotoJudge,
        sealer: Sealer,
        metrics: Metrics,
        archive: Archive | None = None,
        pictures: PagePictures | None = None,
    ) -> None:
        self._inspections = inspections
        self._store = store
        self._clock = clock
        self._judge = judge
        self._pictures = pictures
        self._sealing = Sealing(
            inspections, store, clock, sealer=sealer, metrics=metrics, archive=archive, pictures=pictures
        )
        self._metrics = metrics

    async def judge(self, capture: Capture) -> None:
        """Judge one photo and write the outcome; whatever is wrong with it, the seller gets an answer.

        Raises:
            JudgeAway: What is wrong is ours: the photo stays as it is and waits.
        """
        inspection = await self._inspections.get(capture.inspection_id)
        asked = next(
            (step["view"] for step in views.checklist_steps(inspection) if step["id"] == capture.step_id),
            None,
        )
        started = self._clock.now()
        try:
            data = await self._store.get(capture.object_key)
            judgement = identified(await self._judge.judge(data, asked), inspection.vehicle)
        except (InvalidInput, VisionFailed, ObjectMissing) as error:
            fault = str(error.attributes.get("cause", error.slug))
            await self._inspections.record_unreadable(capture.inspection_id, capture.id, fault)
            logs.capture_unreadable(capture.inspection_id, capture.id, fault)
            self._metrics.framing_verdicts.labels("unreadable").inc()
            return
        known = await self._inspections.known_pictures(inspection.tenant_id, capture, judgement.get("look"))
        judgement["same_as"] = [
            {"capture_id": each.capture_id, "inspection_id": each.inspection_id}
            for each in known[:MOST_NAMED]
        ]
        written = await self._inspections.record_judgement(capture.inspection_id, capture.id, judgement)
        seconds = (self._clock.now() - started).total_seconds()
        logs.capture_judged(capture.inspection_id, capture.id, seconds, accepted=written.is_evidence)
        self._metrics.framing_verdicts.labels("accepted" if written.is_evidence else "retake").inc()
        self._metrics.judgement_seconds.observe((self._clock.now() - capture.received_at).total_seconds())
        if written.is_evidence and self._pictures is not None:
            await self._pictures.prepare(written, data, of=len(views.checklist_steps(inspection)))

    async def seal(self, inspection_id: InspectionId) -> None:
        """Seal the report of an inspection that has been signed off; see ``Sealing``.

        Raises:
            SealingMustWait: What the seal needs from outside does not answer as it must.
        """
        await self._sealing.seal(inspection_id)

    async def expire(self, inspection_id: InspectionId) -> None:
        """Close an inspection whose deadline has passed."""
        with suppress(Closed):
            await self._inspections.expire(inspection_id)

    async def finish(self, inspection_id: InspectionId, upload_id: str) -> None:
        """Make the capture of an upload whose process died too early; a refusal is final and was told to the client."""
        try:
            await self._inspections.finish(inspection_id, upload_id)
        except ConsentMissing:
            # The seller took the consent back before the last bytes arrived: nobody may look at them.
            await self._inspections.drop(inspection_id, upload_id)
        except (Conflict, InvalidInput) as refusal:
            logs.upload_refused(inspection_id, upload_id, refusal.slug)

    async def drop(self, inspection_id: InspectionId, upload_id: str) -> None:
        """Throw away an upload nobody continued."""
        await self._inspections.drop(inspection_id, upload_id)

    async def forget_frame(self, frame: Frame) -> None:
        """Delete a frozen frame that nobody kept."""
        await self._inspections.forget_frame(frame)

    async def forget_recording(self, which: tuple[InspectionId, RecordingId]) -> None:
        """End a recording nobody goes on with, or delete one that was kept long enough."""
        await self._inspections.forget_recording(*which)
