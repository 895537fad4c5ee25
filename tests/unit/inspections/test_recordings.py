"""Frozen frames and recordings: taken only with both sides' consent, vouched for by hashes, forgotten in time."""

import hashlib
import math
from typing import Any

import pytest

from inspection_service.errors import Closed, InvalidInput
from inspection_service.identity.records import Seller
from inspection_service.inspections import views
from inspection_service.inspections.annotating import FRAMES_AN_HOUR, POINTS_MAX, STROKES_MAX
from inspection_service.inspections.errors import (
    CaseClaimed,
    ChecksumMismatch,
    ChunkGap,
    ChunkReused,
    ClaimNeeded,
    ConsentMissing,
    DrawingInvalid,
    DrawingTooLarge,
    FindingInvalid,
    FrameUnknown,
    InspectionUnknown,
    LevelNeeded,
    NoCall,
    QuotaExceeded,
    RecordingEnded,
    RecordingIdReused,
    RecordingIncomplete,
    RecordingNotAsked,
    RecordingUnknown,
    UploadInvalid,
    UploadTooLarge,
)
from inspection_service.inspections.filming import CHUNK_MAX_BYTES, NewChunk
from inspection_service.inspections.records import (
    Frame,
    FrameId,
    InspectionId,
    OperatorId,
    RecordingId,
    RecordingKind,
    StepId,
    Stroke,
    TenantId,
)
from inspection_service.inspections.requests import Drawing, NewFrame, NewRecording, SellerMark
from inspection_service.inspections.service import Inspections
from inspection_service.settings import MediaSettings, UploadSettings
from inspection_service.testing import PASSWORD, Backend, MemoryStore

pytestmark = pytest.mark.unit

RECORDING = RecordingId("recording-0001")
WEBM = "video/webm;codecs=vp8,opus"
LINE = Stroke(((0.1, 0.2), (0.5, 0.5), (1.0, 0.0)), 0.004)


async def in_call(backend: Backend, *, record: bool = True) -> Seller:
    """Return a seller who lets an operator point and record, in a call with Alex, who holds the case."""
    seller = await backend.joined()
    case, operator = seller.inspection_id, backend.operator.actor
    await backend.inspections.give_consents(case, {"recording": True}, by=seller.actor, live_level="point")
    await backend.inspections.enter_step(case, StepId("front"), by=seller.actor)
    await backend.inspections.claim(case, by=operator)
    await backend.inspections.note(case, "call.opened", {"call_id": "c1"}, by=operator)
    await backend.inspections.note(case, "call.accepted", {"call_id": "c1"}, by=seller.actor)
    if record:
        await command_record(backend, seller, on=True)
    return seller


async def command_record(backend: Backend, seller: Seller, *, on: bool) -> None:
    command = {"id": "k1", "no": 1, "name": "record", "args": {"on": on}}
    await backend.inspections.note(seller.inspection_id, "command.sent", command, by=backend.operator.actor)


async def freeze(backend: Backend, seller: Seller, data: bytes = b"a frozen picture") -> Frame:
    new = NewFrame(data, "image/jpeg", 4000, 3000)
    return await backend.inspections.freeze(seller.inspection_id, new, by=seller.actor)


def recording(kind: RecordingKind = "video", media_type: str = WEBM, **more: Any) -> NewRecording:
    return NewRecording(kind, media_type, None, more.get("recording_id", RECORDING))


def chunk(n: int, data: bytes, kind: RecordingKind = "video", sha256: str | None = None) -> NewChunk:
    return NewChunk(RECORDING, kind, n, data, sha256 or hashlib.sha256(data).hexdigest())


async def recorded(backend: Backend, seller: Seller, *chunks: bytes) -> None:
    await backend.inspections.start_recording(seller.inspection_id, recording(), by=seller.actor)
    for n, data in enumerate(chunks):
        await backend.inspections.add_chunk(seller.inspection_id, chunk(n, data), by=seller.actor)


def stored(backend: Backend, part: str) -> list[str]:
    assert isinstance(backend.store, MemoryStore)
    return [key for key in backend.store.objects if f"/{part}/" in key]


