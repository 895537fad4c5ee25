"""Photos sent in pieces: resumed, repeated, broken, too late, and on a full disk."""

import asyncio
import base64
import hashlib
from dataclasses import replace

import pytest

from inspection_service.errors import Closed
from inspection_service.identity.records import Seller
from inspection_service.inspections.errors import (
    CaptureIdReused,
    ChecksumMismatch,
    DuplicatePhoto,
    NotTakingPhotos,
    OffsetMismatch,
    QuotaExceeded,
    StepUnknown,
    UploadInvalid,
    UploadTooLarge,
    UploadUnknown,
)
from inspection_service.inspections.records import CaptureId, StepId
from inspection_service.inspections.requests import NewCapture, NewUpload, Upload
from inspection_service.inspections.scope import AllTenants
from inspection_service.inspections.service import Inspections
from inspection_service.settings import UploadSettings
from inspection_service.storage.errors import StorageFull
from inspection_service.testing import Backend, MemoryStore

pytestmark = pytest.mark.unit

PHOTO = b"\xff\xd8\xff" + bytes(range(256)) * 8
FRONT = StepId("front")


def announced(data: bytes = PHOTO, capture_id: str = "c-1", step: str | None = "front") -> NewUpload:
    digest = hashlib.sha256(data).hexdigest()
    return NewUpload(CaptureId(capture_id), StepId(step) if step else None, len(data), digest)


async def create(backend: Backend, seller: Seller, new: NewUpload) -> Upload:
    return await backend.inspections.create_upload(seller.inspection_id, new, by=seller.actor)


def limit(backend: Backend, uploads: UploadSettings) -> Inspections:
    """Return the same inspections under other limits."""
    return Inspections(
        backend.database,
        backend.store,
        backend.clock,
        backend.bus,
        shelf=backend.shelf,
        uploads=uploads,
        scope=AllTenants(),
    )


async def test_pieces_become_one_capture(backend: Backend) -> None:
    """Three pieces, joined and hashed; afterwards nothing but the photo is left in the store."""
    seller = await backend.joined()
    upload = await create(backend, seller, announced())
    for start in (0, 1000, 2000):
        piece = PHOTO[start : start + 1000]
        upload = await backend.inspections.append(
            seller.inspection_id, upload.id, start, piece, sha256=hashlib.sha256(piece).digest()
        )
    assert upload.is_finished
    capture, data = await backend.inspections.photo(seller.inspection_id, CaptureId("c-1"))
    assert data == PHOTO
    assert (capture.state, capture.attempt, capture.sha256) == ("received", 1, announced().sha256)
    assert await backend.store.list("uploads/") == ()
    again = await create(backend, seller, announced())
    assert (again.id, again.offset_bytes, again.is_finished) == (upload.id, len(PHOTO), True)


async def test_an_upload_resumes_where_it_stopped(backend: Backend) -> None:
    """A closed page loses nothing: the same id gives the same upload at the same offset."""
    seller = await backend.joined()
    upload = await create(backend, seller, announced())
    await backend.inspections.append(seller.inspection_id, upload.id, 0, PHOTO[:700])
    again = await create(backend, seller, announced())
    assert (again.id, again.offset_bytes) == (upload.id, 700)
    with pytest.raises(OffsetMismatch) as refused:
        await backend.inspections.append(seller.inspection_id, upload.id, 0, PHOTO[:900])
    assert refused.value.attributes["expected_offset"] == 700
    done = await backend.inspections.append(seller.inspection_id, upload.id, 700, PHOTO[700:])
    assert done.is_finished


async def test_two_connections_cannot_both_add_the_same_bytes(backend: Backend) -> None:
    """Of two pieces at one offset one counts; the photo is whole."""
    seller = await backend.joined()
    upload = await create(backend, seller, announced())
    pieces = [PHOTO[:500], PHOTO[:800]]
    outcomes = await asyncio.gather(
        *(backend.inspections.append(seller.inspection_id, upload.id, 0, piece) for piece in pieces),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, OffsetMismatch) for outcome in outcomes) == 1
    assert len(await backend.store.list(f"uploads/{upload.id}/")) == 1, "the piece that lost is gone"
    present = await backend.inspections.upload(seller.inspection_id, upload.id)
    await backend.inspections.append(
        seller.inspection_id, upload.id, present.offset_bytes, PHOTO[present.offset_bytes :]
    )
    _, data = await backend.inspections.photo(seller.inspection_id, CaptureId("c-1"))
    assert data == PHOTO


