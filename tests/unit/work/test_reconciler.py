"""Killed at any point, the work is found again and its effect happens once."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from inspection_service.inspections import views
from inspection_service.inspections.bus import Hint, Published
from inspection_service.inspections.records import CaptureId, Dossier, InspectionId
from inspection_service.inspections.requests import SellerMark
from inspection_service.storage.errors import DatabaseUnavailable, StorageFull
from inspection_service.testing import Backend, FakeFiles, FakeSealer, MemoryStore, judgement, open_backend
from inspection_service.work.pieces import Queue
from inspection_service.work.sealing import STANDING, Beside

pytestmark = pytest.mark.unit

DENT = {"kind": "dent", "box": [1.0, 2.0, 3.0, 4.0], "score": 0.9}


class Killed(BaseException):
    """Stands for ``kill -9``: no handler may catch it."""


def standing(case: str) -> str:
    """The object that names the files that stand."""
    return f"inspections/{case}/report/{STANDING}"


async def signed_off(backend: Backend) -> Any:
    seller = await backend.joined(sign_off="none")
    await backend.complete(seller)
    shown = views.review_sha256(await backend.dossier(seller.inspection_id))
    mark = SellerMark("Sophie", "M 0 0 L 1 1 L 2 2", shown, "none")
    await backend.inspections.sign_as_seller(seller.inspection_id, mark, by=seller.actor)
    return seller.inspection_id


class Dying(MemoryStore):
    """A store whose process dies at the n-th write or removal, before or after it took effect."""

    def __init__(self) -> None:
        super().__init__()
        self.dies_at: int | None = None
        self.after = False
        self.count = 0

    async def put(self, key: str, data: bytes) -> None:
        await self._step(lambda: self.objects.__setitem__(key, data))

    async def delete(self, key: str) -> None:
        await self._step(lambda: self.objects.pop(key, None))

    async def _step(self, act: Callable[[], object]) -> None:
        dies = self.dies_at == self.count
        self.count += 1
        if dies and not self.after:
            raise Killed
        act()
        if dies:
            raise Killed


@pytest.mark.parametrize("after", [False, True])
async def test_sealing_killed_at_every_write_ends_with_one_report(tmp_path: Path, after: bool) -> None:
    """One set of files stands, it is the set the record names, and nothing else is left in the folder."""
    store = Dying()
    async with open_backend(tmp_path, store=store) as backend:
        died = 0
        for step in range(12):
            case = await signed_off(backend)
            store.dies_at, store.after, store.count = step, after, 0
            try:
                await backend.handlers.seal(case)
            except Killed:
                died += 1
            store.dies_at = None
            await backend.reconciler.run_once()
            await backend.handlers.seal(case)
            files = await backend.inspections.report_files(case)
            kept = {files.json_key, files.jws_key, files.pdf_key, files.root_key, standing(case)}
            assert set(await store.list(f"inspections/{case}/report/")) == kept
            dossier = await backend.dossier(case)
            assert dossier.inspection.state == "sealed"
            assert [event.kind for event in dossier.events].count("report.sealed") == 1
            if died == step:
                break
        assert died == 5, "it died at each of the five writes"


async def test_two_workers_that_seal_at_once_agree(backend: Backend) -> None:
    """Both make files; one set stands and the other is gone."""
    case = await signed_off(backend)
    await asyncio.gather(backend.handlers.seal(case), backend.handlers.seal(case))
    files = await backend.inspections.report_files(case)
    kept = {files.json_key, files.jws_key, files.pdf_key, files.root_key, standing(case)}
    assert set(await backend.store.list(f"inspections/{case}/report/")) == kept


async def test_two_workers_that_judge_at_once_write_one_judgement(backend: Backend) -> None:
    """Wasteful, never wrong: findings are there once."""
    seller = await backend.joined()
    data = backend.photo()
    backend.judge.script[data] = judgement(detections=[DENT])
    capture = await backend.photographed(seller, "front", data)
    await asyncio.gather(*(backend.handlers.judge(capture) for _ in range(4)))
    dossier = await backend.dossier(seller.inspection_id)
    assert backend.judge.calls == 4
    assert len(dossier.findings) == 1
    assert [event.kind for event in dossier.events].count("capture.accepted") == 1


async def test_a_photo_received_before_a_crash_is_judged_after_it(tmp_path: Path) -> None:
    """The service dies between upload and judgement; a new one on the same database and store finishes."""
    store = MemoryStore()
    async with open_backend(tmp_path, store=store) as first:
        seller = await first.joined()
        capture = await first.photographed(seller, "front")
    async with reopened(tmp_path, store) as second:
        assert (await second.reconciler.run_once()).judged == 1
        judged = await second.inspections.capture(seller.inspection_id, capture.id)
        assert judged.state == "accepted"
        assert (await second.reconciler.run_once()).total == 0


def reopened(folder: Path, store: MemoryStore) -> Any:
    """Open the same records again; the account already there gives way to another."""
    return open_backend(folder, store=store, email="second@example.com")


async def test_the_killed_judgement_leaves_the_photo_to_be_judged(backend: Backend) -> None:
    """Dying inside the model writes nothing."""
    seller = await backend.joined()
    data = backend.photo()
    capture = await backend.photographed(seller, "front", data)
    before = await backend.dossier(seller.inspection_id)
    backend.judge.script[data] = Killed()
    with pytest.raises(Killed):
        await backend.handlers.judge(capture)
    assert await backend.dossier(seller.inspection_id) == before
    del backend.judge.script[data]
    assert (await backend.reconciler.run_once()).judged == 1


async def test_a_photo_whose_bytes_are_gone_is_asked_for_again(backend: Backend) -> None:
    """Never stuck, even then."""
    assert isinstance(backend.store, MemoryStore)
    seller = await backend.joined()
    capture = await backend.photographed(seller, "front")
    backend.store.objects.clear()
    await backend.reconciler.run_once()
    found = await backend.inspections.capture(seller.inspection_id, capture.id)
    assert (found.state, found.decision_reason) == ("retake", "not_readable")


async def test_one_bad_case_does_not_stop_the_others(tmp_path: Path) -> None:
    """Its work is counted as failed and tried again in the next round."""

    class Sometimes(FakeSealer):
        def __init__(self) -> None:
            super().__init__()
            self.broken: set[str] = set()

        def seal(self, dossier: Dossier, photos: Mapping[CaptureId, bytes], beside: Beside) -> FakeFiles:
            if dossier.inspection.id in self.broken:
                raise StorageFull
            return FakeFiles(b"json", b"jws", b"pdf", b"root", self.clock.now())

    sealer = Sometimes()
    async with open_backend(tmp_path, sealer=sealer) as backend:
        bad = await signed_off(backend)
        sealer.broken = {bad}
        good = await signed_off(backend)
        done = await backend.reconciler.run_once()
        assert (done.sealed, done.failed) == (1, 1)
        assert (await backend.inspections.get(good)).state == "sealed"
        sealer.broken = set()
        assert (await backend.reconciler.run_once()).sealed == 1


def failures(backend: Backend, kind: str) -> float:
    """Return how often work of a kind failed, as ``/metrics`` says."""
    return backend.metrics.registry.get_sample_value("inspection_work_failures_total", {"kind": kind}) or 0.0


async def test_photos_wait_while_nothing_can_be_judged(backend: Backend) -> None:
    """No seller is asked for a photo again because models are missing; one start is tried, not one a photo."""
    seller = await backend.joined()
    waiting = [await backend.photographed(seller, step) for step in ("front", "rear")]
    backend.judge.away = "scene.onnx"
    assert (await backend.reconciler.round()).failed == 1
    assert (await backend.reconciler.round()).failed == 0
    assert (backend.judge.calls, failures(backend, "judge")) == (1, 1)
    backend.clock.advance(seconds=15)
    assert (await backend.reconciler.round()).failed == 1
    states = {(await backend.inspections.capture(seller.inspection_id, c.id)).state for c in waiting}
    assert states == {"received"}
    backend.judge.away = None
    backend.clock.advance(seconds=29)
    assert (await backend.reconciler.round()).judged == 0
    backend.clock.advance(seconds=1)
    assert (await backend.reconciler.round()).judged == 2
    await backend.photographed(seller, "left_side")
    assert (await backend.reconciler.round()).judged == 1


async def test_sealing_that_keeps_failing_is_tried_ever_more_rarely(tmp_path: Path) -> None:
    """Others are sealed meanwhile, and it is sealed when the fault is mended."""

    class Full(FakeSealer):
        def __init__(self) -> None:
            super().__init__()
            self.tries: list[InspectionId] = []
            self.broken: InspectionId | None = None

        def seal(self, dossier: Dossier, photos: Mapping[CaptureId, bytes], beside: Beside) -> FakeFiles:
            self.tries.append(dossier.inspection.id)
            if dossier.inspection.id == self.broken:
                raise StorageFull
            return FakeFiles(b"json", b"jws", b"pdf", b"root", self.clock.now())

    sealer = Full()
    async with open_backend(tmp_path, sealer=sealer) as backend:
        sealer.broken = bad = await signed_off(backend)
        for _ in range(4 * 15):
            await backend.reconciler.round()
            backend.clock.advance(seconds=5)
        assert sealer.tries == [bad] * 5, "at 0, 15, 45, 105 and 225 s"
        assert failures(backend, "seal") == 5
        good = await signed_off(backend)
        assert (await backend.reconciler.round()).sealed == 1
        assert (await backend.inspections.get(good)).state == "sealed"
        sealer.broken = None
        backend.clock.advance(seconds=300)
        assert (await backend.reconciler.round()).sealed == 1
        assert (await backend.inspections.get(bad)).state == "sealed"


async def test_the_worker_wakes_when_a_photo_arrives(backend: Backend) -> None:
    """The bus calls; nobody waits for the clock (which stands at a quarter of a minute)."""
    seller = await backend.joined()
    async with backend.bus.subscribe(seller.inspection_id) as heard:
        worker = asyncio.create_task(backend.reconciler.run())
        capture = await backend.photographed(seller, "front")
        kinds: list[str] = []
        while "capture.accepted" not in kinds:
            told = await heard.next(10)
            assert told is not None, f"nothing happened after {kinds}"
            kinds.append(told.event.kind)
        worker.cancel()
        with pytest.raises(asyncio.CancelledError):
            await worker
    assert (await backend.inspections.capture(seller.inspection_id, capture.id)).state == "accepted"


async def test_the_worker_outlives_a_database_that_is_away(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so and looks again when called."""
    seller = await backend.joined()
    looks = 0
    looked = asyncio.Event()
    real = backend.inspections.to_judge

    async def away(limit: int = 100) -> Any:
        nonlocal looks
        looks += 1
        looked.set()
        if looks == 1:
            raise DatabaseUnavailable
        return await real(limit)

    monkeypatch.setattr(backend.inspections, "to_judge", away)
    async with backend.bus.subscribe(seller.inspection_id) as heard:
        worker = asyncio.create_task(backend.reconciler.run())
        await asyncio.wait_for(looked.wait(), 10)
        await backend.photographed(seller, "front")
        kinds: list[str] = []
        while "capture.accepted" not in kinds:
            told = await heard.next(10)
            assert told is not None, f"nothing happened after {kinds}"
            kinds.append(told.event.kind)
        worker.cancel()
        with pytest.raises(asyncio.CancelledError):
            await worker
    assert looks >= 2


async def test_a_call_looks_for_what_it_called_and_for_nothing_else(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An instance with many orders does not go through all its upkeep for each of them."""
    queues: tuple[Queue, ...] = ("report",)
    looks: Counter[str] = Counter()
    looked = asyncio.Event()

    def counted(name: str) -> None:
        real = getattr(backend.inspections, name)

        async def look(*args: Any) -> Any:
            looks[name] += 1
            looked.set()
            return await real(*args)

        monkeypatch.setattr(backend.inspections, name, look)

    async def until(name: str, often: int) -> None:
        async with asyncio.timeout(60):
            while looks[name] < often:
                looked.clear()
                await looked.wait()

    seller = await backend.joined()
    for name in ("to_finish", "to_seal", "to_forget_recordings"):
        counted(name)
    worker = asyncio.create_task(backend.reconciler.run(queues))
    await until("to_forget_recordings", 1)
    for often, kind in enumerate(("seller.signed", "capture.judged"), start=2):
        told = Published(seller.tenant_id, seller.inspection_id, Hint(9, kind))
        await backend.bus.publish(told)
        await until("to_seal", often)
    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker
    assert looks == {"to_finish": 1, "to_seal": 3, "to_forget_recordings": 1}
