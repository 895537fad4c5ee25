"""What is held about a person, having it erased, and holding it back from erasure."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Final

from fastapi import APIRouter, Depends
from starlette.responses import Response, StreamingResponse

from inspection_service.api.dependencies import ByPrivacyManager, MayDo, Opened, note_platform
from inspection_service.api.dto.proof import ErasureInput, ErasureView, HoldInput, HoldView
from inspection_service.api.operator import OnCase
from inspection_service.api.present.proof import correction_view, hold_view
from inspection_service.api.problems import problems
from inspection_service.inspections.errors import RecordingUnknown, TextInvalid
from inspection_service.inspections.filming import Stored
from inspection_service.inspections.records import Actor, Dossier, InspectionId, RecordingKind
from inspection_service.inspections.service import Inspections
from inspection_service.privacy.export import Held, personal_data, recording_file
from inspection_service.reports.bundle import ZipWriter
from inspection_service.storage.errors import ObjectMissing
from inspection_service.storage.objects import ObjectStore

router = APIRouter()
_PLATFORM: Final = "/v1/inspections/{inspection_id}"
_OPERATOR: Final = "/v1/operator/inspections/{inspection_id}"
_WRITE: Final = problems(401, 403, 404, 409, 422, 503)
_ZIP: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {"application/zip": {}},
        "description": "`data.json` with everything in plain JSON; photos, frames and recordings as they came.",
    }
}


@router.get(
    _PLATFORM + "/personal-data",
    tags=["platform"],
    response_class=Response,
    responses=problems(401, 404, 503) | _ZIP,
)
async def export_personal_data(inspection_id: str, door: ByPrivacyManager, services: Opened) -> Response:
    """Fetch everything that is held about the people of an inspection, to hand to the person it is about.

    Recordings of calls are in it, byte for byte, as long as they are kept.
    """
    case = InspectionId(inspection_id)
    scoped = door.inspections
    dossier = await scoped.dossier(case)
    held = Held(
        photos=tuple(c for c in dossier.captures if c.id not in dossier.erased_photos),
        frames=tuple(f for f in await scoped.frames(case) if f.deleted_at is None),
        recordings=await _recordings(scoped, dossier),
    )
    data = personal_data(
        dossier,
        messages=await scoped.messages(case),
        help_numbers=await scoped.help_numbers(case),
        in_report=await services.proof.personal.values(case),
        files=held.names(),
        at=services.clock.now(),
    )
    written = json.dumps(data, ensure_ascii=False, indent=1).encode()
    await note_platform(services, door, "export", case)
    headers = {
        "Content-Disposition": f'attachment; filename="personal-data-{case}.zip"',
        "Cache-Control": "no-store",
        "Content-Encoding": "identity",
    }
    pieces = _pieces(services.store, written, held)
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)


@router.post(_PLATFORM + "/erasure", tags=["platform"], responses=_WRITE)
async def erase(
    inspection_id: str, door: ByPrivacyManager, services: Opened, body: ErasureInput | None = None
) -> ErasureView:
    """Erase what a seller may have erased: contact, plate, VIN, names, marks, words, recordings, on request the photos.

    The sealed record stays verifiable; a document without those values is issued in place of the first, as a
    redaction. Pictures may show a plate or a face: with `photos` they go too. Repeating it is fine.
    """
    entry = await services.proof.erasing.erase(
        door.inspections,
        InspectionId(inspection_id),
        photos=body is not None and body.photos,
        by=door.platform.actor,
    )
    await note_platform(services, door, "erasure", InspectionId(inspection_id))
    return ErasureView(correction=None if entry is None else correction_view(entry))


@router.get(_PLATFORM + "/legal-hold", tags=["platform"], responses=problems(401, 404, 503))
async def get_hold(inspection_id: str, door: ByPrivacyManager) -> HoldView:
    """Say whether everything of an inspection is held back from erasure."""
    return hold_view((await door.inspections.summary(InspectionId(inspection_id))).legal_hold)


@router.put(_PLATFORM + "/legal-hold", tags=["platform"], responses=_WRITE)
async def set_hold(inspection_id: str, body: HoldInput, door: ByPrivacyManager) -> HoldView:
    """Hold everything of an inspection back from erasure and from the clocks of keeping, or lift the hold."""
    return await _hold(door.inspections, InspectionId(inspection_id), body, by=door.platform.actor)


@router.put(
    _OPERATOR + "/legal-hold",
    tags=["operator"],
    dependencies=[Depends(MayDo("hold"))],
    responses=_WRITE,
)
async def set_hold_as_supervisor(body: HoldInput, case: OnCase) -> HoldView:
    """Place or lift a hold; for supervisors."""
    return await _hold(case.inspections, case.id, body, by=case.by)


async def _hold(scoped: Inspections, case: InspectionId, body: HoldInput, *, by: Actor) -> HoldView:
    if not body.is_held:
        await scoped.lift_hold(case, by=by)
        return hold_view(None)
    if body.reason is None:
        raise TextInvalid("Say why it must be kept.", field="reason", at_most=500)
    return hold_view(await scoped.place_hold(case, body.reason, by=by))


async def _recordings(scoped: Inspections, dossier: Dossier) -> tuple[tuple[RecordingKind, Stored], ...]:
    found: list[tuple[RecordingKind, Stored]] = []
    for recording in dossier.recordings:
        for part in recording.parts:
            with suppress(RecordingUnknown):  # its bytes have gone
                stored = await scoped.stored_recording(dossier.inspection.id, recording.id, part.kind)
                found.append((part.kind, stored))
    return tuple(found)


async def _pieces(store: ObjectStore, data: bytes, held: Held) -> AsyncIterator[bytes]:
    """Write the archive; what is erased while it is being written is left out from there on."""
    archive = ZipWriter()
    yield archive.add("data.json", data)
    for name, key in held.pictures():
        with suppress(ObjectMissing):
            yield archive.add(name, await store.get(key))
    for kind, stored in held.recordings:
        async for piece in archive.stream(recording_file(kind, stored), _chunks(store, stored)):
            yield piece
    yield archive.close()


async def _chunks(store: ObjectStore, stored: Stored) -> AsyncIterator[bytes]:
    with suppress(ObjectMissing):
        for key in stored.keys:
            yield await store.get(key)
