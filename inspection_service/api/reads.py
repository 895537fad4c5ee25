"""Notes what a platform's program reads of inspections as JSON: each route is in the log of accesses, also a new one.

Files (photos, reports, recordings, copies) are noted by their routes before they are handed out. This is for everything
else, after the fact and aside, so that no answer waits for it.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inspection_service.api.services import Services
from inspection_service.identity.records import Platform
from inspection_service.inspections.records import InspectionId

_CASES: Final = "/v1/inspections"
_NOTED_BY_THEIR_ROUTE: Final = frozenset({"report.json"})


class NotesReads:
    """Notes each JSON answer about inspections that a platform is given by its key."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        is_read = scope["type"] == "http" and scope["method"] == "GET" and scope["path"].startswith(_CASES)
        if not is_read:
            await self._app(scope, receive, send)
            return

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                _note(scope, message)
            await send(message)

        await self._app(scope, receive, watch)


def _note(scope: Scope, message: Message) -> None:
    platform: Platform | None = scope.get("state", {}).get("platform")
    part = scope["path"].removeprefix(_CASES).strip("/").partition("/")[2]
    is_json = Headers(raw=list(message["headers"])).get("content-type", "").startswith("application/json")
    if platform is None or not is_json or part in _NOTED_BY_THEIR_ROUTE:
        return
    named: dict[str, Any] = scope.get("path_params", {})
    case = InspectionId(named["inspection_id"]) if "inspection_id" in named else None
    services: Services = scope["app"].state.services
    services.accesses.note_read(
        platform.actor,
        platform.tenant_id,
        case,
        {"key": platform.key_id, "part": part or ("list" if case is None else "inspection")},
    )
