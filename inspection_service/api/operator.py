"""The operator's door: see who needs help, judge photos and findings, sign off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from inspection_service.api import answers
from inspection_service.api.dependencies import (
    ByOperator,
    Opened,
    need_right,
)
from inspection_service.api.dto.operator import (
    ClaimInput,
    Colleague,
    FindingInput,
    HandoverInput,
    OdometerInput,
    OperatorView,
    OverrideInput,
    PresenceView,
    QueueCall,
    QueuePage,
    ReplayView,
    RetakeInput,
    SignOffInput,
    StatementInput,
    VerdictInput,
)
from inspection_service.api.photos import Size
from inspection_service.api.present.operator import operator_view, operators_named, queue_item, replay_view
from inspection_service.api.problems import problems
from inspection_service.api.services import Services
from inspection_service.identity.accesses import Look
from inspection_service.identity.records import Operator
from inspection_service.inspections.records import (
    Actor,
    CaptureId,
    FindingId,
    InspectionId,
    Language,
    OperatorId,
)
from inspection_service.inspections.requests import NewFinding, Verdict
from inspection_service.inspections.service import Inspections

router = APIRouter(prefix="/v1/operator", tags=["operator"])
cases = APIRouter(prefix="/inspections/{inspection_id}")
Lang = Annotated[Language, Query(description="Language of the words in the answer.")]


@dataclass(frozen=True, slots=True)
class CaseDoor:
    """A signed-in operator before one case."""

    id: InspectionId
    operator: Operator
    inspections: Inspections
    services: Services
    language: Language

    @property
    def by(self) -> Actor:
        """Who acts."""
        return self.operator.actor

    async def note(self, what: Look, **detail: str) -> None:
        """Write into the log of accesses what this operator is about to be shown."""
        await self.services.accesses.note(self.by, what, self.id, detail=detail)

    async def view(self) -> OperatorView:
        """Read the case anew and show all of it.

        Raises:
            InspectionUnknown: There is no such case.
        """
        is_seller_here, names = self.services.live.presence(self.id)
        presence = PresenceView(seller=is_seller_here, operators=names)
        dossier = await self.inspections.dossier(self.id)
        return operator_view(dossier, self.language, presence, looks_on=self.operator.id)


async def case_door(inspection_id: str, door: ByOperator, services: Opened, lang: Lang = "fr") -> CaseDoor:
    """Bring an operator before a case."""
    return CaseDoor(InspectionId(inspection_id), door.operator, door.inspections, services, lang)


OnCase = Annotated[CaseDoor, Depends(case_door)]
_WRITE = problems(401, 403, 404, 409, 422, 503)


@router.get("/colleagues", responses=problems(401, 503))
async def list_colleagues(door: ByOperator, services: Opened) -> list[Colleague]:
    """List the other operators, those who are at their desk first."""
    held = await door.inspections.cases_held()
    online = services.live.operators_online
    colleagues = [
        Colleague(id=one.id, name=one.name, role=one.role, online=one.id in online, cases=held.get(one.id, 0))
        for one in await services.identity.operators(door.operator.organisation_id)
        if one.id != door.operator.id
    ]
    return sorted(colleagues, key=lambda one: (not one.online, one.name, one.id))


@router.get("/inspections", responses=problems(401, 422, 503))
async def list_cases(
    *,
    door: ByOperator,
    services: Opened,
    scope: Literal["open", "all"] = "open",
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
    ids: Annotated[
        list[str] | None,
        Query(
            max_length=100,
            description="Only these rows, as they are now: what a page asks when told they changed.",
        ),
    ] = None,
    lang: Lang = "fr",
) -> QueuePage:
    """List cases in the order in which somebody should look: help, failed twice, stalled, to be signed off."""
    next_cursor: str | None = None
    if ids is not None:
        entries = await door.inspections.queued([InspectionId(one) for one in ids])
    else:
        page = await door.inspections.queue(only_open=scope == "open", cursor=cursor, limit=limit)
        entries, next_cursor = page.items, page.next_cursor
    now = services.clock.now()
    items = [
        queue_item(
            entry,
            lang,
            now,
            call=_queue_call(services, entry.outline.inspection.id),
            is_seller_live=services.live.presence(entry.outline.inspection.id)[0],
        )
        for entry in entries
    ]
    return QueuePage(items=items, next_cursor=next_cursor)


@cases.get("", responses=problems(401, 404, 422, 503))
async def get_case(case: OnCase) -> OperatorView:
    """Everything about one case."""
    view = await case.view()
    await case.note("case")
    return view


@cases.get("/replay", responses=problems(401, 404, 422, 503))
async def replay(case: OnCase) -> ReplayView:
    """Everything the flight recorder steps through: the whole log, photos, drawings, recordings, words."""
    dossier = await case.inspections.dossier(case.id)
    messages = await case.inspections.messages(case.id)
    frames = await case.inspections.frames(case.id)
    names = await case.services.identity.operator_names(operators_named(dossier))
    await case.note("case")
    await case.note("chat")
    return replay_view(dossier, messages, frames, names, case.language)


@cases.post("/claim", responses=_WRITE)
async def claim(case: OnCase, body: ClaimInput | None = None) -> OperatorView:
    """Take the case; `case-claimed` names the one who holds it. A supervisor may take it from them by `force`."""
    force = body is not None and body.force
    if force:
        need_right(case.operator, "take_over")
    await case.inspections.claim(case.id, by=case.by, force=force)
    return await case.view()


@cases.post("/handover", responses=_WRITE)
async def hand_over(body: HandoverInput, case: OnCase) -> OperatorView:
    """Give the case to a colleague, who holds it from now on."""
    await case.inspections.hand_over(case.id, OperatorId(body.operator_id), body.note, by=case.by)
    return await case.view()


@cases.post("/release", responses=_WRITE)
async def release(case: OnCase) -> OperatorView:
    """Let the case go."""
    await case.inspections.release(case.id, by=case.by)
    return await case.view()


@cases.post("/captures/{capture_id}/accept", responses=_WRITE)
async def accept(capture_id: str, case: OnCase) -> OperatorView:
    """Take a photo as evidence."""
    await case.inspections.accept(case.id, CaptureId(capture_id), by=case.by)
    return await case.view()


@cases.post("/captures/{capture_id}/retake", responses=_WRITE)
async def ask_retake(capture_id: str, body: RetakeInput, case: OnCase) -> OperatorView:
    """Ask for another photo; the seller's page shows it at once."""
    await case.inspections.ask_retake(
        case.id,
        CaptureId(capture_id),
        body.reason_code,
        body.text,
        by=case.by,
    )
    return await case.view()


