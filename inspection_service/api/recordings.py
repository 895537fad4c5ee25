"""Recordings of a call: chunks in, by either device; joined bytes out, for operators and the platform.

Source: RFC 9110 section 14 (one byte range, so that a player may seek).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Path
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from inspection_service.api.bodies import body_of, read_bytes
from inspection_service.api.dependencies import ByPhotoReader, ByReader, BySeller, Opened, note_platform
from inspection_service.api.dto.live import (
    ChunkTaken,
    FinishInput,
    RecordingInput,
    RecordingList,
    RecordingStarted,
    RecordingView,
)
from inspection_service.api.errors import RangeUnsatisfiable
from inspection_service.api.operator import OnCase
from inspection_service.api.present.live import recording_view
from inspection_service.api.problems import problems
from inspection_service.inspections.filming import CHUNK_MAX_BYTES, NewChunk, Stored
from inspection_service.inspections.records import InspectionId, RecordingId, RecordingKind
from inspection_service.inspections.requests import NewRecording
from inspection_service.storage.objects import ObjectStore

router = APIRouter()
_SELLER: Final = "/v1/seller/recordings"
_OPERATOR: Final = "/v1/operator/inspections/{inspection_id}/recordings"
_PLATFORM: Final = "/v1/inspections/{inspection_id}/recordings"
_ONE: Final = "/{recording_id}"
_CHUNK: Final = "/{recording_id}/{kind}/chunks/{n}"
_BYTES: Final = "/{recording_id}/{kind}"
_START = problems(401, 403, 404, 409, 422, 503)
_PUT = problems(401, 403, 404, 409, 413, 422, 460, 503, 507)
_GET: Final[dict[int | str, dict[str, Any]]] = problems(401, 404, 416, 422, 503) | {
    200: {"content": {"application/octet-stream": {}}, "description": "All chunks, joined in order."},
    206: {"content": {"application/octet-stream": {}}, "description": "The range that was asked for."},
}
_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
Digest = Annotated[
    str,
    Header(
        alias="Digest-SHA256",
        pattern=r"^[0-9a-f]{64}$",
        description="SHA-256 of this chunk, in lower-case hexadecimal.",
    ),
]
Number = Annotated[int, Path(ge=0, le=1_000_000, description="From 0, without gaps.")]
Id = Annotated[str, Path(max_length=64)]


@router.post(_SELLER, status_code=201, tags=["seller"], responses=_START)
async def start(body: RecordingInput, door: BySeller) -> RecordingStarted:
    """Begin to record on the phone, or add a kind; an operator must have asked for it in this call."""
    recording = await door.inspections.start_recording(door.inspection_id, _new(body), by=door.seller.actor)
    return RecordingStarted(recording_id=recording.id)


@router.put(
    f"{_SELLER}{_CHUNK}",
    tags=["seller"],
    responses=_PUT,
    openapi_extra=body_of("application/octet-stream"),
)
async def put_chunk(
    *, recording_id: Id, kind: RecordingKind, n: Number, digest: Digest, request: Request, door: BySeller
) -> ChunkTaken:
    """Send the next chunk, at most 4 MiB; sending it again gives the same answer."""
    data = await read_bytes(request, CHUNK_MAX_BYTES)
    new = NewChunk(RecordingId(recording_id), kind, n, data, digest)
    chunk = await door.inspections.add_chunk(door.inspection_id, new, by=door.seller.actor)
    return ChunkTaken(n=chunk.n, chain=chunk.chain_sha256)


@router.post(f"{_SELLER}{_ONE}/finish", tags=["seller"], responses=_START)
async def finish(recording_id: Id, body: FinishInput, door: BySeller) -> RecordingView:
    """Say that everything was sent; `recording-incomplete` says what is missing."""
    recording = await door.inspections.finish_recording(
        door.inspection_id, RecordingId(recording_id), body.chunks, by=door.seller.actor
    )
    return recording_view(recording)


@router.post(_OPERATOR, status_code=201, tags=["operator"], responses=_START)
async def start_at_desk(body: RecordingInput, case: OnCase) -> RecordingStarted:
    """Begin to record on the operator's own device; the seller must have agreed to recordings."""
    recording = await case.inspections.start_recording(case.id, _new(body), by=case.by)
    return RecordingStarted(recording_id=recording.id)