async def test_other_bytes_than_announced_are_thrown_away(backend: Backend) -> None:
    """The upload may then start again."""
    seller = await backend.joined()
    upload = await create(backend, seller, announced())
    with pytest.raises(ChecksumMismatch):
        await backend.inspections.append(seller.inspection_id, upload.id, 0, bytes(len(PHOTO)))
    with pytest.raises(UploadUnknown):
        await backend.inspections.upload(seller.inspection_id, upload.id)
    fresh = await create(backend, seller, announced())
    assert (fresh.id != upload.id, fresh.offset_bytes) == (True, 0)
    with pytest.raises(ChecksumMismatch):
        await backend.inspections.append(seller.inspection_id, fresh.id, 0, PHOTO[:9], sha256=bytes(32))
    assert (await backend.inspections.upload(seller.inspection_id, fresh.id)).offset_bytes == 0


async def test_a_full_disk_takes_nothing_and_loses_nothing(backend: Backend) -> None:
    """Storage full is retryable; once there is room the same upload goes on."""
    assert isinstance(backend.store, MemoryStore)
    seller = await backend.joined()
    upload = await create(backend, seller, announced())
    await backend.inspections.append(seller.inspection_id, upload.id, 0, PHOTO[:1000])
    backend.store.room_bytes = 10
    with pytest.raises(StorageFull) as refused:
        await backend.inspections.append(seller.inspection_id, upload.id, 1000, PHOTO[1000:])
    assert refused.value.retryable
    assert (await backend.inspections.upload(seller.inspection_id, upload.id)).offset_bytes == 1000
    backend.store.room_bytes = len(PHOTO) - 1000  # for the last piece, not for the whole
    with pytest.raises(StorageFull):
        await backend.inspections.append(seller.inspection_id, upload.id, 1000, PHOTO[1000:])
    backend.store.room_bytes = None
    done = await backend.inspections.upload(seller.inspection_id, upload.id)
    assert done.is_finished, "asking for the offset finishes what is complete"


async def test_bytes_complete_before_a_crash_are_finished_by_the_worker(backend: Backend) -> None:
    """The process died between the last piece and the capture; nobody has to send it again."""
    assert isinstance(backend.store, MemoryStore)
    seller = await backend.joined()
    upload = await create(backend, seller, announced())
    backend.store.room_bytes = len(PHOTO)
    with pytest.raises(StorageFull):
        await backend.inspections.append(seller.inspection_id, upload.id, 0, PHOTO)
    backend.store.room_bytes = None
    done = await backend.reconciler.run_once()
    assert (done.finished_uploads, done.judged) == (1, 1)


async def test_damage_declared_during_review_survives_a_crash_too(backend: Backend) -> None:
    """In ``review`` the worker finishes a photo without a step, and leaves one for a step alone."""
    assert isinstance(backend.store, MemoryStore)
    seller = await backend.joined()
    late = await create(backend, seller, announced(PHOTO[::-1], "c-2"))
    await backend.complete(seller)
    damage = await create(backend, seller, announced(step=None))
    for upload, data in ((damage, PHOTO), (late, PHOTO[::-1])):
        backend.store.room_bytes = len(PHOTO)
        with pytest.raises((StorageFull, NotTakingPhotos)):
            await backend.inspections.append(seller.inspection_id, upload.id, 0, data)
    backend.store.room_bytes = None
    assert [upload.id for upload in await backend.inspections.to_finish()] == [damage.id]
    done = await backend.reconciler.run_once()
    assert (done.finished_uploads, done.judged, done.failed) == (1, 1, 0)


