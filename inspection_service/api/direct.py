"""A platform sends photos itself: announced here, put where the answer says, completed here.

On S3 the address is the store's own, so the bytes do not pass through the service; with a folder it is the service's,
under a ticket. Either takes exactly the announced bytes.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from inspection_service.api.bodies import body_of, read_bytes
from inspection_service.api.dependencies import ByWriter, Opened
from inspection_service.api.dto.common import CaptureView
from inspection_service.api.dto.direct import DirectUploadInput, DirectUploadView
from inspection_service.api.present.platform import photos_url
from inspection_service.api.present.steps import capture_view
from inspection_service.api.problems import problems
from inspection_service.api.services import Services
from inspection_service.clock import new_id
from inspection_service.identity.tickets import UploadTicket
from inspection_service.inspections.errors import BytesDiffer, UploadUnknown
from inspection_service.inspections.photographing import BY_PLATFORM, direct_key
from inspection_service.inspections.records import CaptureId, InspectionId, StepId
from inspection_service.inspections.requests import NewUpload, Upload
from inspection_service.storage.objects import TakesDirectly

router = APIRouter(tags=["platform"])
VALID_S: Final = 3600
"""Seconds for which an address takes the bytes."""
_CASE: Final = "/v1/inspections/{inspection_id}/uploads"


@router.post(_CASE, status_code=201, responses=problems(401, 403, 404, 409, 413, 422, 503))
async def announce_photo(
    inspection_id: str, body: DirectUploadInput, door: ByWriter, services: Opened
) -> DirectUploadView:
    """Announce a photo that you send yourself; the same `capture_id` again goes on with the same upload.

    Put exactly these bytes at `url` with `headers` within the hour, then complete the upload. The photo is judged like
    any other; the report says that it came from you. Photos that the seller sends go through their own page instead.
    """
    new = NewUpload(
        capture_id=CaptureId(body.capture_id or new_id("cap")),
        step_id=None if body.step_id is None else StepId(body.step_id),
        length_bytes=body.length_bytes,
        sha256=body.sha256,
        media_type=body.media_type,
        method=BY_PLATFORM,
        taken_at=body.taken_at,
    )
    upload = await door.inspections.create_upload(
        InspectionId(inspection_id), new, by=door.platform.actor, platform_consent=body.seller_consents
    )
    services.metrics.uploads.labels("announced").inc()
    return await _where(services, upload)


@router.post(_CASE + "/{upload_id}/complete", responses=problems(401, 403, 404, 409, 422, 503, 507))
async def complete_photo(inspection_id: str, upload_id: str, door: ByWriter, services: Opened) -> CaptureView:
    """Say that the bytes are there: they are hashed and become a capture, judged soon. Repeating it is fine."""
    case = InspectionId(inspection_id)
    upload = await door.inspections.finish_direct(case, upload_id)
    services.metrics.uploads.labels("finished").inc()
    dossier = await door.inspections.summary(case)
    capture = next(each for each in dossier.captures if each.id == upload.capture_id)
    return capture_view(dossier, capture, dossier.inspection.language, photos_url(case))


@router.put(
    "/v1/direct-uploads/{ticket}",
    status_code=204,
    response_class=Response,
    responses=problems(403, 404, 413, 422, 503, 507),
    openapi_extra=body_of("image/jpeg", "image/png", "image/webp", "image/heic", "application/octet-stream"),
)
async def put_photo(ticket: str, request: Request, services: Opened) -> Response:
    """Take the bytes of one announced photo; the ticket in the address is the right to send them, no key is needed."""
    right = services.identity.read_ticket(ticket)
    upload = await services.inspections.of(right.tenant_id).upload(right.inspection_id, right.upload_id)
    if upload.is_finished:
        raise UploadUnknown
    data = await read_bytes(request, upload.length_bytes)
    if len(data) != upload.length_bytes or hashlib.sha256(data).hexdigest() != upload.sha256:
        raise BytesDiffer
    await services.store.put(direct_key(upload.id), data)
    return Response(status_code=204)


async def _where(services: Services, upload: Upload) -> DirectUploadView:
    expires_at = services.clock.now() + timedelta(seconds=VALID_S)
    url, headers = None, {}
    if not upload.is_finished:
        if isinstance(services.store, TakesDirectly):
            assert upload.sha256 is not None  # a platform always announces it
            put = await services.store.direct_put(
                direct_key(upload.id),
                size_bytes=upload.length_bytes,
                sha256=upload.sha256,
                media_type=upload.media_type,
                valid_s=VALID_S,
            )
            url, headers = put.url, dict(put.headers)
        else:
            ticket = UploadTicket(upload.tenant_id, upload.inspection_id, upload.id, expires_at)
            url = f"{services.settings.base_url}/v1/direct-uploads/{services.identity.write_ticket(ticket)}"
            headers = {"Content-Type": upload.media_type}
    return DirectUploadView(
        id=upload.id,
        capture_id=upload.capture_id,
        is_complete=upload.is_finished,
        method="PUT",
        url=url,
        headers=headers,
        expires_at=expires_at,
    )
