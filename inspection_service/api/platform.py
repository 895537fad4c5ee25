"""The platform's door: order an inspection, follow it, fetch its report."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

import rfc8785
from fastapi import APIRouter, Depends, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from inspection_service.api import answers
from inspection_service.api.dependencies import (
    ByPhotoReader,
    ByReader,
    ByReportReader,
    ByWriter,
    Opened,
    note_platform,
)
from inspection_service.api.dto.common import MomentInput
from inspection_service.api.dto.platform import (
    CancelInput,
    CaptureList,
    ChecklistDetail,
    ChecklistList,
    ChecklistSummary,
    EventPage,
    ExtendInput,
    FindingList,
    InspectionPage,
    OrderedInspection,
    OrderInput,
    PhotoRequestInput,
    PlatformInspection,
    ReadingList,
    SellerLink,
)
from inspection_service.api.etags import UNCHANGED, IfMatch, is_known, version_of
from inspection_service.api.idempotency import seed_of
from inspection_service.api.photos import Size
from inspection_service.api.present.platform import findings, photos_url, platform_inspection, readings
from inspection_service.api.present.steps import capture_view, event_view
from inspection_service.api.problems import problems
from inspection_service.api.services import Services
from inspection_service.api.waiting import LONGEST_S, next_events
from inspection_service.checklists import Checklist
from inspection_service.identity.records import OpenedLink
from inspection_service.inspections.outline import PlatformOutline
from inspection_service.inspections.records import (
    Contact,
    Inspection,
    InspectionId,
    InspectionState,
    StepId,
    Vehicle,
)
from inspection_service.inspections.requests import IdempotencyKey, Order, Wanted

router = APIRouter(prefix="/v1", tags=["platform"])
_CHANGE = problems(401, 403, 404, 409, 412, 422, 503)

Limit = Annotated[int, Query(ge=1, le=100)]
Cursor = Annotated[
    str | None,
    Query(max_length=500, pattern=r"^[A-Za-z0-9_=-]+$", description="`next_cursor` of the page before."),
]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="Sending the same order again under the same key gives the same answer.",
    ),
]


async def wanted(
    state: Annotated[list[InspectionState] | None, Query(max_length=10, description="Any of these.")] = None,
    reference: Annotated[str | None, Query(max_length=200, description="Exactly your reference.")] = None,
    plate: Annotated[
        str | None, Query(max_length=16, description="However it is written: `ab 123 cd` finds `AB-123-CD`.")
    ] = None,
    vin: Annotated[str | None, Query(max_length=17)] = None,
    created_from: Annotated[MomentInput | None, Query()] = None,
    created_to: Annotated[MomentInput | None, Query(description="Before this moment.")] = None,
    updated_since: Annotated[MomentInput | None, Query()] = None,
) -> Wanted:
    """Read which inspections a list is to show."""
    return Wanted(tuple(state or ()), reference, plate, vin, created_from, created_to, updated_since)


OfThese = Annotated[Wanted, Depends(wanted)]


@router.post("/inspections", status_code=201, responses=problems(401, 404, 422, 503))
async def order_inspection(
    body: OrderInput, door: ByWriter, services: Opened, response: Response, key: Key = None
) -> OrderedInspection:
    """Order an inspection; hand the link in the answer to the seller."""
    placed, link = await services.identity.order(door.platform, _order(body), key=_idempotency(key, body))
    inspection_id = placed.inspection.id
    response.headers["Location"] = f"/v1/inspections/{inspection_id}"
    if placed.is_replay:
        response.headers["Idempotent-Replayed"] = "true"
    # As it was ordered: a repeated order gets the same answer however far the inspection has come.
    shown = platform_inspection(PlatformOutline(inspection=placed.inspection))
    return OrderedInspection(
        **{name: getattr(shown, name) for name in type(shown).model_fields},
        seller_link=seller_link(services, link),
        seller_link_expires_at=link.expires_at,
    )


@router.get("/inspections", responses=problems(401, 422, 503))
async def list_inspections(
    door: ByReader, wanted: OfThese, cursor: Cursor = None, limit: Limit = 50
) -> InspectionPage:
    """List your inspections, newest first; the order is that of creation, so pages hold each of them once."""
    page = await door.inspections.page(wanted, cursor=cursor, limit=limit)
    return InspectionPage(
        items=[platform_inspection(outline) for outline in page.items], next_cursor=page.next_cursor
    )


@router.get(
    "/inspections/{inspection_id}",
    response_model=PlatformInspection,
    responses=problems(401, 404, 503) | UNCHANGED,
)
async def get_inspection(inspection_id: str, door: ByReader, request: Request, response: Response) -> Any:
    """Look at one inspection; the ETag changes with every change to it."""
    case = InspectionId(inspection_id)
    if "if-none-match" in request.headers:  # who asks often mostly learns that nothing changed: one question
        headers = _headers(await door.inspections.get(case))
        if is_known(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
    outline = await door.inspections.outline(case)
    response.headers.update(_headers(outline.inspection))
    return platform_inspection(outline)


@router.post("/inspections/{inspection_id}/cancel", responses=_CHANGE)
async def cancel_inspection(
    inspection_id: str, door: ByWriter, body: CancelInput | None = None, if_match: IfMatch = None
) -> PlatformInspection:
    """Close an inspection that is no longer wanted; repeating it is fine."""
    await door.inspections.cancel(
        InspectionId(inspection_id),
        by=door.platform.actor,
        reason=None if body is None else body.reason,
        expected_version=version_of(if_match),
    )
    return platform_inspection(await door.inspections.outline(InspectionId(inspection_id)))


@router.post("/inspections/{inspection_id}/extend", responses=_CHANGE)
async def extend_inspection(
    inspection_id: str, body: ExtendInput, door: ByWriter, if_match: IfMatch = None
) -> PlatformInspection:
    """Give the seller until another moment. An inspection that has expired is over; order another one."""
    await door.inspections.extend(
        InspectionId(inspection_id),
        body.deadline_at,
        by=door.platform.actor,
        expected_version=version_of(if_match),
    )
    return platform_inspection(await door.inspections.outline(InspectionId(inspection_id)))


@router.post(
    "/inspections/{inspection_id}/photo-requests",
    status_code=201,
    responses=problems(401, 403, 404, 409, 422, 503),
)
async def ask_photo(
    inspection_id: str, body: PhotoRequestInput, door: ByWriter, request: Request
) -> PlatformInspection:
    """Ask the seller for one more photo: on their page it is a step of its own, with your words.

    Until an operator has signed off. An inspection in review or signed by its seller opens again, unsigned.
    """
    await door.inspections.ask_photo(
        InspectionId(inspection_id),
        body.text,
        None if body.step_id is None else StepId(body.step_id),
        by=door.platform.actor,
        seed=seed_of(request),
    )
    return platform_inspection(await door.inspections.outline(InspectionId(inspection_id)))


@router.delete(
    "/inspections/{inspection_id}/photo-requests/{request_id}",
    status_code=204,
    responses=problems(401, 403, 404, 409, 503),
)
async def take_photo_request_back(inspection_id: str, request_id: str, door: ByWriter) -> None:
    """Ask no longer for a photo that has not come; repeating it is fine."""
    await door.inspections.take_back(InspectionId(inspection_id), StepId(request_id), by=door.platform.actor)


@router.post("/inspections/{inspection_id}/links", status_code=201, responses=problems(401, 404, 409, 503))
async def new_link(inspection_id: str, door: ByWriter, services: Opened) -> SellerLink:
    """Make a new seller link; the one before no longer opens."""
    link = await services.identity.open_link(
        door.platform.tenant_id, InspectionId(inspection_id), by=door.platform.actor
    )
    return SellerLink(seller_link=seller_link(services, link), expires_at=link.expires_at)


@router.get("/inspections/{inspection_id}/events", responses=problems(401, 404, 422, 503))
async def list_events(
    *,
    inspection_id: str,
    door: ByReader,
    services: Opened,
    after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    wait_s: Annotated[int, Query(ge=0, le=LONGEST_S, description="Wait so long for the next event.")] = 0,
) -> EventPage:
    """Read the log after a number; it is append-only, so remember `last_seq` and ask again later.

    With `wait_s` the answer comes with the next event, or empty after so many seconds (long polling).
    """
    await door.inspections.get(InspectionId(inspection_id))
    events = await next_events(
        services, door.inspections, InspectionId(inspection_id), after=after, limit=limit, wait_s=wait_s
    )
    return EventPage(
        items=[event_view(event) for event in events], last_seq=events[-1].seq if events else after
    )


@router.get("/inspections/{inspection_id}/captures", responses=problems(401, 404, 503))
async def list_captures(inspection_id: str, door: ByReader) -> CaptureList:
    """List all photos, also those that were not accepted."""
    dossier = await door.inspections.dossier(InspectionId(inspection_id))
    url, language = photos_url(inspection_id), dossier.inspection.language
    return CaptureList(items=[capture_view(dossier, capture, language, url) for capture in dossier.captures])


@router.get("/inspections/{inspection_id}/findings", responses=problems(401, 404, 503))
async def list_findings(inspection_id: str, door: ByReader) -> FindingList:
    """List what is said about damage, each voice for itself: the model's, the operators', the seller's."""
    return findings(await door.inspections.dossier(InspectionId(inspection_id)))


