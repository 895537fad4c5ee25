"""Messages to sellers: a platform asks for one and sees what became of all; a seller says: no more."""

from __future__ import annotations

from html import escape
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse

from inspection_service.api.dependencies import ByReader, ByWriter, Opened, caller_of
from inspection_service.api.dto.reminders import ReminderList, ReminderView
from inspection_service.api.problems import problems
from inspection_service.identity.errors import LinkUnknown
from inspection_service.inspections.records import Actor, InspectionId, Language
from inspection_service.inspections.reminding import Reminder
from inspection_service.work.reminding import STOP_PATH

router = APIRouter(tags=["platform"])

Case = Annotated[str, Query(max_length=64)]
Token = Annotated[str, Query(max_length=64)]
_WORDS: Final[dict[Language, dict[str, str]]] = {
    "fr": {
        "title": "Messages au sujet de votre voiture",
        "ask": "Ne plus recevoir de rappels pour cette inspection ?",
        "stop": "Arrêter les rappels",
        "done": "C'est noté : vous ne recevrez plus de rappels pour cette inspection. Vos liens restent valables.",
    },
    "en": {
        "title": "Messages about your car",
        "ask": "No more reminders about this inspection?",
        "stop": "Stop the reminders",
        "done": "Done: you will get no more reminders about this inspection. Your links stay good.",
    },
}


@router.post(
    "/v1/inspections/{inspection_id}/reminders",
    status_code=202,
    responses=problems(401, 403, 404, 409, 429, 503),
)
async def ask_reminder(inspection_id: str, door: ByWriter, services: Opened) -> ReminderView:
    """Have the seller reminded, at once or, at night, in the morning; asking again before it went is the same one."""
    asked = await door.inspections.ask_reminder(
        InspectionId(inspection_id), services.settings.messages, by=door.platform.actor
    )
    return _view(asked)


@router.get("/v1/inspections/{inspection_id}/reminders", responses=problems(401, 403, 404, 429, 503))
async def list_reminders(inspection_id: str, door: ByReader) -> ReminderList:
    """List the messages to the seller: the invitation, reminders by the clock, and those you asked for."""
    found = await door.inspections.reminders(InspectionId(inspection_id))
    return ReminderList(items=[_view(each) for each in found])


@router.get(STOP_PATH, include_in_schema=False)
async def ask_stop(case: Case, token: Token, request: Request, services: Opened) -> HTMLResponse:
    """Ask the seller; a program that looks at every link in a message must not stop anything by looking."""
    language = await _language(case, token, request, services)
    words = _WORDS[language]
    button = f'<form method="post"><button>{escape(words["stop"])}</button></form>'
    return _page(language, f"<p>{escape(words['ask'])}</p>{button}")


@router.post(STOP_PATH, include_in_schema=False)
async def stop(case: Case, token: Token, request: Request, services: Opened) -> HTMLResponse:
    """Stop the reminders of one inspection; mail programs do so by themselves when asked to (RFC 8058)."""
    language = await _language(case, token, request, services)
    inspection_id = InspectionId(case)
    await services.inspections.stop_reminders(inspection_id, by=Actor("seller", inspection_id))
    return _page(language, f"<p>{escape(_WORDS[language]['done'])}</p>")


async def _language(case: str, token: str, request: Request, services: Opened) -> Language:
    """Check the link and return in which language to answer. Raises ``LinkUnknown``, ``RateLimited``."""
    try:
        services.identity.check_stop_token(InspectionId(case), token)
    except LinkUnknown:
        await services.limits.guesses.hit(caller_of(request))
        raise
    return (await services.inspections.get(InspectionId(case))).language


def _page(language: Language, body: str) -> HTMLResponse:
    title = escape(_WORDS[language]["title"])
    page = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        "<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;"
        "color:#16202b;background:#fff}button{font:inherit;padding:.7rem 1.2rem;border:0;border-radius:.5rem;"
        "background:#0b5cad;color:#fff}</style></head>"
        f"<body><main><h1>{title}</h1>{body}</main></body></html>"
    )
    return HTMLResponse(page, headers={"Cache-Control": "no-store"})


def _view(reminder: Reminder) -> ReminderView:
    return ReminderView(
        id=reminder.id,
        kind=reminder.kind,
        channel=reminder.channel,
        due_at=reminder.due_at,
        settled_at=reminder.sent_at,
        outcome=reminder.outcome,
    )