async def test_a_frame_is_frozen_only_within_what_the_seller_allows(backend: Backend) -> None:
    """No call, a call that may only watch, a paused call, a call that is over: nothing is taken, nothing is stored."""
    seller = await backend.joined()
    with pytest.raises(NoCall):
        await freeze(backend, seller)
    seller = await in_call(backend)
    case, inspections = seller.inspection_id, backend.inspections
    await inspections.give_consents(case, {}, by=seller.actor, live_level="watch")
    with pytest.raises(LevelNeeded) as refused:
        await freeze(backend, seller)
    assert refused.value.attributes == {"level": "point"}
    await inspections.give_consents(case, {}, by=seller.actor, live_level="steer")
    await inspections.note(case, "call.paused", {"call_id": "c1"}, by=seller.actor)
    with pytest.raises(NoCall):
        await freeze(backend, seller)
    await inspections.note(case, "call.resumed", {"call_id": "c1"}, by=seller.actor)
    assert stored(backend, "frames") == []
    frame = await freeze(backend, seller)
    event = (await backend.dossier(case)).events[-1]
    assert (event.kind, event.data["sha256"]) == (
        "frame.frozen",
        hashlib.sha256(b"a frozen picture").hexdigest(),
    )
    assert (frame.step_id, frame.width, frame.height) == ("front", 4000, 3000)
    await inspections.note(case, "call.ended", {"call_id": "c1"}, by=seller.actor)
    with pytest.raises(NoCall):
        await freeze(backend, seller)


async def test_thirty_frames_an_hour(backend: Backend) -> None:
    """The next one is refused until the first is an hour old."""
    seller = await in_call(backend)
    for n in range(FRAMES_AN_HOUR):
        await freeze(backend, seller, b"frame %d" % n)
    with pytest.raises(QuotaExceeded) as refused:
        await freeze(backend, seller, b"one more")
    assert refused.value.attributes["quota"] == "frames"
    backend.clock.advance(hours=1, seconds=1)
    await freeze(backend, seller, b"one more")


async def test_a_kept_frame_is_evidence_and_the_others_are_forgotten(backend: Backend) -> None:
    """After a day the bytes of what nobody kept are gone, its hash stays in the log; what was kept stays for good."""
    seller = await in_call(backend)
    case, operator, inspections = seller.inspection_id, backend.operator.actor, backend.inspections
    kept, lost = await freeze(backend, seller, b"kept"), await freeze(backend, seller, b"lost")
    before = views.review_sha256(await backend.dossier(case))
    drawing = Drawing((LINE,), " Here ", finding_kind="scratch", severity="minor")
    annotation = await inspections.keep_frame(case, kept.id, drawing, by=operator)
    dossier = await backend.dossier(case)
    assert dossier.annotations == (annotation,)
    assert (annotation.sha256, annotation.text, annotation.step_id) == (kept.sha256, "Here", "front")
    assert annotation.strokes == (LINE,)
    (finding,) = views.visible_findings(dossier)
    assert (finding.id, finding.annotation_id) == (annotation.finding_id, annotation.id)
    assert (finding.kind, finding.severity, finding.text, finding.verdict) == (
        "scratch",
        "minor",
        "Here",
        "confirmed",
    )
    assert views.review_sha256(dossier) != before
    assert "annotation.kept" in [event.kind for event in dossier.events]
    assert "Here" not in repr(dossier.events)

    backend.clock.advance(hours=23)
    assert (await backend.reconciler.run_once()).forgotten == 0
    backend.clock.advance(hours=1, seconds=1)
    assert (await backend.reconciler.run_once()).forgotten == 1
    assert stored(backend, "frames") == [kept.object_key]
    assert await inspections.frame(case, kept.id) == kept
    with pytest.raises(FrameUnknown):
        await inspections.frame(case, lost.id)
    with pytest.raises(FrameUnknown):
        await inspections.keep_frame(case, lost.id, Drawing(), by=operator)
    assert {frame.id for frame in await inspections.frames(case) if frame.deleted_at is None} == {kept.id}
    assert (await backend.reconciler.run_once()).forgotten == 0


