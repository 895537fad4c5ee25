"""Frozen pictures of a call: the phone sends them, both sides look at them, an operator keeps them as evidence."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from inspection_service.api.answers import PHOTO_CONTENT
from inspection_service.api.bodies import body_of, read_bytes
from inspection_service.api.dependencies import BySeller, Opened
from inspection_service.api.dto.live import AnnotationView, FrameTaken, KeepInput
from inspection_service.api.errors import UploadTypeInvalid
from inspection_service.api.operator import OnCase
from inspection_service.api.present.live import annotation_view
from inspection_service.api.problems import problems
from inspection_service.api.services import Services
from inspection_service.inspections.records import FrameId, InspectionId, Stroke
from inspection_service.inspections.requests import Drawing, NewFrame
from inspection_service.inspections.service import Inspections

router = APIRouter()
_FRAME: Final = "/v1/operator/inspections/{inspection_id}/frames/{frame_id}"
_MAX_BYTES: Final = 12 * 1024 * 1024
_TYPES: Final = ("image/jpeg", "image/png")


@router.post(
    "/v1/seller/frames",
    status_code=201,
    tags=["seller"],
    responses=problems(401, 403, 409, 413, 415, 422, 503, 507),
    openapi_extra=body_of(*_TYPES),
)
async def send_frame(request: Request, door: BySeller, services: Opened) -> FrameTaken:
    """Send the picture an operator froze, at full resolution; at most 30 an hour, within a call, at level `point`."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _TYPES:
        raise UploadTypeInvalid("A frozen picture is image/jpeg or image/png.")
    await door.inspections.may_freeze(door.inspection_id, by=door.seller.actor)
    data = await read_bytes(request, _MAX_BYTES)
    width, height = await services.photos.measure(data)
    frame = await door.inspections.freeze(
        door.inspection_id, NewFrame(data, media_type, width, height), by=door.seller.actor
    )
    return FrameTaken(frame_id=frame.id, width=frame.width, height=frame.height)


@router.get(
    "/v1/seller/frames/{frame_id}",
    tags=["seller"],
    response_class=Response,
    responses=problems(401, 404, 503) | PHOTO_CONTENT,
)
async def get_own_frame(frame_id: str, door: BySeller, services: Opened, request: Request) -> Response:
    """Fetch a picture frozen in one's own call, upright and without metadata."""
    return await _picture(request, services, door.inspections, door.inspection_id, frame_id)


@router.get(
    _FRAME, tags=["operator"], response_class=Response, responses=problems(401, 404, 503) | PHOTO_CONTENT
)
async def get_frame(frame_id: str, case: OnCase, request: Request) -> Response:
    """Fetch a frozen picture, upright and without metadata."""
    picture = await _picture(request, case.services, case.inspections, case.id, frame_id)
    await case.note("frame", frame=frame_id)
    return picture


@router.post(
    f"{_FRAME}/keep", status_code=201, tags=["operator"], responses=problems(401, 403, 404, 409, 422, 503)
)
async def keep_frame(frame_id: str, body: KeepInput, case: OnCase) -> AnnotationView:
    """Keep a frozen picture as evidence, with what was drawn on it; a named damage becomes a finding."""
    drawing = Drawing(
        strokes=tuple(Stroke(tuple(stroke.points), stroke.width) for stroke in body.strokes),
        text=body.text,
        finding_kind=body.finding.kind if body.finding else None,
        severity=body.finding.severity if body.finding else None,
    )
    kept = await case.inspections.keep_frame(case.id, FrameId(frame_id), drawing, by=case.by)
    return annotation_view(kept)


async def _picture(
    request: Request, services: Services, scoped: Inspections, case: InspectionId, frame_id: str
) -> Response:
    frame = await scoped.frame(case, FrameId(frame_id))
    etag = f'"{frame.sha256}-frame"'
    headers = {"ETag": etag, "Cache-Control": "private, max-age=3600"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(await services.photos.get(frame, "full"), media_type="image/jpeg", headers=headers)
