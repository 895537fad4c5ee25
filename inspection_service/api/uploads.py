"""The door for photos: resumable uploads that survive dead networks and closed pages.

Every piece is safe before it is acknowledged; the last one is answered when the whole photo is hashed and stored.

Source: tus 1.0.0 (core, creation, checksum, expiration, termination).
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from inspection_service.api import tus
from inspection_service.api.dependencies import BySeller, Opened, SellerDoor
from inspection_service.api.errors import UploadTypeInvalid
from inspection_service.api.problems import problems
from inspection_service.inspections.errors import ChecksumMismatch, UploadTooLarge
from inspection_service.inspections.records import CaptureId, StepId
from inspection_service.inspections.requests import NewUpload, Upload

router = APIRouter(prefix="/v1/uploads", tags=["uploads"])
_PIECE_BYTES: Final = 1024 * 1024
"""About eight seconds of a poor 4G uplink: what a dead network may cost at most."""
_TUS: Final = {"Tus-Resumable": tus.VERSION, "Cache-Control": "no-store"}
_VERSION_PARAMETER: Final = {
    "name": "Tus-Resumable",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "enum": [tus.VERSION]},
}


def _header(name: str, text: str, *, kind: str = "string", required: bool = True) -> dict[str, object]:
    return {"name": name, "in": "header", "required": required, "description": text, "schema": {"type": kind}}


@router.options("", status_code=204, response_class=Response)
async def describe(services: Opened) -> Response:
    """Say which parts of the protocol are spoken."""
    return Response(
        status_code=204,
        headers=_TUS
        | {
            "Tus-Version": tus.VERSION,
            "Tus-Extension": tus.EXTENSIONS,
            "Tus-Max-Size": str(services.settings.uploads.max_bytes),
            "Tus-Checksum-Algorithm": tus.CHECKSUMS,
        },
    )


@router.post(
    "",
    status_code=201,
    response_class=Response,
    responses=problems(400, 401, 403, 404, 409, 412, 413, 422, 503, 507),
    openapi_extra={
        "parameters": [
            _VERSION_PARAMETER,
            _header("Upload-Length", "Size of the photo in bytes.", kind="integer"),
            _header(
                "Upload-Metadata",
                "`capture_id` (made by the page, the same again continues), `step_id` (absent for declared damage), "
                "`sha256` (hexadecimal), `media_type`, `method`, `taken_at`; each value in base64.",
            ),
        ]
    },
)
async def create(request: Request, door: BySeller, services: Opened) -> Response:
    """Announce a photo. Announcing the same `capture_id` again answers with the same address, to go on there.

    More than one inspection may send is refused with 409 `quota-exceeded`; its `quota` (`open_uploads`, `captures`,
    `bytes`) and `limit` say what was reached.
    """
    tus.require_version(request.headers)
    told = tus.announcement(request.headers)
    new = NewUpload(
        capture_id=CaptureId(told.capture_id),
        step_id=None if told.step_id is None else StepId(told.step_id),
        length_bytes=told.length_bytes,
        sha256=told.sha256,
        media_type=told.media_type,
        method=told.method,
        taken_at=told.taken_at,
    )
    if new.length_bytes > services.settings.uploads.max_bytes:
        raise UploadTooLarge(limit_bytes=services.settings.uploads.max_bytes)
    upload = await door.inspections.create_upload(door.inspection_id, new, by=door.seller.actor)
    services.metrics.uploads.labels("announced").inc()
    return Response(status_code=201, headers={"Location": f"/v1/uploads/{upload.id}"} | _where(upload))


@router.head(
    "/{upload_id}",
    response_class=Response,
    responses=problems(401, 404, 412, 503),
    openapi_extra={"parameters": [_VERSION_PARAMETER]},
)
async def where(upload_id: str, request: Request, door: BySeller) -> Response:
    """Say how much has arrived, to go on from there."""
    tus.require_version(request.headers)
    upload = await door.inspections.upload(door.inspection_id, upload_id)
    return Response(status_code=200, headers={"Upload-Length": str(upload.length_bytes)} | _where(upload))


@router.patch(
    "/{upload_id}",
    status_code=204,
    response_class=Response,
    responses=problems(400, 401, 403, 404, 409, 412, 413, 415, 422, 460, 503, 507),
    openapi_extra={
        "parameters": [
            _VERSION_PARAMETER,
            _header("Upload-Offset", "Where this piece begins.", kind="integer"),
            _header("Upload-Checksum", "`sha256` and the digest of this piece in base64.", required=False),
        ],
        "requestBody": {
            "required": True,
            "content": {tus.PATCH_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        },
    },
)
async def append(upload_id: str, request: Request, door: BySeller, services: Opened) -> Response:
    """Send a piece. After the last one the photo is `received`; the judgement follows as an event.

    An upload in far too many pieces is refused with 409 `quota-exceeded`, its `quota` being `pieces`.
    """
    tus.require_version(request.headers)
    if request.headers.get("content-type", "").partition(";")[0].strip() != tus.PATCH_TYPE:
        raise UploadTypeInvalid
    offset_bytes = tus.natural(request.headers, "Upload-Offset")
    digest = tus.checksum(request.headers)
    pieces = _Pieces(
        door, upload_id, offset_bytes, None if digest is None else services.settings.uploads.max_bytes
    )
    try:
        async for chunk in request.stream():
            await pieces.add(chunk)
    except ClientDisconnect:
        services.metrics.uploads.labels("interrupted").inc()
        # The phone went away in the middle: without a digest to check, what arrived is kept and HEAD tells so.
        if digest is None:
            await pieces.flush()
        raise
    try:
        upload = await pieces.flush(digest)
    except ChecksumMismatch:
        services.metrics.uploads.labels("damaged").inc()
        raise
    if upload.is_finished:
        services.metrics.uploads.labels("finished").inc()
    return Response(status_code=204, headers=_where(upload))


@router.delete(
    "/{upload_id}",
    status_code=204,
    response_class=Response,
    responses=problems(401, 403, 404, 412, 503),
    openapi_extra={"parameters": [_VERSION_PARAMETER]},
)
async def drop(upload_id: str, request: Request, door: BySeller) -> Response:
    """Give an upload up; a photo that is complete stays."""
    tus.require_version(request.headers)
    await door.inspections.drop(door.inspection_id, upload_id)
    return Response(status_code=204, headers=_TUS)


def _where(upload: Upload) -> dict[str, str]:
    headers = _TUS | {"Upload-Offset": str(upload.offset_bytes)}
    if not upload.is_finished:
        headers["Upload-Expires"] = tus.expires(upload.expires_at)
    return headers


class _Pieces:
    """Stores a body as it arrives, so that a dead network costs at most the last piece."""

    def __init__(self, door: SellerDoor, upload_id: str, offset_bytes: int, buffer_bytes: int | None) -> None:
        """Begin a body.

        Args:
            door: Whose upload it is.
            upload_id: Which.
            offset_bytes: Where the body begins.
            buffer_bytes: Hold so much at most and store nothing before the end, as a digest of the whole body asks for.
        """
        self._door = door
        self._upload_id = upload_id
        self._offset_bytes = offset_bytes
        self._buffer_bytes = buffer_bytes
        self._piece = bytearray()

    async def add(self, chunk: bytes) -> None:
        """Take what arrived."""
        self._piece += chunk
        if self._buffer_bytes is not None:
            if len(self._piece) > self._buffer_bytes:
                raise UploadTooLarge(limit_bytes=self._buffer_bytes)
        elif len(self._piece) >= _PIECE_BYTES:
            await self.flush()

    async def flush(self, digest: bytes | None = None) -> Upload:
        """Store what is held."""
        piece, self._piece = bytes(self._piece), bytearray()
        upload = await self._door.inspections.append(
            self._door.inspection_id, self._upload_id, self._offset_bytes, piece, sha256=digest
        )
        self._offset_bytes += len(piece)
        return upload
