"""The pieces of work, each safe to repeat after a crash at any point and safe to do twice at once."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress

from inspection_service.clock import Clock
from inspection_service.errors import Closed, Conflict, InvalidInput
from inspection_service.inspections import views
from inspection_service.inspections.errors import ConsentMissing
from inspection_service.inspections.records import (
    Capture,
    CaptureId,
    Dossier,
    Frame,
    InspectionId,
    RecordingId,
    ReportFiles,
)
from inspection_service.inspections.requests import Upload
from inspection_service.inspections.service import Inspections
from inspection_service.storage.errors import ObjectMissing
from inspection_service.storage.objects import ObjectStore
from inspection_service.telemetry import logs
from inspection_service.telemetry.metrics import Metrics
from inspection_service.work.errors import VisionFailed
from inspection_service.work.judging import PhotoJudge
from inspection_service.work.sealing import Sealer


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
    ) -> None:
        self._inspections = inspections
        self._store = store
        self._clock = clock
        self._judge = judge
        self._sealer = sealer
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
            judgement = await self._judge.judge(data, asked)
        except (InvalidInput, VisionFailed, ObjectMissing) as error:
            fault = str(error.attributes.get("cause", error.slug))
            await self._inspections.record_unreadable(capture.inspection_id, capture.id, fault)
            logs.capture_unreadable(capture.inspection_id, capture.id, fault)
            self._metrics.framing_verdicts.labels("unreadable").inc()
            return
        written = await self._inspections.record_judgement(capture.inspection_id, capture.id, judgement)
        seconds = (self._clock.now() - started).total_seconds()
        logs.capture_judged(capture.inspection_id, capture.id, seconds, accepted=written.is_evidence)
        self._metrics.framing_verdicts.labels("accepted" if written.is_evidence else "retake").inc()
        self._metrics.judgement_seconds.observe((self._clock.now() - capture.received_at).total_seconds())

    async def seal(self, inspection_id: InspectionId) -> None:
        """Make the report, store its files, and only then write that the inspection is sealed.

        Files are named by their hashes: a second attempt makes other bytes (signatures are never the same twice), and
        the record decides which ones stand. What a dead attempt left behind is removed afterwards.
        """
        dossier = await self._inspections.dossier(inspection_id)
        if dossier.inspection.state != "signed_off":
            return
        started = self._clock.now()
        photos = await self._photos(dossier)
        sealed = await asyncio.to_thread(self._sealer.seal, dossier, photos)
        folder = f"inspections/{inspection_id}/report/"
        json_key, json_sha256 = await self._put(folder, "json", sealed.json_bytes)
        jws_key, _ = await self._put(folder, "jws", _bytes(sealed.jws))
        pdf_key, pdf_sha256 = await self._put(folder, "pdf", sealed.pdf_bytes)
        root_key, _ = await self._put(folder, "pem", _bytes(sealed.root_pem))
        files = ReportFiles(
            sealed_at=self._clock.now(),
            json_key=json_key,
            json_sha256=json_sha256,
            jws_key=jws_key,
            pdf_key=pdf_key,
            pdf_sha256=pdf_sha256,
            root_key=root_key,
        )
        standing = await self._inspections.mark_sealed(inspection_id, files)
        await self._remove_others(folder, standing)
        seconds = (self._clock.now() - started).total_seconds()
        self._metrics.report_seconds.observe(seconds)
        logs.report_sealed(inspection_id, seconds, len(sealed.pdf_bytes))

    async def expire(self, inspection_id: InspectionId) -> None:
        """Close an inspection whose deadline has passed."""
        with suppress(Closed):
            await self._inspections.expire(inspection_id)

    async def finish(self, upload: Upload) -> None:
        """Make the capture of an upload whose process died too early; a refusal is final and was told to the client."""
        try:
            await self._inspections.finish(upload.inspection_id, upload.id)
        except ConsentMissing:
            # The seller took the consent back before the last bytes arrived: nobody may look at them.
            await self._inspections.drop(upload.inspection_id, upload.id)
        except (Conflict, InvalidInput) as refusal:
            logs.upload_refused(upload.inspection_id, upload.id, refusal.slug)

    async def drop(self, upload: Upload) -> None:
        """Throw away an upload nobody continued."""
        await self._inspections.drop(upload.inspection_id, upload.id)

    async def forget_frame(self, frame: Frame) -> None:
        """Delete a frozen frame that nobody kept."""
        await self._inspections.forget_frame(frame)

    async def forget_recording(self, which: tuple[InspectionId, RecordingId]) -> None:
        """End a recording nobody goes on with, or delete one that was kept long enough."""
        await self._inspections.forget_recording(*which)

    async def _photos(self, dossier: Dossier) -> dict[CaptureId, bytes]:
        evidence = [capture for capture in dossier.captures if capture.is_evidence]
        return {capture.id: await self._store.get(capture.object_key) for capture in evidence}

    async def _put(self, folder: str, ending: str, data: bytes) -> tuple[str, str]:
        digest = hashlib.sha256(data).hexdigest()
        key = f"{folder}{digest}.{ending}"
        await self._store.put(key, data)
        return key, digest

    async def _remove_others(self, folder: str, standing: ReportFiles) -> None:
        kept = {standing.json_key, standing.jws_key, standing.pdf_key, standing.root_key}
        for key in await self._store.list(folder):
            if key not in kept:
                await self._store.delete(key)


def _bytes(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else value