@cases.post("/captures/{capture_id}/override", responses=_WRITE)
async def override(capture_id: str, body: OverrideInput, case: OnCase) -> OperatorView:
    """Let a photo stand although the model refused it, for a stated reason."""
    await case.inspections.override(case.id, CaptureId(capture_id), body.reason, by=case.by)
    return await case.view()


@cases.get(
    "/captures/{capture_id}/photo",
    response_class=Response,
    responses=problems(401, 404, 422, 503) | answers.PHOTO_CONTENT,
)
async def get_photo(capture_id: str, case: OnCase, request: Request, size: Size = "full") -> Response:
    """Fetch a photo, upright and without metadata."""
    photo = await answers.photo(
        request=request,
        services=case.services,
        scoped=case.inspections,
        case=case.id,
        capture_id=capture_id,
        size=size,
    )
    if size == "full":
        await case.note("photo", capture=capture_id)
    else:  # the small ones are what an opened case looks like
        await case.note("case")
    return photo


@cases.put("/odometer", responses=_WRITE)
async def put_odometer(body: OdometerInput, case: OnCase) -> OperatorView:
    """Say what the odometer shows; the model's reading stays beside it."""
    await case.inspections.edit_odometer(case.id, body.reading, body.unit, body.note, by=case.by)
    return await case.view()


@cases.put("/statements/{control_point}", responses=_WRITE)
async def put_statement(control_point: str, body: StatementInput, case: OnCase) -> OperatorView:
    """Answer a control point."""
    await case.inspections.make_statement(case.id, control_point, body.answer, body.note, by=case.by)
    return await case.view()


@cases.post("/findings", status_code=201, responses=_WRITE)
async def add_finding(body: FindingInput, case: OnCase) -> OperatorView:
    """Mark damage on a photo."""
    new = NewFinding(
        capture_id=CaptureId(body.capture_id),
        kind=body.kind,
        box=body.box,
        severity=body.severity,
        text=body.text,
    )
    await case.inspections.add_finding(case.id, new, by=case.by)
    return await case.view()


@cases.put("/findings/{finding_id}", responses=_WRITE)
async def judge_finding(finding_id: str, body: VerdictInput, case: OnCase) -> OperatorView:
    """Confirm or reject a finding; null takes it back."""
    verdict = Verdict(body.verdict, body.severity, body.note)
    await case.inspections.judge_finding(case.id, FindingId(finding_id), verdict, by=case.by)
    return await case.view()


@cases.post("/sign-off", responses=_WRITE)
async def sign_off(body: SignOffInput, case: OnCase) -> OperatorView:
    """Close the case; the service seals the report."""
    await case.inspections.sign_off(case.id, body.note, by=case.by)
    return await case.view()


@cases.get(
    "/report.json",
    response_class=Response,
    responses=problems(401, 404, 503) | answers.report_content("json"),
)
async def get_report_json(case: OnCase) -> Response:
    """Fetch the sealed record."""
    return await _report(case, "json")


@cases.get(
    "/report.jws", response_class=Response, responses=problems(401, 404, 503) | answers.report_content("jws")
)
async def get_report_jws(case: OnCase) -> Response:
    """Fetch the detached signature."""
    return await _report(case, "jws")


@cases.get(
    "/report.pdf", response_class=Response, responses=problems(401, 404, 503) | answers.report_content("pdf")
)
async def get_report_pdf(case: OnCase) -> Response:
    """Fetch the signed PDF."""
    return await _report(case, "pdf")


async def _report(case: CaseDoor, kind: answers.ReportKind) -> Response:
    file = await answers.report(case.services, case.inspections, case.id, kind)
    await case.note("report")
    return file


def _queue_call(services: Services, inspection_id: InspectionId) -> QueueCall | None:
    call = services.live.call(inspection_id)
    if call is None or call.state not in ("ringing", "accepted"):
        return None
    return QueueCall(state=call.state, operator_name=call.operator_name)


router.include_router(cases)