@router.get("/inspections/{inspection_id}/readings", responses=problems(401, 404, 503))
async def list_readings(inspection_id: str, door: ByReader) -> ReadingList:
    """List the mileage and the answers to control points: the latest word of each voice."""
    return readings(await door.inspections.dossier(InspectionId(inspection_id)))


@router.get(
    "/inspections/{inspection_id}/captures/{capture_id}/photo",
    response_class=Response,
    responses=problems(401, 404, 422, 503) | answers.PHOTO_CONTENT,
)
async def get_photo(
    *,
    inspection_id: str,
    capture_id: str,
    door: ByPhotoReader,
    services: Opened,
    request: Request,
    size: Size = "full",
) -> Response:
    """Fetch a photo, upright and without the phone's metadata; at full size with Content Credentials (C2PA).

    The header `Content-Credentials-Status` says `present`, or why the certificate of this service allows none.
    """
    photo = await answers.photo(
        request=request,
        services=services,
        scoped=door.inspections,
        case=InspectionId(inspection_id),
        capture_id=capture_id,
        size=size,
        with_credentials=True,
    )
    await note_platform(services, door, "photo", InspectionId(inspection_id), capture=capture_id)
    return photo


@router.get(
    "/inspections/{inspection_id}/report.json",
    response_class=Response,
    responses=problems(401, 404, 503) | answers.report_content("json"),
)
async def get_report_json(inspection_id: str, door: ByReportReader, services: Opened) -> Response:
    """Fetch the sealed record, canonical JSON (RFC 8785), byte for byte as it was signed."""
    file = await answers.report(services, door.inspections, InspectionId(inspection_id), "json")
    await note_platform(services, door, "report", InspectionId(inspection_id))
    return file


