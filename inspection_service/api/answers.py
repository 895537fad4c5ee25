"""Answers that are not JSON: photos, reports, and the hash that lets a client skip what it has."""

from __future__ import annotations

from typing import Any, Final, Literal

from starlette.requests import Request
from starlette.responses import Response

from inspection_service.api.photos import Size
from inspection_service.api.services import Services
from inspection_service.inspections.errors import ReportUnknown
from inspection_service.inspections.records import CaptureId, InspectionId
from inspection_service.inspections.service import Inspections
from inspection_service.storage.errors import ObjectMissing

ReportKind = Literal["json", "jws", "pdf"]
_REPORT_TYPES: Final[dict[ReportKind, str]] = {
    "json": "application/json",
    "jws": "application/jose",
    "pdf": "application/pdf",
}
CREDENTIALS_HEADER: Final = "Content-Credentials-Status"
"""``present``, or why a photo has none: ``certificate_unsuitable``, ``certificate_not_valid``, ``signing_failed``."""
PHOTO_CONTENT: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"image/jpeg": {}}, "description": "JPEG without metadata."}
}


def report_content(kind: ReportKind) -> dict[int | str, dict[str, Any]]:
    """Declare what a report route answers with, for ``responses=``."""
    return {200: {"content": {_REPORT_TYPES[kind]: {}}, "description": f"The sealed report, {kind}."}}


async def photo(
    *,
    request: Request,
    services: Services,
    scoped: Inspections,
    case: InspectionId,
    capture_id: str,
    size: Size,
    with_credentials: bool = False,
) -> Response:
    """Answer with a copy of a photo without metadata; a photo never changes, so the browser may keep it.

    Whoever takes photos elsewhere gets them at full size with Content Credentials, or a header that says why not.

    Raises:
        CaptureUnknown, InspectionUnknown: Not for this caller.
        UnusableImage: The bytes cannot be shown.
    """
    capture = await scoped.capture(case, CaptureId(capture_id))
    has_credentials = with_credentials and size == "full"
    etag = f'"{capture.sha256}-{size}{"-credentials" if has_credentials else ""}"'
    headers = {"ETag": etag, "Cache-Control": "private, max-age=31536000, immutable"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    if has_credentials:
        copy = await services.photos.credentialed(capture, capture.id)
        if copy.why_none is not None:  # tomorrow there may be a certificate that fits
            headers = {"Cache-Control": "private, no-cache"}
        headers[CREDENTIALS_HEADER] = copy.why_none or "present"
        return Response(copy.jpeg, media_type="image/jpeg", headers=headers)
    return Response(await services.photos.get(capture, size), media_type="image/jpeg", headers=headers)


async def report(services: Services, scoped: Inspections, case: InspectionId, kind: ReportKind) -> Response:
    """Answer with one file of the sealed report, exactly as it was sealed; after an erasure, the document issued since.

    Raises:
        ReportUnknown: It is not sealed yet, or its time of keeping has ended.
    """
    dossier = await scoped.summary(case)
    files = dossier.report
    if files is None or dossier.pdf_key is None:
        raise ReportUnknown
    key = {"json": files.json_key, "jws": files.jws_key, "pdf": dossier.pdf_key}[kind]
    headers = {
        "Content-Disposition": f'inline; filename="inspection-{case}.{kind}"',
        "Cache-Control": "private, no-cache",
    }
    try:
        data = await services.store.get(key)
    except ObjectMissing as exc:
        raise ReportUnknown("The report of this inspection is no longer kept.") from exc
    return Response(data, media_type=_REPORT_TYPES[kind], headers=headers)
