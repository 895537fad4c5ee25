"""Pictures made ahead of the seal: the same bytes as without, of the right photo only, and gone with it."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from inspection_service.inspections.personal import PersonalKeys
from inspection_service.inspections.records import Capture, Dossier
from inspection_service.reports.build import build
from inspection_service.reports.errors import EvidenceMismatch
from inspection_service.reports.render import ahead
from inspection_service.reports.render.document import render
from inspection_service.reports.render.inputs import RenderInputs
from inspection_service.storage.errors import StoreUnavailable
from inspection_service.testing import MemoryStore, open_backend
from inspection_service.work.handlers import Handlers
from inspection_service.work.pictures import PagePictures
from tests.unit.reports.dossiers import MODELS, SEALED_AT, dossier, judgement, picture

pytestmark = pytest.mark.unit
SECRET = b"\x01" * 32
KEYS = PersonalKeys(b"s" * 32, b"o" * 32)


class AwayStore(MemoryStore):
    """Takes nothing."""

    async def put(self, key: str, data: bytes) -> None:
        raise StoreUnavailable


def seen(capture: Capture, boxes: list[list[float]]) -> Capture:
    """The capture as judged, with detections."""
    found = [{"kind": "dent", "box": box, "score": 0.9} for box in boxes]
    return replace(capture, judgement={**(capture.judgement or {}), "detections": found})


def verdict_of(view: str, boxes: list[list[float]]) -> dict[str, Any]:
    """What the pipeline says of an accepted photo."""
    found = [{"kind": "dent", "box": box, "score": 0.9} for box in boxes]
    return judgement(view, width_px=320, height_px=240, detections=found)


async def filled(store: MemoryStore, case: Dossier, originals: Mapping[str, bytes]) -> PagePictures:
    """Prepare every photo of a case as the judging handler does, with what its findings show."""
    pictures = PagePictures(store, SECRET)
    for capture in case.captures:
        boxes = [list(f.box) for f in case.findings if f.capture_id == capture.id and f.box]
        await pictures.prepare(seen(capture, boxes), originals[capture.id], of=len(case.captures))
    return pictures


def decoding(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write down every photo that is decoded from now on."""
    decoded: list[str] = []
    really: Any = Image.open  # forwarded as it is

    def opened(file: Any, *args: Any, **more: Any) -> Any:
        if isinstance(file, io.BytesIO):
            decoded.append(hashlib.sha256(file.getvalue()).hexdigest())
        return really(file, *args, **more)

    monkeypatch.setattr(Image, "open", opened)
    return decoded


async def document(case: Dossier, originals: Mapping[str, bytes], pictures: PagePictures | None) -> bytes:
    """Set the document in a thread, as the sealer does."""
    draft = build(case, sealed_at=SEALED_AT, models=MODELS, has_development_keys=True, keys=KEYS)
    kept = pictures.reading(asyncio.get_running_loop()) if pictures else {}
    return (await asyncio.to_thread(render, draft, originals, RenderInputs(pictures=kept))).pdf_bytes


async def test_the_document_is_the_same_and_no_photo_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was made ahead is what the seal would have made, and it makes none of it again."""
    case, originals = dossier("fr", width_px=1600, height_px=1200)
    expected = await document(case, originals, None)
    pictures = await filled(MemoryStore(), case, originals)
    decoded = decoding(monkeypatch)
    assert await document(case, originals, pictures) == expected
    assert decoded == []


async def test_what_is_missing_or_not_ours_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture that somebody wrote into the store never comes to stand over a photo's hash."""
    case, originals = dossier("fr")
    expected = await document(case, originals, None)
    store = MemoryStore()
    pictures = await filled(store, case, originals)
    by_id = [capture.sha256 for capture in case.captures]
    pages = [f"derived/{ahead.page_name(sha256, 1400)}" for sha256 in by_id]
    of_another = await store.get(pages[1])
    damaged = await store.get(pages[2])
    foreign = PagePictures(MemoryStore(), b"\x02" * 32)
    await foreign.prepare(case.captures[3], originals[case.captures[3].id], of=12)
    for number, content in (
        (1, await store.get(pages[0])),
        (0, of_another),
        (2, damaged[:-1] + bytes([damaged[-1] ^ 1])),
        (3, await foreign._store.get(pages[3])),
        (4, b""),
    ):
        await store.delete(pages[number])
        await store.put(pages[number], content)
    await store.delete(pages[5])
    decoded = decoding(monkeypatch)
    assert await document(case, originals, pictures) == expected
    assert set(decoded) == set(by_id[:6])


async def test_a_changed_original_is_noticed_although_its_picture_is_there() -> None:
    """Every original is still read and hashed by the seal."""
    case, originals = dossier("fr")
    pictures = await filled(MemoryStore(), case, originals)
    with pytest.raises(EvidenceMismatch):
        await document(case, {**originals, case.captures[2].id: picture(99)}, pictures)


async def test_nothing_is_made_of_bytes_that_are_not_the_capture() -> None:
    """Else a wrong picture would be kept under a right name."""
    case, _ = dossier("fr")
    store = MemoryStore()
    await PagePictures(store, SECRET).prepare(case.captures[0], picture(99), of=12)
    await PagePictures(store, SECRET).prepare(case.captures[0], b"no picture", of=12)
    assert await store.list("derived/") == ()


async def test_a_damaged_picture_is_replaced_when_it_is_made_again() -> None:
    """Two workers may make the same one; what stands there unproven goes."""
    case, originals = dossier("fr")
    first, store = case.captures[0], MemoryStore()
    name = ahead.page_name(first.sha256, 1400)
    await store.put(f"derived/{name}", b"something else")
    pictures = PagePictures(store, SECRET)
    assert await pictures.get(name) is None
    for _ in range(2):
        await pictures.prepare(first, originals[first.id], of=12)
        assert await pictures.get(name) is not None


async def test_a_store_that_takes_nothing_holds_up_no_judgement(capsys: pytest.CaptureFixture[str]) -> None:
    """The seal makes the pictures itself; the log says why."""
    case, originals = dossier("fr")
    first = case.captures[0]
    await PagePictures(AwayStore(), SECRET).prepare(first, originals[first.id], of=12)
    assert "prepare" in capsys.readouterr().err


async def test_an_accepted_photo_has_its_pictures_and_a_refused_one_none(tmp_path: Path) -> None:
    """Made by the judging itself, with the details the model points at."""
    async with open_backend(tmp_path) as backend:
        seller = await backend.joined()
        pictures = PagePictures(backend.store, SECRET)
        handlers = Handlers(
            backend.inspections,
            backend.store,
            backend.clock,
            judge=backend.judge,
            sealer=backend.sealer,
            metrics=backend.metrics,
            pictures=pictures,
        )
        accepted = await backend.photographed(seller, "front", picture(1))
        refused = await backend.photographed(seller, "rear", picture(2))
        backend.judge.script[picture(1)] = verdict_of("front", [[20.0, 30.0, 80.04, 90.0]])
        backend.judge.script[picture(2)] = {**verdict_of("rear", []), "accepted": False, "reasons": ["blur"]}
        for capture in (accepted, refused):
            await handlers.judge(capture)
        assert await pictures.get(ahead.page_name(accepted.sha256, 1400)) is not None
        assert await pictures.get(ahead.detail_name(accepted.sha256, (20.0, 30.0, 80.0, 90.0))) is not None
        assert await backend.store.list(f"derived/{refused.sha256}/") == ()