@router.get(
    "/inspections/{inspection_id}/report.jws",
    response_class=Response,
    responses=problems(401, 404, 503) | answers.report_content("jws"),
)
async def get_report_jws(inspection_id: str, door: ByReportReader, services: Opened) -> Response:
    """Fetch the detached signature over `report.json` (RFC 7515, appendix F)."""
    file = await answers.report(services, door.inspections, InspectionId(inspection_id), "jws")
    await note_platform(services, door, "report", InspectionId(inspection_id))
    return file


@router.get(
    "/inspections/{inspection_id}/report.pdf",
    response_class=Response,
    responses=problems(401, 404, 503) | answers.report_content("pdf"),
)
async def get_report_pdf(inspection_id: str, door: ByReportReader, services: Opened) -> Response:
    """Fetch the signed PDF, which carries `report.json`."""
    file = await answers.report(services, door.inspections, InspectionId(inspection_id), "pdf")
    await note_platform(services, door, "report", InspectionId(inspection_id))
    return file


@router.get("/checklists", responses=problems(401, 503))
async def list_checklists(door: ByReader, services: Opened) -> ChecklistList:  # noqa: ARG001 (the key is the point)
    """List the checklists that can be ordered."""
    return ChecklistList(items=[ChecklistSummary(**_summary(checklist)) for checklist in services.shelf])


@router.get("/checklists/{checklist_id}", responses=problems(401, 404, 503))
async def get_checklist(checklist_id: str, door: ByReader, services: Opened) -> ChecklistDetail:  # noqa: ARG001
    """Read a checklist in the form that is hashed and frozen into an order."""
    checklist = services.shelf.get(checklist_id)
    return ChecklistDetail(**_summary(checklist), content=dict(checklist.content))


def seller_link(services: Services, link: OpenedLink) -> str:
    """Write the link to hand to a seller; the token sits behind ``#``, where no server and no preview sees it."""
    return f"{services.settings.base_url}/s#{link.token}"


def _headers(inspection: Inspection) -> dict[str, str]:
    return {"ETag": f'"{inspection.version}"', "Cache-Control": "private, no-cache"}


def _order(body: OrderInput) -> Order:
    return Order(
        vehicle=Vehicle(**body.vehicle.model_dump()),
        checklist=body.checklist,
        language=body.language,
        purpose=body.purpose,
        deadline_at=body.deadline_at,
        contact=Contact(**body.contact.model_dump()) if body.contact else Contact(),
        reference=body.reference,
        sign_off=body.sign_off,
        send_link=body.send_link,
    )


def _idempotency(key: str | None, body: OrderInput) -> IdempotencyKey | None:
    if key is None:
        return None
    canonical: bytes = rfc8785.dumps(body.model_dump(mode="json"))
    return IdempotencyKey(key, hashlib.sha256(canonical).hexdigest())


def _summary(checklist: Checklist) -> dict[str, Any]:
    return {
        "id": checklist.id,
        "version": checklist.version,
        "sha256": checklist.sha256,
        "title": checklist.content["title"],
        "minutes": checklist.content["minutes"],
        "sign_off": checklist.content["sign_off"],
        "steps_total": len(checklist.step_ids),
    }
