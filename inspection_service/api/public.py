"""What anybody may open who has the address: a public report, its photos, its document, and what was hidden.

No account, no personal data, nothing asked of a third party. An address cannot be guessed, and ends when withdrawn.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from inspection_service.api.dependencies import Opened, caller_of
from inspection_service.api.dto.publication import PublicReportView
from inspection_service.api.photos import Size
from inspection_service.api.present.public_page import gone_page, language_of, public_page
from inspection_service.api.present.publication import public_report_view
from inspection_service.api.problems import problems
from inspection_service.api.services import Services
from inspection_service.inspections.records import CaptureId, CorrectionEntry, Dossier, Language
from inspection_service.privacy.errors import PublicationUnknown, PublicationWithdrawn
from inspection_service.privacy.publications import Publication
from inspection_service.storage.errors import ObjectMissing

router = APIRouter(prefix="/v1/public/{public_id}", tags=["public"])
pages = APIRouter(include_in_schema=False)
_REFUSALS: Final = problems(404, 410, 422, 429, 503)
_FILE_TYPES: Final = {
    "report.pdf": "application/pdf",
    "report.json": "application/json",
    "report.jws": "application/jose",
    "statement.json": "application/json",
    "statement.jws": "application/jose",
}
PublicId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{20,64}$")]
Lang = Annotated[Language | None, Query(description="Language of the words; the report's own when absent.")]
_HEADERS: Final = {"Cache-Control": "no-cache", "X-Robots-Tag": "noindex"}
"""Asked about each time: what was withdrawn must not live on in a browser."""
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {kind: {} for kind in set(_FILE_TYPES.values())}, "description": "The file."}
}
_PHOTO: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"image/jpeg": {}}, "description": "JPEG with Content Credentials (C2PA)."}
}


@dataclass(frozen=True, slots=True)
class PublicDoor:
    """A public report, and what it is made from."""

    services: Services
    publication: Publication
    dossier: Dossier

    @property
    def entry(self) -> CorrectionEntry:
        """The statement about the copies."""
        return next(e for e in self.dossier.corrections if e.no == self.publication.correction_no)

    async def view(self, language: Language | None) -> PublicReportView:
        """Show it."""
        assert self.dossier.report is not None
        record = json.loads(await self.file("report.json"))
        language = language or self.dossier.inspection.language
        return public_report_view(self.publication, self.dossier, record, self.entry, language)

    async def file(self, name: str) -> bytes:
        """Read one file. Raises ``PublicationUnknown`` when its time of keeping has ended."""
        report = self.dossier.report
        assert report is not None
        keys = {
            "report.pdf": self.publication.pdf_key,
            "report.json": report.json_key,
            "report.jws": report.jws_key,
            "statement.json": self.entry.json_key,
            "statement.jws": self.entry.jws_key,
        }
        key = keys[name]
        assert key is not None
        try:
            return await self.services.store.get(key)
        except ObjectMissing as exc:
            raise PublicationUnknown from exc


async def public_door(public_id: PublicId, request: Request, services: Opened) -> PublicDoor:
    """Open a public report.

    Raises:
        PublicationUnknown: Nothing was ever public here.
        PublicationWithdrawn: It is no longer.
        RateLimited: Somebody guesses.
    """
    await services.limits.log.hit(caller_of(request))
    publication = await services.public.publications.public(public_id)
    dossier = await services.inspections.summary(publication.inspection_id)
    if dossier.report is None:
        raise PublicationUnknown
    return PublicDoor(services, publication, dossier)


OnPublic = Annotated[PublicDoor, Depends(public_door)]


@router.get("", responses=_REFUSALS)
async def get_public_report(door: OnPublic, response: Response, lang: Lang = None) -> PublicReportView:
    """Read a public report: the car, what was seen and not seen, photos with plates and people hidden."""
    response.headers.update(_HEADERS)
    return await door.view(lang)


@router.get("/photos/{capture_id}.jpg", response_class=Response, responses=_REFUSALS | _PHOTO)
async def get_public_photo(capture_id: str, door: OnPublic, size: Size = "full") -> Response:
    """Fetch a photo with plates and people hidden; at full size it says itself where it comes from (C2PA)."""
    file = door.publication.photo(CaptureId(capture_id)).file
    if file is None:
        raise PublicationUnknown
    try:
        if size == "thumb":
            data = await door.services.photos.get(_Kept(file.sha256, file.key), size)
        else:
            data = await door.services.store.get(file.key)
    except ObjectMissing as exc:
        raise PublicationUnknown from exc
    headers = {**_HEADERS, "Content-Disposition": f'inline; filename="{capture_id}.jpg"'}
    if size == "full":
        headers["Content-Credentials-Status"] = file.why_no_credentials or "present"
    return Response(data, media_type="image/jpeg", headers=headers)


@router.get("/{name}", response_class=Response, responses=_REFUSALS | _FILE)
async def get_public_file(
    name: Literal["report.pdf", "report.json", "report.jws", "statement.json", "statement.jws"],
    door: OnPublic,
) -> Response:
    """Fetch the public document, the sealed record with its signature, or the signed statement of what was hidden.

    The record holds personal values only as salted hashes.
    """
    headers = {**_HEADERS, "Content-Disposition": f'inline; filename="{name}"'}
    return Response(await door.file(name), media_type=_FILE_TYPES[name], headers=headers)


@pages.get("/p/{public_id}")
async def page(public_id: str, request: Request, services: Opened, lang: Language | None = None) -> Response:
    """Answer with the public page."""
    asked = lang or language_of(request.headers.get("accept-language"))
    try:
        door = await public_door(public_id, request, services)
        view = await door.view(lang or asked)
    except (PublicationWithdrawn, PublicationUnknown) as gone:
        status = 410 if isinstance(gone, PublicationWithdrawn) else 404
        return HTMLResponse(gone_page(asked or "fr", status), status_code=status, headers=_HEADERS)
    return HTMLResponse(public_page(view, services.settings.base_url), headers=_HEADERS)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A copy, as what smaller copies are made from."""

    sha256: str
    object_key: str