async def test_a_deletion_that_died_half_way_is_finished(backend: Backend) -> None:
    """The store fails after the frame was given up: it cannot be kept any more, and the next round deletes it."""
    seller = await in_call(backend)
    frame = await freeze(backend, seller)
    backend.clock.advance(hours=25)

    class Broken(MemoryStore):
        async def delete(self, key: str) -> None:
            raise OSError(key)

    broken = Inspections(
        backend.database,
        Broken(),
        backend.clock,
        backend.bus,
        shelf=backend.shelf,
        uploads=UploadSettings(),
        scope=backend.inspections._scope,
    )
    with pytest.raises(OSError, match="frames"):
        await broken.forget_frame(frame)
    with pytest.raises(FrameUnknown):
        await backend.inspections.keep_frame(
            seller.inspection_id, frame.id, Drawing(), by=backend.operator.actor
        )
    assert (await backend.reconciler.run_once()).forgotten == 1
    assert stored(backend, "frames") == []


@pytest.mark.parametrize(
    ("strokes", "error"),
    [
        ((Stroke(((0.5, 1.01),), 0.01),), DrawingInvalid),
        ((Stroke(((-0.01, 0.5),), 0.01),), DrawingInvalid),
        ((Stroke(((math.nan, 0.5),), 0.01),), DrawingInvalid),
        ((Stroke(((0.5, math.inf),), 0.01),), DrawingInvalid),
        ((Stroke((), 0.01),), DrawingInvalid),
        ((Stroke(((0.5, 0.5),), 0.0),), DrawingInvalid),
        ((Stroke(((0.5, 0.5),), 0.2),), DrawingInvalid),
        ((LINE,) * (STROKES_MAX + 1), DrawingTooLarge),
        ((Stroke(((0.5, 0.5),) * (POINTS_MAX + 1), 0.01),), DrawingTooLarge),
    ],
)
async def test_only_what_can_be_drawn_is_kept(
    backend: Backend, strokes: tuple[Stroke, ...], error: type[InvalidInput]
) -> None:
    """Points lie on the picture, lines have a width, and there is an end to both."""
    seller = await in_call(backend)
    frame = await freeze(backend, seller)
    with pytest.raises(error):
        await backend.inspections.keep_frame(
            seller.inspection_id, frame.id, Drawing(strokes), by=backend.operator.actor
        )
    assert (await backend.dossier(seller.inspection_id)).annotations == ()


async def test_keeping_takes_the_claim_and_a_frame_of_this_case(backend: Backend) -> None:
    """Neither another operator nor another inspection's frame."""
    seller, other = await in_call(backend), await in_call(backend)
    frame, foreign = await freeze(backend, seller), await freeze(backend, other, b"foreign")
    case, inspections = seller.inspection_id, backend.inspections
    robin = (await backend.identity.create_operator("robin@example.com", "Robin", PASSWORD)).actor
    with pytest.raises(CaseClaimed):
        await inspections.keep_frame(case, frame.id, Drawing(), by=robin)
    with pytest.raises(FrameUnknown):
        await inspections.keep_frame(case, foreign.id, Drawing(), by=backend.operator.actor)
    with pytest.raises(FindingInvalid):
        await inspections.keep_frame(case, frame.id, Drawing(finding_kind="<b>"), by=backend.operator.actor)
    theirs = inspections.of(TenantId("ten_other"))
    for attempt in (
        theirs.frame(case, frame.id),
        theirs.keep_frame(case, frame.id, Drawing(), by=backend.operator.actor),
        theirs.freeze(case, NewFrame(b"x", "image/jpeg", 1, 1), by=seller.actor),
        theirs.forget_frame(frame),
        theirs.start_recording(case, recording(), by=seller.actor),
        theirs.add_chunk(case, chunk(0, b"x"), by=seller.actor),
        theirs.finish_recording(case, RECORDING, {}, by=seller.actor),
        theirs.stored_recording(case, RECORDING, "video"),
        theirs.forget_recording(case, RECORDING),
    ):
        with pytest.raises(InspectionUnknown):
            await attempt
    assert await theirs.to_forget_frames() == []
    assert await theirs.to_forget_recordings() == []


