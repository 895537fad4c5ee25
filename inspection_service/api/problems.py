"""Turns every refusal and fault into one shape, ``application/problem+json``; only this module knows HTTP status codes.

Source: RFC 9457 (problem details), RFC 6901 (JSON pointers), RFC 9110 section 15.5.6 (Allow).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inspection_service import errors
from inspection_service.api import errors as door_errors
from inspection_service.clock import new_id
from inspection_service.identity import errors as identity
from inspection_service.inspections import errors as case
from inspection_service.platforms import errors as platforms
from inspection_service.privacy import errors as privacy
from inspection_service.storage import errors as storage
from inspection_service.telemetry import logs
from inspection_service.telemetry.traces import span
from inspection_service.vision import errors as vision

MEDIA_TYPE: Final = "application/problem+json"
_PREFIX: Final = "urn:inspection:problem:"
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

_UNLOGGED: Final = ("/static/", "/healthz", "/readyz", "/metrics", "/v1/checklist-assets/")


@dataclass(frozen=True, slots=True)
class Shape:
    """How one kind of error looks from outside."""

    status: int
    title: str


SHAPES: Final[dict[type[errors.InspectionServiceError], Shape]] = {
    errors.InspectionServiceError: Shape(500, "Something went wrong on our side"),
    errors.InvalidInput: Shape(422, "The request cannot be used"),
    errors.NotAllowed: Shape(403, "Not allowed"),
    errors.NotFound: Shape(404, "Not found"),
    errors.Conflict: Shape(409, "Not possible in the present state"),
    errors.Closed: Shape(409, "The inspection is closed"),
    errors.Unavailable: Shape(503, "Temporarily unavailable"),
    identity.NotAuthenticated: Shape(401, "Not signed in"),
    identity.SecondFactorNeeded: Shape(401, "Code needed"),
    identity.InvitationExpired: Shape(410, "Invitation expired"),
    identity.TooManyTries: Shape(429, "Too many tries"),
    identity.ScopeMissing: Shape(403, "The key may not do this"),
    identity.ScopeNotHeld: Shape(403, "A key cannot give what it has not"),
    identity.TooManyKeys: Shape(409, "Too many keys"),
    identity.LinkExpired: Shape(410, "Link expired"),
    identity.LinkUnknown: Shape(404, "Link unknown"),
    identity.CodeNeeded: Shape(403, "Code needed"),
    identity.CodeWrong: Shape(403, "Code wrong"),
    door_errors.OriginRefused: Shape(403, "Request from a foreign page"),
    door_errors.RoleNeeded: Shape(403, "For another role"),
    door_errors.RateLimited: Shape(429, "Too many tries"),
    door_errors.IdempotencyKeyInUse: Shape(409, "The first request is still at work"),
    door_errors.RangeUnsatisfiable: Shape(416, "No such bytes"),
    door_errors.TusVersionUnsupported: Shape(412, "Upload protocol version not supported"),
    door_errors.UploadHeaderInvalid: Shape(400, "Upload header cannot be read"),
    door_errors.UploadTypeInvalid: Shape(415, "Wrong content type"),
    case.ReportUnknown: Shape(404, "No report yet"),
    case.UploadTooLarge: Shape(413, "File too large"),
    case.ChecksumMismatch: Shape(460, "Checksum mismatch"),
    case.ConsentMissing: Shape(403, "Consent missing"),
    case.LevelNeeded: Shape(403, "The seller has not allowed this"),
    case.NoCall: Shape(409, "No call"),
    case.RecordingEnded: Shape(409, "The recording has ended"),
    case.ChunkGap: Shape(409, "Chunk out of order"),
    case.ClaimNeeded: Shape(409, "Case not claimed"),
    case.CaseClaimed: Shape(409, "Case claimed by another operator"),
    case.QuotaExceeded: Shape(409, "Quota reached"),
    case.VersionConflict: Shape(409, "Changed by somebody else"),
    case.StateChanged: Shape(412, "Changed since you looked"),
    case.UnderLegalHold: Shape(409, "Under legal hold"),
    case.StillOpen: Shape(409, "Not closed yet"),
    case.NotSealed: Shape(409, "No report yet"),
    case.StepsMissing: Shape(409, "Steps missing"),
    case.ReviewChanged: Shape(409, "Shown content has changed"),
    case.IdempotencyKeyReused: Shape(422, "Idempotency-Key used for another request"),
    platforms.WebhookUnknown: Shape(404, "Webhook unknown"),
    platforms.DeliveryUnknown: Shape(404, "Delivery unknown"),
    platforms.WebhooksTooMany: Shape(409, "Too many webhooks"),
    platforms.WebhookDisabled: Shape(409, "Webhook disabled"),
    platforms.PingedTooOften: Shape(429, "Too many tries"),
    privacy.PublicationUnknown: Shape(404, "Nothing public here"),
    privacy.PublicationWithdrawn: Shape(410, "No longer public"),
    privacy.PublicationChanged: Shape(409, "Changed since you looked"),
    privacy.PublicationUnchecked: Shape(409, "Not looked at yet"),
    vision.UnusableImage: Shape(422, "Not usable as a photo"),
    storage.StorageFull: Shape(507, "No room left"),
}
"""One line per class that differs from its parent; the rest is found along the MRO."""


class ProblemField(BaseModel):
    """One part of a request that cannot be used."""

    pointer: str = Field(description="JSON pointer into the part named by `in`.", examples=["/vehicle/vin"])
    detail: str
    in_: str = Field(alias="in", description="body, query, path, header or cookie", examples=["body"])


class Problem(BaseModel):
    """A problem document (RFC 9457). Branch on `type`, never on text; some types add members of their own."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "type": "urn:inspection:problem:not-found",
                "title": "Not found",
                "status": 404,
                "detail": "There is no such thing here.",
                "instance": "urn:inspection:request:req_5d0f",
            }
        },
    )

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[ProblemField] | None = None