async def test_one_inspection_has_so_many_uploads_under_way(backend: Backend) -> None:
    """One more is refused by name; going on with an earlier one is not, and those given up stop counting."""
    seller = await backend.joined()
    for number in range(8):
        await create(backend, seller, announced(b"%d" % number, f"c-{number}"))
    with pytest.raises(QuotaExceeded) as refused:
        await create(backend, seller, announced(b"8", "c-8"))
    assert refused.value.attributes == {"quota": "open_uploads", "limit": 8}
    first = await create(backend, seller, announced(b"0", "c-0"))
    other = await backend.joined()
    await create(backend, other, announced())
    await backend.inspections.append(seller.inspection_id, first.id, 0, b"0")
    await create(backend, seller, announced(b"8", "c-8"))
    backend.clock.advance(minutes=61)
    await create(backend, seller, announced(b"9", "c-9"))


async def test_one_inspection_has_so_many_photos(backend: Backend) -> None:
    """Photos and what is announced count together; the last one announced still gets through."""
    limited = limit(backend, UploadSettings(max_captures=2))
    seller = await backend.joined()
    await backend.photographed(seller, "front")
    upload = await limited.create_upload(seller.inspection_id, announced(), by=seller.actor)
    with pytest.raises(QuotaExceeded) as refused:
        await limited.create_upload(seller.inspection_id, announced(b"!", "c-2"), by=seller.actor)
    assert refused.value.attributes == {"quota": "captures", "limit": 2}
    assert (await limited.append(seller.inspection_id, upload.id, 0, PHOTO)).is_finished
    whole = NewCapture(CaptureId("c-3"), None, b"!")
    with pytest.raises(QuotaExceeded):
        await limited.receive_capture(seller.inspection_id, whole, by=seller.actor)


async def test_one_inspection_has_so_many_bytes(backend: Backend) -> None:
    """Announced bytes count before they arrive, and no longer once the upload is dropped."""
    limited = limit(backend, UploadSettings(max_inspection_bytes=len(PHOTO) + 100))
    seller = await backend.joined()
    upload = await limited.create_upload(seller.inspection_id, announced(), by=seller.actor)
    more = announced(bytes(101), "c-2")
    with pytest.raises(QuotaExceeded) as refused:
        await limited.create_upload(seller.inspection_id, more, by=seller.actor)
    assert refused.value.attributes == {"quota": "bytes", "limit": len(PHOTO) + 100}
    await limited.drop(seller.inspection_id, upload.id)
    await limited.create_upload(seller.inspection_id, more, by=seller.actor)


async def test_one_upload_has_so_many_pieces(backend: Backend) -> None:
    """Nothing of the piece too many is kept."""
    limited = limit(backend, UploadSettings(max_pieces=2))
    seller = await backend.joined()
    upload = await limited.create_upload(seller.inspection_id, announced(), by=seller.actor)
    for start in (0, 1):
        await limited.append(seller.inspection_id, upload.id, start, PHOTO[start : start + 1])
    with pytest.raises(QuotaExceeded) as refused:
        await limited.append(seller.inspection_id, upload.id, 2, PHOTO[2:])
    assert refused.value.attributes == {"quota": "pieces", "limit": 2}
    assert len(await backend.store.list("uploads/")) == 2


async def test_a_seller_with_many_photos_keeps_nobody_waiting(backend: Backend) -> None:
    """Each inspection's oldest photo comes before anybody's second."""
    busy, calm = await backend.joined(), await backend.joined()
    sent = []
    for seller in (busy, busy, busy, calm, calm):
        backend.clock.advance(seconds=1)
        sent.append((await backend.photographed(seller, "front")).id)
    waiting = [capture.id for capture in await backend.inspections.to_judge()]
    assert waiting == [sent[at] for at in (0, 3, 1, 4, 2)]
    assert [capture.id for capture in await backend.inspections.to_judge(2)] == [sent[0], sent[3]]