async def test_a_recording_is_vouched_for_by_its_chain(backend: Backend) -> None:
    """The last value of the chain follows from every chunk and their order; the record and the log carry it."""
    seller = await in_call(backend)
    case, inspections = seller.inspection_id, backend.inspections
    await recorded(backend, seller, b"one", b"two", b"three")
    backend.clock.advance(seconds=12)
    await inspections.enter_step(case, StepId("rear"), by=seller.actor)
    await inspections.start_recording(case, recording("mirror", "application/x-ndjson"), by=seller.actor)
    await inspections.add_chunk(case, chunk(0, b"{}", "mirror"), by=seller.actor)
    with pytest.raises(RecordingIncomplete) as refused:
        await inspections.finish_recording(case, RECORDING, {"video": 4, "mirror": 1}, by=seller.actor)
    assert refused.value.attributes["have"] == {"video": 3, "mirror": 1}
    with pytest.raises(RecordingIncomplete):
        await inspections.finish_recording(case, RECORDING, {"video": 3}, by=seller.actor)
    done = await inspections.finish_recording(case, RECORDING, {"video": 3, "mirror": 1}, by=seller.actor)
    again = await inspections.finish_recording(case, RECORDING, {"video": 3, "mirror": 1}, by=seller.actor)
    assert done == again

    chain = bytes(32)
    for data in (b"one", b"two", b"three"):
        chain = hashlib.sha256(chain + hashlib.sha256(data).digest()).digest()
    dossier = await backend.dossier(case)
    (found,) = dossier.recordings
    assert (found.device, found.end, found.by.kind) == ("seller", "finished", "seller")
    parts = {part.kind: part for part in found.parts}
    assert (parts["video"].chain_sha256, parts["video"].chunks, parts["video"].bytes_) == (chain.hex(), 3, 11)
    assert [(step.step_id, step.at_s) for step in found.steps] == [("front", 0.0), ("rear", 12.0)]
    (finished,) = [event for event in dossier.events if event.kind == "recording.finished"]
    assert finished.data["parts"]["video"]["chain_sha256"] == chain.hex()
    joined = await inspections.stored_recording(case, RECORDING, "video")
    assert b"".join([await backend.store.get(key) for key in joined.keys]) == b"onetwothree"
    with pytest.raises(RecordingEnded):
        await inspections.add_chunk(case, chunk(3, b"four"), by=seller.actor)


async def test_chunks_come_once_and_in_order(backend: Backend) -> None:
    """The same again is the same answer; a gap, other bytes, a wrong digest, too much or nothing is refused."""
    seller = await in_call(backend)
    case, add = seller.inspection_id, backend.inspections.add_chunk
    await recorded(backend, seller, b"one")
    first = await add(case, chunk(0, b"one"), by=seller.actor)
    assert first == await add(case, chunk(0, b"one"), by=seller.actor)
    with pytest.raises(ChunkGap) as gap:
        await add(case, chunk(2, b"three"), by=seller.actor)
    assert gap.value.attributes["expected"] == 1
    refusals: list[tuple[NewChunk, type[Exception]]] = [
        (chunk(0, b"other"), ChunkReused),
        (chunk(1, b"two", sha256="0" * 64), ChecksumMismatch),
        (chunk(1, b"two", sha256="nonsense"), UploadInvalid),
        (chunk(1, b""), UploadInvalid),
        (chunk(-1, b"x"), UploadInvalid),
        (chunk(1, bytes(CHUNK_MAX_BYTES + 1)), UploadTooLarge),
        (chunk(0, b"x", "mirror"), RecordingUnknown),
    ]
    for new, error in refusals:
        with pytest.raises(error):
            await add(case, new, by=seller.actor)
    with pytest.raises(RecordingUnknown):
        await add(case, chunk(1, b"two"), by=backend.operator.actor)
    assert len(stored(backend, "recordings")) == 1