def shape_of(kind: type[BaseException]) -> Shape:
    """Return the status and title of an error class, looked up along its MRO."""
    for base in kind.__mro__:
        if base in SHAPES:
            return SHAPES[base]
    return SHAPES[errors.InspectionServiceError]


def problem_of(error: errors.InspectionServiceError, instance: str) -> dict[str, Any]:
    """Write an error as a problem document, for HTTP and for WebSocket alike.

    Args:
        error: What went wrong.
        instance: Which occurrence this is, ``urn:inspection:request:ID``.

    Returns:
        The members in the order of the RFC, then the error's own attributes. A fault says nothing but its instance.
    """
    shape = shape_of(type(error))
    is_fault = shape.status == HTTPStatus.INTERNAL_SERVER_ERROR
    return {
        "type": _PREFIX + ("internal" if is_fault else error.slug),
        "title": shape.title,
        "status": shape.status,
        "detail": "Please quote the instance when you report this." if is_fault else error.message,
        "instance": instance,
        **({} if is_fault else _plain(error.attributes)),
    }


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Declare which statuses a route may answer with, all in the problem shape, for ``responses=`` of a route."""
    return {
        status: {
            "description": _phrase(status),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def install_problems(app: FastAPI) -> None:
    """Make every answer that is not a success a problem document: ours, the framework's, and faults."""
    app.add_exception_handler(errors.InspectionServiceError, _on_ours)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_middleware(Faults)


