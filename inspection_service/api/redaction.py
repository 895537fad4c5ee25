"""Preparing a report for the public: what is hidden in each photo, who looked, who approves."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from inspection_service.api.answers import PHOTO_CONTENT
from inspection_service.api.dependencies import (
    ByPhotoReader,
    ByReportReader,
    ByWriter,
    Opened,
    need_right,
    note_platform,
)
from inspection_service.api.dto.publication import PhotoChangeInput, PublicationInput, PublicationView
from inspection_service.api.operator import OnCase
from inspection_service.api.present.publication import publication_view
from inspection_service.api.problems import problems
from inspection_service.api.services import Services
from inspection_service.identity.rights import Act
from inspection_service.inspections.records import Actor, CaptureId, InspectionId
from inspection_service.inspections.service import Inspections
from inspection_service.privacy.errors import PublicationChanged, PublicationUnknown
from inspection_service.storage.errors import ObjectMissing
from inspection_service.work.publishing import DrawnBox

router = APIRouter()
_PLATFORM: Final = "/v1/inspections/{inspection_id}/publication"
_OPERATOR: Final = "/v1/operator/inspections/{inspection_id}/publication"
_RIGHTS: Final[dict[str, Act]] = {
    "prepare": "prepare_publication",
    "approve": "approve_publication",
    "withdraw": "withdraw_publication",
}
_WRITE: Final = problems(401, 403, 404, 409, 422, 503)
_PHOTO: Final[dict[int | str, dict[str, Any]]] = problems(401, 404, 422, 503) | PHOTO_CONTENT


@router.post(_PLATFORM, tags=["platform"], responses=_WRITE)
async def publish(
    inspection_id: str, body: PublicationInput, door: ByWriter, services: Opened
) -> PublicationView:
    """Prepare copies of the photos for the public, approve them, or withdraw what is public.

    Preparing looks for plates and people in every photo and proposes what to hide; no machine finds all of them. Look
    at every copy (`copy_url`), hide more where needed, then approve the set by its `set_sha256`.
    """
    by = door.platform.actor
    return await _act(services, door.inspections, InspectionId(inspection_id), body, _PLATFORM, by=by)


@router.get(_PLATFORM, tags=["platform"], responses=problems(401, 404, 503))
async def get_publication(inspection_id: str, door: ByReportReader, services: Opened) -> PublicationView:
    """Say what is being prepared and what is public."""
    return await _view(services, door.inspections, InspectionId(inspection_id), _PLATFORM)


@router.put(_PLATFORM + "/photos/{capture_id}", tags=["platform"], responses=_WRITE)
async def change_photo(
    inspection_id: str, capture_id: str, body: PhotoChangeInput, door: ByWriter, services: Opened
) -> PublicationView:
    """Hide more or less of a photo, or say that its copy was looked at."""
    case, by = InspectionId(inspection_id), door.platform.actor
    return await _change(services, door.inspections, case, capture_id, body, _PLATFORM, by=by)


@router.get(_PLATFORM + "/photos/{capture_id}", tags=["platform"], response_class=Response, responses=_PHOTO)
async def get_copy(inspection_id: str, capture_id: str, door: ByPhotoReader, services: Opened) -> Response:
    """Fetch a copy that is being prepared, or the one that is public."""
    copied = await _copy(services, door.inspections, InspectionId(inspection_id), capture_id)
    await note_platform(services, door, "publication", InspectionId(inspection_id), capture=capture_id)
    return copied


@router.post(_OPERATOR, tags=["operator"], responses=_WRITE)
async def publish_case(body: PublicationInput, case: OnCase) -> PublicationView:
    """Prepare copies for the public, approve them, or withdraw what is public; a supervisor approves.

    Anybody at the desk may withdraw: who sees a plate in public does not wait.
    """
    need_right(case.operator, _RIGHTS[body.action])
    return await _act(case.services, case.inspections, case.id, body, _OPERATOR, by=case.by)


@router.get(_OPERATOR, tags=["operator"], responses=problems(401, 404, 503))
async def get_publication_of_case(case: OnCase) -> PublicationView:
    """Say what is being prepared and what is public."""
    return await _view(case.services, case.inspections, case.id, _OPERATOR)


@router.put(_OPERATOR + "/photos/{capture_id}", tags=["operator"], responses=_WRITE)
async def change_photo_of_case(capture_id: str, body: PhotoChangeInput, case: OnCase) -> PublicationView:
    """Hide more or less of a photo, or say that its copy was looked at."""
    return await _change(case.services, case.inspections, case.id, capture_id, body, _OPERATOR, by=case.by)


@router.get(_OPERATOR + "/photos/{capture_id}", tags=["operator"], response_class=Response, responses=_PHOTO)
async def get_copy_of_case(capture_id: str, case: OnCase) -> Response:
    """Fetch a copy that is being prepared, or the one that is public."""
    copied = await _copy(case.services, case.inspections, case.id, capture_id)
    await case.note("publication", capture=capture_id)
    return copied


async def _act(
    services: Services,
    scoped: Inspections,
    case: InspectionId,
    body: PublicationInput,
    path: str,
    *,
    by: Actor,
) -> PublicationView:
    publishing = services.public.publishing
    if body.action == "prepare":
        await publishing.prepare(scoped, case, surroundings=body.surroundings, by=by)
    elif body.action == "withdraw":
        await publishing.withdraw(scoped, case, by=by)
    else:
        seen = [CaptureId(each) for each in body.seen]
        await publishing.approve(scoped, case, set_sha256=body.set_sha256 or "", seen=seen, by=by)
    return await _view(services, scoped, case, path)


async def _change(
    services: Services,
    scoped: Inspections,
    case: InspectionId,
    capture_id: str,
    body: PhotoChangeInput,
    path: str,
    *,
    by: Actor,
) -> PublicationView:
    await services.public.publishing.change(
        scoped,
        case,
        CaptureId(capture_id),
        add=[DrawnBox(each.kind, each.box) for each in body.add],
        remove=[DrawnBox(each.kind, each.box) for each in body.remove],
        is_checked=body.is_checked,
        by=by,
    )
    return await _view(services, scoped, case, path)


async def _view(services: Services, scoped: Inspections, case: InspectionId, path: str) -> PublicationView:
    dossier = await scoped.summary(case)
    prepared, approved = await services.public.publishing.standing(scoped, case)
    address = path.replace("{inspection_id}", case)
    return publication_view(dossier, prepared, approved, address, services.settings.base_url)


async def _copy(services: Services, scoped: Inspections, case: InspectionId, capture_id: str) -> Response:
    prepared, approved = await services.public.publishing.standing(scoped, case)
    name = CaptureId(capture_id)
    try:
        if prepared is not None:
            data = await services.public.publishing.copy(scoped, case, name)
        elif approved is not None and (file := approved.photo(name).file) is not None:
            data = await services.store.get(file.key)
        else:
            raise PublicationUnknown
    except ObjectMissing as exc:
        raise PublicationChanged(captures=[capture_id]) from exc
    return Response(data, media_type="image/jpeg", headers={"Cache-Control": "private, no-cache"})