async def test_a_recording_takes_the_consent_of_both_sides(backend: Backend) -> None:
    """The seller's in the record, the operator's as a command of this call; on their own device, by starting it."""
    seller = await in_call(backend, record=False)
    case, start, by = seller.inspection_id, backend.inspections.start_recording, seller.actor
    operator = backend.operator.actor
    with pytest.raises(RecordingNotAsked):
        await start(case, recording(), by=by)
    await command_record(backend, seller, on=True)
    await command_record(backend, seller, on=False)
    with pytest.raises(RecordingNotAsked):
        await start(case, recording(), by=by)
    await start(case, recording(recording_id=RecordingId("desk-recording")), by=operator)
    await command_record(backend, seller, on=True)
    with pytest.raises(RecordingIdReused):
        await start(case, recording(recording_id=RecordingId("desk-recording")), by=by)
    await start(case, recording(), by=by)
    await start(case, recording(), by=by)
    with pytest.raises(RecordingIdReused):
        await start(case, recording(media_type="video/mp4"), by=by)
    assert [r.device for r in await backend.inspections.recordings(case)] == ["operator", "seller"]
    started = [e for e in (await backend.dossier(case)).events if e.kind == "recording.started"]
    assert [e.data["device"] for e in started] == ["operator", "seller"]

    other = await in_call(backend)
    with pytest.raises(RecordingIdReused):
        await start(other.inspection_id, recording(), by=other.actor)
    await backend.inspections.give_consents(other.inspection_id, {"recording": False}, by=other.actor)
    with pytest.raises(ConsentMissing) as refused:
        await start(other.inspection_id, recording(recording_id=None), by=other.actor)
    assert refused.value.attributes["purpose"] == "recording"
    await backend.inspections.release(other.inspection_id, by=operator)
    with pytest.raises(ClaimNeeded):
        await start(other.inspection_id, recording(recording_id=None), by=operator)
    alone = await backend.joined()
    await backend.inspections.give_consents(
        alone.inspection_id, {"recording": True}, by=alone.actor, live_level="watch"
    )
    with pytest.raises(NoCall):
        await start(alone.inspection_id, recording(recording_id=None), by=alone.actor)


@pytest.mark.parametrize(
    "media_type", ["text/html", "video/webm\r\nX: y", "application/xhtml+xml", "image/svg+xml"]
)
async def test_only_recordings_are_recorded(backend: Backend, media_type: str) -> None:
    """What comes back under our own name is nothing a browser would run."""
    seller = await in_call(backend)
    for kind in ("video", "mirror"):
        with pytest.raises(UploadInvalid):
            await backend.inspections.start_recording(
                seller.inspection_id, recording(kind, media_type), by=seller.actor
            )
    with pytest.raises(UploadInvalid):
        await backend.inspections.start_recording(
            seller.inspection_id, recording(recording_id=RecordingId("../x")), by=seller.actor
        )


@pytest.mark.parametrize("withdrawn", [{"recording": False}, {"live_video": False}])
async def test_taking_the_consent_back_stops_a_recording_at_once(
    backend: Backend, withdrawn: dict[Any, bool]
) -> None:
    """Not one more chunk; what was sent before stands with its hash, and sending that again is answered as before."""
    seller = await in_call(backend)
    case = seller.inspection_id
    await recorded(backend, seller, b"one")
    await backend.inspections.give_consents(case, withdrawn, by=seller.actor)
    with pytest.raises(RecordingEnded) as refused:
        await backend.inspections.add_chunk(case, chunk(1, b"two"), by=seller.actor)
    assert refused.value.attributes["end"] == "consent-withdrawn"
    await backend.inspections.add_chunk(case, chunk(0, b"one"), by=seller.actor)
    with pytest.raises(RecordingEnded):
        await backend.inspections.finish_recording(case, RECORDING, {"video": 1}, by=seller.actor)
    dossier = await backend.dossier(case)
    assert dossier.recordings[0].end == "consent-withdrawn"
    (stopped,) = [event for event in dossier.events if event.kind == "recording.stopped"]
    assert stopped.data["parts"]["video"]["chunks"] == 1
    assert len(stored(backend, "recordings")) == 1


async def test_recordings_have_a_quota(backend: Backend) -> None:
    """One inspection's recordings never grow beyond it; a refused chunk leaves nothing behind."""
    small = Inspections(
        backend.database,
        backend.store,
        backend.clock,
        backend.bus,
        shelf=backend.shelf,
        uploads=UploadSettings(),
        scope=backend.inspections._scope,
        media=MediaSettings(recording_max_bytes=1024),
    )
    seller = await in_call(backend)
    await recorded(backend, seller, bytes(1000))
    with pytest.raises(QuotaExceeded) as refused:
        await small.of(seller.tenant_id).add_chunk(seller.inspection_id, chunk(1, bytes(25)), by=seller.actor)
    assert refused.value.attributes["quota"] == "recording_bytes"
    await small.add_chunk(seller.inspection_id, chunk(1, bytes(24)), by=seller.actor)
    assert len(stored(backend, "recordings")) == 2