@router.put(
    f"{_OPERATOR}{_CHUNK}",
    tags=["operator"],
    responses=_PUT,
    openapi_extra=body_of("application/octet-stream"),
)
async def put_chunk_at_desk(
    *, recording_id: Id, kind: RecordingKind, n: Number, digest: Digest, request: Request, case: OnCase
) -> ChunkTaken:
    """Send the next chunk of what the operator's device records."""
    data = await read_bytes(request, CHUNK_MAX_BYTES)
    new = NewChunk(RecordingId(recording_id), kind, n, data, digest)
    chunk = await case.inspections.add_chunk(case.id, new, by=case.by)
    return ChunkTaken(n=chunk.n, chain=chunk.chain_sha256)


@router.post(f"{_OPERATOR}{_ONE}/finish", tags=["operator"], responses=_START)
async def finish_at_desk(recording_id: Id, body: FinishInput, case: OnCase) -> RecordingView:
    """Say that everything was sent."""
    recording = await case.inspections.finish_recording(
        case.id, RecordingId(recording_id), body.chunks, by=case.by
    )
    return recording_view(recording)


@router.get(f"{_OPERATOR}{_BYTES}", tags=["operator"], response_class=Response, responses=_GET)
async def get_bytes(recording_id: Id, kind: RecordingKind, case: OnCase, request: Request) -> Response:
    """Fetch what was recorded, joined; one range may be asked for."""
    stored = await case.inspections.stored_recording(case.id, RecordingId(recording_id), kind)
    await case.note("recording", recording=recording_id, kind=kind)
    return _joined(case.services.store, stored, kind, request.headers.get("range"))


@router.get(_PLATFORM, tags=["platform"], responses=problems(401, 404, 503))
async def list_recordings(inspection_id: str, door: ByReader) -> RecordingList:
    """List what was recorded; after the retention time only the hashes are left."""
    found = await door.inspections.recordings(InspectionId(inspection_id))
    return RecordingList(items=[recording_view(recording) for recording in found])


@router.get(f"{_PLATFORM}{_BYTES}", tags=["platform"], response_class=Response, responses=_GET)
async def get_platform_bytes(
    *,
    inspection_id: str,
    recording_id: Id,
    kind: RecordingKind,
    door: ByPhotoReader,
    services: Opened,
    request: Request,
) -> Response:
    """Fetch what was recorded, joined; one range may be asked for."""
    stored = await door.inspections.stored_recording(
        InspectionId(inspection_id), RecordingId(recording_id), kind
    )
    await note_platform(
        services, door, "recording", InspectionId(inspection_id), recording=recording_id, kind=kind
    )
    return _joined(services.store, stored, kind, request.headers.get("range"))


def _new(body: RecordingInput) -> NewRecording:
    return NewRecording(
        kind=body.kind,
        media_type=body.media_type,
        device_started_at=body.started_at,
        recording_id=None if body.recording_id is None else RecordingId(body.recording_id),
    )


def _joined(store: ObjectStore, stored: Stored, kind: RecordingKind, asked: str | None) -> Response:
    """Stream the chunks one after the other: never more than one of them is in memory."""
    total = sum(chunk.size_bytes for chunk in stored.chunks)
    begin, end = _range(asked, total)
    if asked is not None and begin >= end:
        raise RangeUnsatisfiable(total_bytes=total)
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        # A recording is compressed already, and a range is counted in its own bytes.
        "Content-Encoding": "identity",
        "Content-Disposition": f'inline; filename="{stored.recording.id}-{kind}"',
    }
    is_part = (begin, end) != (0, total)
    headers["Content-Length"] = str(end - begin)
    if is_part:
        headers["Content-Range"] = f"bytes {begin}-{end - 1}/{total}"
    return StreamingResponse(
        _pieces(store, stored, begin, end),
        status_code=206 if is_part else 200,
        media_type=stored.media_type,
        headers=headers,
    )


async def _pieces(store: ObjectStore, stored: Stored, begin: int, end: int) -> AsyncIterator[bytes]:
    at = 0
    for chunk, key in zip(stored.chunks, stored.keys, strict=True):
        first, last = max(begin, at), min(end, at + chunk.size_bytes)
        if first < last:
            yield (await store.get(key))[first - at : last - at]
        at += chunk.size_bytes


def _range(asked: str | None, total: int) -> tuple[int, int]:
    """Return where to begin and end; all of it when no range, or one we do not know, is asked for."""
    found = _RANGE.fullmatch(asked or "")
    if found is None or found.groups() == ("", ""):
        return 0, total
    first, last = found.groups()
    if not first:
        return max(0, total - int(last)), total
    return int(first), min(total, int(last) + 1) if last else total
