"""The seller's door: come in by the link, photograph, review, sign, take a copy home. Uploads have their own door."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from inspection_service.api import answers
from inspection_service.api.dependencies import (
    SELLER_COOKIE,
    BySeller,
    Opened,
    SellerDoor,
    caller_of,
    own_page_only,
    set_session,
)
from inspection_service.api.dto.common import FindingView
from inspection_service.api.dto.live import HelpView
from inspection_service.api.dto.seller import (
    CallView,
    CodeSent,
    ConsentsInput,
    DamageInput,
    DisputeInput,
    JoinInput,
    LinkInput,
    LinkPreview,
    PreviewVehicle,
    ReasonInput,
    SellerView,
    SignatureInput,
    StepInput,
)
from inspection_service.api.photos import Size
from inspection_service.api.present.live import help_view
from inspection_service.api.present.seller import seller_view
from inspection_service.api.present.steps import finding_view
from inspection_service.api.problems import problems
from inspection_service.api.services import Services
from inspection_service.inspections import views
from inspection_service.inspections.records import (
    CaptureId,
    ConsentPurpose,
    Dossier,
    FindingId,
    Language,
    StepId,
)
from inspection_service.inspections.requests import SellerMark

router = APIRouter(prefix="/v1/seller", tags=["seller"])
OwnPage = Depends(own_page_only)


@router.post("/preview", dependencies=[OwnPage], responses=problems(403, 404, 410, 422, 429, 503))
async def preview_link(body: LinkInput, request: Request, services: Opened) -> LinkPreview:
    """Say what a link is for; this does not spend it."""
    await services.limits.links.hit(caller_of(request))
    found = await services.identity.preview(body.token, request.cookies.get(SELLER_COOKIE))
    dossier = await services.inspections.of(found.tenant_id).dossier(found.inspection_id)
    case, left = dossier.inspection, views.remaining(dossier)
    return LinkPreview(
        platform_name=dossier.platform_name,
        purpose=case.purpose,
        language=case.language,
        vehicle=PreviewVehicle.model_validate(case.vehicle),
        steps_total=len(views.checklist_steps(case)),
        minutes=case.checklist["minutes"],
        steps_left=left.steps,
        minutes_left=left.minutes,
        state=case.state,
        link=found.status,
        code_sent_to=found.code_sent_to,
    )


@router.post("/session", dependencies=[OwnPage], responses=problems(403, 404, 409, 410, 422, 429, 503))
async def join(
    body: JoinInput, request: Request, response: Response, services: Opened, lang: Language | None = None
) -> SellerView:
    """Start, come back in the same browser, or take over from another one with a code; sets the cookie."""
    await services.limits.links.hit(caller_of(request))
    if body.code is not None:
        await services.limits.codes.hit(caller_of(request))
    seller, signed_in = await services.identity.spend(
        body.token, session_token=request.cookies.get(SELLER_COOKIE), code=body.code, browser=body.browser
    )
    if signed_in is not None:
        set_session(response, request, SELLER_COOKIE, signed_in.token, signed_in.expires_at)
    return await view_for(services, SellerDoor(seller, services.inspections.of(seller.tenant_id), lang))


@router.post(
    "/takeover",
    status_code=202,
    dependencies=[OwnPage],
    responses=problems(403, 404, 409, 410, 422, 429, 503),
)
async def ask_takeover(body: LinkInput, request: Request, services: Opened) -> CodeSent:
    """Send a one-time code to the contact of the order, to go on in this browser."""
    await services.limits.codes.hit(caller_of(request))
    return CodeSent(sent_to=(await services.identity.ask_takeover(body.token)).sent_to)


@router.get("/inspection", responses=problems(401, 503))
async def get_case(door: BySeller, services: Opened) -> SellerView:
    """Everything the page shows."""
    return await view_for(services, door)


@router.put("/consents", responses=problems(401, 403, 409, 422, 503))
async def put_consents(body: ConsentsInput, door: BySeller, services: Opened) -> SellerView:
    """Agree, or take it back, sentence by sentence."""
    consents: dict[ConsentPurpose, bool] = {
        "photos": body.photos,
        "location": body.location,
        "recording": body.recording,
    }
    if body.live_level is None:
        consents["live_video"] = body.live_video
    await door.inspections.give_consents(
        door.inspection_id, consents, by=door.seller.actor, live_level=body.live_level
    )
    return await view_for(services, door)


@router.put("/step", responses=problems(401, 403, 409, 422, 503))
async def enter_step(body: StepInput, door: BySeller, services: Opened) -> SellerView:
    """Remember the step the seller is on."""
    await door.inspections.enter_step(door.inspection_id, StepId(body.step_id), by=door.seller.actor)
    return await view_for(services, door)


@router.post("/steps/{step_id}/skip", responses=problems(401, 403, 409, 422, 503))
async def skip_step(step_id: str, body: ReasonInput, door: BySeller, services: Opened) -> SellerView:
    """Leave a step out and say why."""
    await door.inspections.skip(door.inspection_id, StepId(step_id), body.reason, by=door.seller.actor)
    return await view_for(services, door)


@router.post("/captures/{capture_id}/keep", responses=problems(401, 403, 404, 409, 422, 503))
async def keep_photo(capture_id: str, body: ReasonInput, door: BySeller, services: Opened) -> SellerView:
    """Keep a photo that was not accepted, after two tries."""
    await door.inspections.keep(door.inspection_id, CaptureId(capture_id), body.reason, by=door.seller.actor)
    return await view_for(services, door)


@router.get(
    "/captures/{capture_id}/photo",
    response_class=Response,
    responses=problems(401, 404, 422, 503) | answers.PHOTO_CONTENT,
)
async def get_photo(
    *,
    capture_id: str,
    door: BySeller,
    services: Opened,
    request: Request,
    size: Annotated[Size, Query(description="`thumb` has a long side of 480 px.")] = "full",
) -> Response:
    """Fetch one of the seller's own photos."""
    return await answers.photo(
        request=request,
        services=services,
        scoped=door.inspections,
        case=door.inspection_id,
        capture_id=capture_id,
        size=size,
    )