async def test_the_same_photo_twice_is_noticed(backend: Backend) -> None:
    """For another step it is refused with where it already is; the same id with other bytes is refused too."""
    seller = await backend.joined()
    await backend.photographed(seller, "front", PHOTO, "c-1")
    same = await backend.photographed(seller, "front", PHOTO, "c-1")
    assert same.attempt == 1
    with pytest.raises(DuplicatePhoto) as refused:
        await create(backend, seller, announced(capture_id="c-2", step="rear"))
    assert refused.value.attributes == {"capture_id": "c-1", "step_id": "front"}
    quiet = replace(announced(capture_id="c-3", step="rear"), sha256=None)
    upload = await create(backend, seller, quiet)
    with pytest.raises(DuplicatePhoto):
        await backend.inspections.append(seller.inspection_id, upload.id, 0, PHOTO)
    with pytest.raises(UploadUnknown):
        await backend.inspections.upload(seller.inspection_id, upload.id)
    with pytest.raises(CaptureIdReused):
        await create(backend, seller, announced(PHOTO + b"!", "c-1"))
    with pytest.raises(CaptureIdReused):
        await backend.photographed(seller, "front", PHOTO + b"!", "c-1")


async def test_what_cannot_be_taken_is_refused_before_the_first_byte(backend: Backend) -> None:
    """Too large, empty, unknown step, strange ids, states that take no photos."""
    seller = await backend.joined()
    for wrong, refusal in (
        (replace(announced(), length_bytes=40 * 1024 * 1024 + 1), UploadTooLarge),
        (replace(announced(), length_bytes=0), UploadInvalid),
        (replace(announced(), step_id=StepId("roof")), StepUnknown),
        (replace(announced(), capture_id=CaptureId("../c")), UploadInvalid),
        (replace(announced(), sha256="ABC"), UploadInvalid),
        (replace(announced(), media_type="text/html\r\n"), UploadInvalid),
        (replace(announced(), method="Take Photo"), UploadInvalid),
    ):
        with pytest.raises(refusal):
            await create(backend, seller, wrong)
    upload = await create(backend, seller, announced())
    with pytest.raises(UploadTooLarge):
        await backend.inspections.append(seller.inspection_id, upload.id, 0, PHOTO + b"!")
    await backend.complete(seller)
    with pytest.raises(NotTakingPhotos):
        await create(backend, seller, announced(b"late", "c-9"))
    await backend.inspections.cancel(seller.inspection_id, by=backend.platform.actor)
    with pytest.raises(Closed):
        await create(backend, seller, announced(b"late", "c-9"))
    with pytest.raises(Closed):
        await backend.inspections.append(seller.inspection_id, upload.id, 0, PHOTO)


async def test_an_upload_nobody_continues_is_thrown_away(backend: Backend) -> None:
    """After a week without a byte; its pieces go too."""
    seller = await backend.joined()
    upload = await create(backend, seller, announced())
    await backend.inspections.append(seller.inspection_id, upload.id, 0, PHOTO[:100])
    backend.clock.advance(days=6)
    await backend.inspections.append(seller.inspection_id, upload.id, 100, PHOTO[100:200])
    backend.clock.advance(days=6)
    assert (await backend.reconciler.run_once()).dropped_uploads == 0
    backend.clock.advance(days=2)
    with pytest.raises(UploadUnknown):
        await backend.inspections.upload(seller.inspection_id, upload.id)
    assert (await backend.reconciler.run_once()).dropped_uploads == 1
    assert await backend.store.list("uploads/") == ()


async def test_consent_taken_back_drops_what_waits(backend: Backend) -> None:
    """Bytes that arrived before the seller said no are not looked at."""
    assert isinstance(backend.store, MemoryStore)
    seller = await backend.joined()
    upload = await create(backend, seller, announced())
    backend.store.room_bytes = len(PHOTO)
    with pytest.raises(StorageFull):
        await backend.inspections.append(seller.inspection_id, upload.id, 0, PHOTO)
    backend.store.room_bytes = None
    await backend.inspections.give_consents(seller.inspection_id, {"photos": False}, by=seller.actor)
    await backend.reconciler.run_once()
    assert (await backend.dossier(seller.inspection_id)).captures == ()
    assert backend.store.objects == {}


def test_the_test_photo_is_what_it_says() -> None:
    """Guards the offsets used above."""
    assert len(PHOTO) == 2051
    assert base64.b64encode(PHOTO[:3]) == b"/9j/"