async def test_a_recording_left_open_ends_and_its_bytes_go_in_time(backend: Backend) -> None:
    """A day without a chunk ends it; thirty days later the bytes are gone and every hash is still there."""
    seller = await in_call(backend)
    case = seller.inspection_id
    await recorded(backend, seller, b"one", b"two")
    before = (await backend.dossier(case)).recordings[0].parts
    backend.clock.advance(hours=24, seconds=1)
    assert (await backend.reconciler.run_once()).forgotten == 1
    assert (await backend.dossier(case)).recordings[0].end == "abandoned"
    backend.clock.advance(days=29)
    assert (await backend.reconciler.run_once()).forgotten == 0
    await backend.inspections.cancel(case, by=backend.platform.actor)
    backend.clock.advance(days=1, seconds=1)
    assert (await backend.reconciler.run_once()).forgotten == 1
    assert stored(backend, "recordings") == []
    dossier = await backend.dossier(case)
    assert dossier.recordings[0].parts == before
    assert dossier.recordings[0].deleted_at == backend.clock.now()
    assert dossier.events[-1].kind == "recording.deleted"
    assert dossier.events[-1].data["parts"]["video"]["chain_sha256"] == before[0].chain_sha256
    with pytest.raises(RecordingUnknown):
        await backend.inspections.stored_recording(case, RECORDING, "video")
    assert (await backend.reconciler.run_once()).forgotten == 0


async def test_signing_off_closes_the_recordings(backend: Backend) -> None:
    """The report quotes a hash that no later chunk can change, and the length of a call that has ended."""
    seller = await in_call(backend)
    case, operator, inspections = seller.inspection_id, backend.operator.actor, backend.inspections
    await recorded(backend, seller, b"one")
    frame = await freeze(backend, seller)
    await backend.complete(seller)
    shown = views.review_sha256(await backend.dossier(case))
    mark = SellerMark("Sophie", "M 1 1 L 2 2 L 3 3", shown, "email")
    await inspections.sign_as_seller(case, mark, by=seller.actor)
    await inspections.sign_off(case, by=operator)
    dossier = await backend.dossier(case)
    assert dossier.recordings[0].end == "signed-off"
    assert (dossier.events[-1].kind, dossier.events[-1].data["reason"]) == ("call.ended", "closed")
    with pytest.raises(RecordingEnded):
        await inspections.add_chunk(case, chunk(1, b"two"), by=seller.actor)
    assert (await backend.reconciler.run_once()).sealed == 1
    refused: list[Any] = [
        inspections.keep_frame(case, frame.id, Drawing(), by=operator),
        freeze(backend, seller),
        inspections.start_recording(case, recording(recording_id=None), by=seller.actor),
        inspections.say(case, seller.actor, "x"),
        inspections.ask_help(case, by=seller.actor),
        inspections.withdraw_help(case, by=seller.actor),
        inspections.hand_over(case, OperatorId(operator.id), by=operator),
        inspections.claim(case, by=operator, force=True),
        inspections.give_consents(case, {}, by=seller.actor, live_level="off"),
    ]
    for attempt in refused:
        with pytest.raises(Closed):
            await attempt


async def test_unknown_ids_are_unknown(backend: Backend) -> None:
    """Asked of the right inspection, and still not there."""
    seller = await in_call(backend)
    case = seller.inspection_id
    with pytest.raises(FrameUnknown):
        await backend.inspections.frame(case, FrameId("frm_none"))
    for kind in ("video", "mirror"):
        with pytest.raises(RecordingUnknown):
            await backend.inspections.stored_recording(case, RecordingId("rec_none"), kind)
    with pytest.raises(InspectionUnknown):
        await backend.inspections.recordings(InspectionId("ins_none"))