@router.post("/damages", status_code=201, responses=problems(401, 403, 404, 409, 422, 503))
async def declare_damage(body: DamageInput, door: BySeller) -> FindingView:
    """Declare damage in one's own words, with photos when there are any."""
    captures = [CaptureId(capture_id) for capture_id in body.capture_ids]
    finding = await door.inspections.declare_damage(
        door.inspection_id, body.client_id, body.text, captures, by=door.seller.actor
    )
    case = await door.inspections.get(door.inspection_id)
    return finding_view(finding, case.language)


@router.post("/findings/{finding_id}/dispute", responses=problems(401, 403, 404, 409, 422, 503))
async def dispute_finding(finding_id: str, body: DisputeInput, door: BySeller) -> FindingView:
    """Disagree with a finding; empty text takes it back."""
    finding = await door.inspections.dispute(
        door.inspection_id, FindingId(finding_id), body.text, by=door.seller.actor
    )
    case = await door.inspections.get(door.inspection_id)
    return finding_view(finding, case.language)


@router.post("/submit", responses=problems(401, 403, 409, 503))
async def submit(door: BySeller, services: Opened) -> SellerView:
    """All steps are answered: on to the review. The problem `steps-missing` names those that are not."""
    await door.inspections.submit(door.inspection_id, by=door.seller.actor)
    return await view_for(services, door)


@router.post("/reopen", responses=problems(401, 403, 409, 503))
async def reopen(door: BySeller, services: Opened) -> SellerView:
    """Back from the review, to add or retake photos."""
    await door.inspections.reopen(door.inspection_id, by=door.seller.actor)
    return await view_for(services, door)


@router.post("/signature/code", status_code=202, responses=problems(401, 403, 409, 429, 503))
async def ask_signature_code(door: BySeller, request: Request, services: Opened) -> CodeSent:
    """Send the one-time code that goes with the signature."""
    await services.limits.codes.hit(caller_of(request))
    return CodeSent(sent_to=(await services.identity.send_code(door.seller, "signature")).sent_to)


@router.post("/signature", responses=problems(401, 403, 409, 422, 429, 503))
async def sign(body: SignatureInput, door: BySeller, request: Request, services: Opened) -> SellerView:
    """Sign what was shown; without a contact in the order no code is asked for, and the report says so."""
    await services.limits.codes.hit(caller_of(request))
    async with services.identity.second_factor(door.seller, body.code) as (factor, transaction):
        mark = SellerMark(body.name, body.drawing_svg, body.shown_sha256, factor)
        await door.inspections.sign_as_seller(
            door.inspection_id, mark, by=door.seller.actor, within=transaction
        )
    return await view_for(services, door)


@router.get(
    "/report.pdf", response_class=Response, responses=problems(401, 404, 503) | answers.report_content("pdf")
)
async def get_report(door: BySeller, services: Opened) -> Response:
    """Take a copy of the sealed report home."""
    return await answers.report(services, door.inspections, door.inspection_id, "pdf")


async def view_for(services: Services, door: SellerDoor) -> SellerView:
    """Read the case anew and show all of it."""
    dossier = await door.inspections.dossier(door.inspection_id)
    call = services.live.call(door.inspection_id)
    shown = None if call is None else CallView(id=call.id, operator_name=call.operator_name, state=call.state)
    return seller_view(dossier, shown, door.language, waiting=await _waiting(services, door, dossier))


async def _waiting(services: Services, door: SellerDoor, dossier: Dossier) -> HelpView | None:
    if dossier.help is None or not dossier.help.is_open:
        return None
    line = await door.inspections.help_line(door.inspection_id)
    return None if line is None else help_view(dossier.help, line, len(services.live.operators_online))