class Faults:
    """Outermost layer: names each request, and answers a fault with a problem that says nothing but that name."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        request_id = new_id("req")
        scope.setdefault("state", {})["request_id"] = request_id
        status: int | None = None
        started_s = time.perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id), span("request") as traced:
            try:
                await self._app(scope, receive, watch)
            except Exception as error:
                logs.request_failed(_urn(request_id), _route_of(scope), error)
                if status is not None or scope["type"] != "http":
                    raise
                response = _render(problem_of(errors.InspectionServiceError(), _urn(request_id)))
                await response(scope, receive, watch)
            traced.update_name(f"{scope.get('method', 'WEBSOCKET')} {_route_of(scope)}")
            traced.set_attribute("http.response.status_code", status or 0)
            if status is not None and not scope["path"].startswith(_UNLOGGED):
                logs.request_answered(scope["method"], scope["path"], status, time.perf_counter() - started_s)


def refusal(request: Request, error: errors.InspectionServiceError | HTTPException) -> Response:
    """Write the answer to a request that a layer around the routes refuses."""
    return _of_http(request, error) if isinstance(error, HTTPException) else _of_ours(request, error)


def instance_of(request: Request) -> str:
    """Return the name of this request, as problem documents quote it."""
    return _urn(getattr(request.state, "request_id", "unknown"))


async def _on_ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.InspectionServiceError)
    return _of_ours(request, error)


def _of_ours(request: Request, error: errors.InspectionServiceError) -> Response:
    headers: dict[str, str] = {}
    if isinstance(error, identity.KeyUnknown):
        headers["WWW-Authenticate"] = 'Bearer realm="inspection"'
    if "retry_after_s" in error.attributes:
        headers["Retry-After"] = str(error.attributes["retry_after_s"])
    if isinstance(error, door_errors.RateLimited):
        headers |= error.headers
    if request.url.path.startswith("/v1/uploads"):
        headers["Tus-Resumable"] = "1.0.0"
        if isinstance(error, door_errors.TusVersionUnsupported):
            headers["Tus-Version"] = "1.0.0"
    document = problem_of(error, instance_of(request))
    if document["status"] >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logs.request_failed(document["instance"], _route_of(request.scope), error)
    return _render(document, headers)


async def _on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    document = {
        "type": _PREFIX + "validation",
        "title": "The request cannot be used",
        "status": 422,
        "detail": "Some parts of the request are missing or not as they should be; see errors.",
        "instance": instance_of(request),
        "errors": [_field(fault) for fault in error.errors()],
    }
    return _render(document)


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _of_http(request, error)


def _of_http(request: Request, error: HTTPException) -> Response:
    headers = dict(error.headers or {})
    slug, detail = _slug(error.status_code), str(error.detail)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(methods_of(request))
        slug, detail = "method-not-allowed", f"This address answers to {headers['Allow']}."
    elif error.status_code == HTTPStatus.NOT_FOUND:
        slug, detail = "not-found", "There is no such address."
    elif error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        slug, detail = "content-too-large", "The body is longer than anything this address takes."
    document = {
        "type": _PREFIX + slug,
        "title": _phrase(error.status_code),
        "status": error.status_code,
        "detail": detail,
        "instance": instance_of(request),
    }
    return _render(document, headers)


def methods_of(request: Request) -> list[str]:
    """Return which methods any route of this path takes: the framework names only those of the first."""
    return [
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.router.routes
        )
    ]


def _field(fault: Mapping[str, Any]) -> dict[str, str]:
    place, *path = fault["loc"]
    if fault["type"] == "json_invalid":
        path = []
    pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return {"in": str(place), "pointer": pointer, "detail": str(fault["msg"])}


def _render(document: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    body = json.dumps(document, ensure_ascii=False).encode()
    answer = {"Cache-Control": "no-store", **(headers or {})}
    return Response(body, status_code=int(document["status"]), headers=answer, media_type=MEDIA_TYPE)


def _plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value if _is_json(value) else str(value) for name, value in attributes.items()}


def _is_json(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_json(item) for key, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return all(_is_json(item) for item in value)
    return value is None or isinstance(value, str | int | float | bool)


def _phrase(status: int) -> str:
    if status == 460:  # of the tus checksum extension, not in the registry
        return "Checksum Mismatch"
    return HTTPStatus(status).phrase


def _slug(status: int) -> str:
    return _phrase(status).lower().replace(" ", "-").replace("'", "")


def _urn(request_id: str) -> str:
    return f"urn:inspection:request:{request_id}"


def _route_of(scope: Scope) -> str:
    """The path's pattern when known, so that ids stay out of the log."""
    route = scope.get("route")
    return str(getattr(route, "path", "unmatched"))
