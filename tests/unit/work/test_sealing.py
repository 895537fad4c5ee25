"""Sealing waits, says why once, and ends with one report and one leaf whatever dies on the way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from inspection_service.inspections.records import CaptureId, Dossier, InspectionId, ReportFiles
from inspection_service.reports.errors import SealingMustWait, WaitReason
from inspection_service.testing import Backend, FakeFiles, FakeSealer, open_backend
from inspection_service.work.handlers import Handlers
from inspection_service.work.sealing import Beside, SealedFiles
from tests.unit.work.test_reconciler import signed_off

pytestmark = pytest.mark.unit


class Waiting(FakeSealer):
    """Waits for what a test says."""

    def __init__(self) -> None:
        super().__init__()
        self.reason: WaitReason | None = "timestamp_away"
        self.late_reason: WaitReason | None = None
        self.sealed = 0

    def ready(self) -> None:
        if self.reason is not None:
            raise SealingMustWait(self.reason, "not now")

    def seal(self, dossier: Dossier, photos: Mapping[CaptureId, bytes], beside: Beside) -> FakeFiles:
        if self.late_reason is not None:
            raise SealingMustWait(self.late_reason, "not now")
        self.sealed += 1
        return super().seal(dossier, photos, beside)


class Killed(BaseException):
    """The process died."""


class Log:
    """A log that counts different leaves; it dies when told, before or after it took the leaf."""

    def __init__(self) -> None:
        self.leaves: set[tuple[str, str, str, str]] = set()
        self.dies: str | None = None

    async def beside(self, dossier: Dossier) -> Beside:
        return Beside()

    async def keep(self, inspection_id: InspectionId, sealed: SealedFiles) -> None:
        if self.dies == "keep":
            raise Killed

    async def log(self, inspection_id: InspectionId, files: ReportFiles) -> None:
        if self.dies == "before":
            raise Killed
        self.leaves.add((inspection_id, files.json_sha256, files.pdf_sha256, files.sealed_at.isoformat()))
        if self.dies == "after":
            raise Killed


async def told(backend: Backend, case: InspectionId) -> list[str]:
    events = (await backend.dossier(case)).events
    return [str(event.data["reason"]) for event in events if event.kind == "sealing.waiting"]


async def test_why_a_seal_waits_is_told_once(tmp_path: Path) -> None:
    """Not at each try; again when the reason changes; never sealed meanwhile, and at once when it can be."""
    sealer = Waiting()
    async with open_backend(tmp_path, sealer=sealer) as backend:
        case = await signed_off(backend)
        for _ in range(8):
            await backend.reconciler.round()
            backend.clock.advance(seconds=60)
        assert await told(backend, case) == ["timestamp_away"]
        assert await backend.inspections.sealing_waits() == ("timestamp_away",)
        sealer.reason, sealer.late_reason = None, "timestamp_false"
        backend.clock.advance(seconds=300)
        await backend.reconciler.round()
        assert await told(backend, case) == ["timestamp_away", "timestamp_false"]
        assert await backend.inspections.sealing_waits() == ("timestamp_false",)
        assert (await backend.inspections.get(case)).state == "signed_off"
        sealer.late_reason = None
        backend.clock.advance(seconds=300)
        assert (await backend.reconciler.round()).sealed == 1
        assert (await backend.inspections.get(case)).state == "sealed"
        assert await backend.inspections.sealing_waits() == ()


async def test_every_waiting_inspection_says_why(tmp_path: Path) -> None:
    """Each operator looks at one case: the others' events do not help."""
    sealer = Waiting()
    async with open_backend(tmp_path, sealer=sealer) as backend:
        cases = [await signed_off(backend) for _ in range(3)]
        await backend.reconciler.round()
        for case in cases:
            assert await told(backend, case) == ["timestamp_away"]
        sealer.reason = None
        backend.clock.advance(seconds=300)
        assert (await backend.reconciler.round()).sealed == 3


async def test_waiting_is_no_fault_of_ours_and_stands_in_the_log_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its code, without a traceback."""
    async with open_backend(tmp_path, sealer=Waiting()) as backend:
        await signed_off(backend)
        await backend.reconciler.round()
    written = capsys.readouterr().err
    assert "sealing.waiting" in written
    assert "Traceback" not in written
    assert "work.failed" not in written


@pytest.mark.parametrize("where", ["keep", "before", "after"])
async def test_killed_around_the_log_ends_with_one_leaf(tmp_path: Path, where: str) -> None:
    """The second attempt finds what stands, and makes no second report."""
    sealer, log = Waiting(), Log()
    sealer.reason = None
    async with open_backend(tmp_path, sealer=sealer) as backend:
        handlers = Handlers(
            backend.inspections,
            backend.store,
            backend.clock,
            judge=backend.judge,
            sealer=sealer,
            metrics=backend.metrics,
            archive=log,
        )
        case = await signed_off(backend)
        log.dies = where
        with pytest.raises(Killed):
            await handlers.seal(case)
        assert (await backend.inspections.get(case)).state == "signed_off"
        log.dies = None
        backend.clock.advance(minutes=3)
        await handlers.seal(case)
        await handlers.seal(case)
        files = await backend.inspections.report_files(case)
        assert log.leaves == {(case, files.json_sha256, files.pdf_sha256, files.sealed_at.isoformat())}
        assert sealer.sealed == (2 if where == "keep" else 1)


async def test_a_photo_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    """A report of 500 photos must not need them all in memory at once."""

    class Counting(FakeSealer):
        def seal(self, dossier: Dossier, photos: Mapping[CaptureId, bytes], beside: Beside) -> FakeFiles:
            first, *_ = photos
            assert photos[first].startswith(b"\xff\xd8\xff")
            with pytest.raises(KeyError):
                _ = photos[CaptureId("cap_unknown")]
            return super().seal(dossier, {first: photos[first]}, beside)

    async with open_backend(tmp_path, sealer=Counting()) as backend:
        case = await signed_off(backend)
        await backend.handlers.seal(case)
        assert (await backend.inspections.get(case)).state == "sealed"


async def test_a_report_was_sealed_when_its_record_says(tmp_path: Path) -> None:
    """Whoever asks the API reads the time of the signed record, not of the moment its files were stored."""

    class Slow(FakeSealer):
        def seal(self, dossier: Dossier, photos: Mapping[CaptureId, bytes], beside: Beside) -> FakeFiles:
            files = super().seal(dossier, photos, beside)
            self.clock.advance(seconds=40)
            return files

    async with open_backend(tmp_path, sealer=Slow()) as backend:
        case = await signed_off(backend)
        began = backend.clock.now()
        await backend.handlers.seal(case)
        report = (await backend.dossier(case)).report
        assert report is not None
        assert report.sealed_at == began
