"""All doors of the service put into one application, and the document that describes them.

Source: OpenAPI 3.1.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware.gzip import GZipMiddleware

from inspection_service.api import (
    accesses,
    account,
    assistance,
    bundle,
    corrections,
    direct,
    frames,
    health,
    keys,
    ledger,
    operator,
    organisations,
    platform,
    privacy,
    public,
    recordings,
    redaction,
    reminders,
    seller,
    signalling,
    team,
    uploads,
    webhooks,
    well_known,
)
from inspection_service.api.bodies import Bounded
from inspection_service.api.etags import UNCHANGED, Fresh
from inspection_service.api.idempotency import HEADER, REPLAYED, OnceOnly
from inspection_service.api.pages import SafeHeaders, install_pages
from inspection_service.api.patience import Patient
from inspection_service.api.problems import MEDIA_TYPE, Problem, install_problems, problems
from inspection_service.api.reads import NotesReads

_DESCRIPTION: Final = """\
A platform orders an inspection and hands the link to a seller; the seller photographs the car with a phone, an
operator helps from afar; the service seals a report that anybody can verify offline.

Every error is a problem document (RFC 9457, `application/problem+json`). Branch on its `type`, never on its text.
Times are RFC 3339 in UTC with milliseconds; ids are opaque strings; boxes are `x1, y1, x2, y2` in pixels of the
upright photo.
"""
_TAGS: Final = [
    {"name": "platform", "description": "Order, follow, fetch. Authorization: Bearer isk_..."},
    {"name": "keys", "description": "A platform's API keys. Authorization: Bearer isk_..."},
    {
        "name": "organisations",
        "description": "Whose operators see a platform's cases. Authorization: Bearer isk_...",
    },
    {
        "name": "webhooks",
        "description": "Being told what happens; see docs/webhooks.md. Authorization: Bearer isk_...",
    },
    {"name": "seller", "description": "The seller's page; cookie of one inspection."},
    {"name": "uploads", "description": "Resumable uploads, tus 1.0; cookie of the seller."},
    {"name": "operator", "description": "The operator's page; cookie of a signed-in person."},
    {"name": "trust", "description": "The keys that sign reports. No account."},
    {"name": "log", "description": "The append-only log of reports; for anybody."},
    {"name": "public", "description": "Reports that were made public; for anybody who has the address."},
    {"name": "running", "description": "For those who run the service."},
]
_MIN_GZIP_BYTES: Final = 1000
_IDEMPOTENCY_KEY: Final[dict[str, Any]] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "The same request again under the same key changes nothing anew and gets the same answer, for two "
    "days. Another request under it is refused with 422 `idempotency-key-reused`; one that comes while the first still "
    "runs with 409 `idempotency-key-in-use`. What was refused leaves its key free.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
_REPLAYED: Final[dict[str, Any]] = {
    "description": "`true` when this is the answer of an earlier request under the same key.",
    "schema": {"type": "string", "enum": ["true"]},
}
_LIMIT_HEADERS: Final[dict[str, Any]] = {
    "RateLimit-Policy": {
        "description": "Calls within a window that the key may make (draft-ietf-httpapi-ratelimit-headers).",
        "schema": {"type": "string", "examples": ['"key";q=6000;w=60']},
    },
    "RateLimit": {
        "description": "Calls that are left, and seconds until the window is over.",
        "schema": {"type": "string", "examples": ['"key";r=5999;t=42']},
    },
}
_ETAG: Final[dict[str, Any]] = {
    "description": "Send it back as `If-None-Match` to get 304 while nothing has changed.",
    "schema": {"type": "string"},
}
_RETRY_AFTER: Final[dict[str, Any]] = {
    "description": "Seconds until the next window.",
    "schema": {"type": "integer", "minimum": 1},
}


def install_doors(app: FastAPI, static_dir: Path, checklists_dir: Path, *, silence_s: float = 30.0) -> None:
    """Put all routes and layers into an application.

    Args:
        app: Its ``state.services`` must be set before the first request.
        static_dir: Where the web client was built to.
        checklists_dir: Whose ``assets`` folder holds the drawings.
        silence_s: Longest wait for the next bytes of a body.
    """
    for room in (
        platform,
        keys,
        direct,
        webhooks,
        seller,
        assistance,
        frames,
        recordings,
        uploads,
        operator,
        account,
        team,
        organisations,
        accesses,
        signalling,
        health,
        well_known,
        ledger,
        corrections,
        bundle,
        privacy,
        redaction,
        reminders,
        public,
    ):
        app.include_router(room.router)
    app.include_router(public.pages)
    install_pages(app, static_dir, checklists_dir)
    app.add_middleware(Fresh)
    app.add_middleware(OnceOnly)
    app.add_middleware(NotesReads)
    app.add_middleware(Bounded)
    app.add_middleware(Patient, silence_s=silence_s)
    app.add_middleware(GZipMiddleware, minimum_size=_MIN_GZIP_BYTES, compresslevel=6)
    install_problems(app)
    app.add_middleware(SafeHeaders)
    document: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not document:
            document.update(describe(app))
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI documents


def describe(app: FastAPI) -> dict[str, Any]:
    """Write the OpenAPI document; errors have one shape, ours, also where the framework has another in mind."""
    document = get_openapi(
        title="Remote car inspection",
        version=_version(),
        description=_DESCRIPTION,
        tags=_TAGS,
        routes=app.routes,
    )
    document["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = Problem.model_json_schema(by_alias=True, ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs", {})
    schemas["Problem"] = problem
    for operations in document["paths"].values():
        for method, operation in operations.items():
            if any("apiKey" in way for way in operation.get("security", ())):
                _describe_platform(method, operation)
            _describe_refusals(operation)
    return document


def _version() -> str:
    try:
        return version("inspection-service")
    except PackageNotFoundError:  # a source tree that was never installed
        return "0"


def _describe_platform(method: str, operation: dict[str, Any]) -> None:
    """Say what holds for every route of a platform: its limit, and what an ``Idempotency-Key`` does."""
    responses, refused = operation["responses"], [403, 429]
    if method in ("post", "put", "patch", "delete"):
        refused += [409, 413, 422]
        parameters = operation.setdefault("parameters", [])
        if not any(parameter["name"] == HEADER for parameter in parameters):
            parameters.append(_IDEMPOTENCY_KEY)
        for status, response in responses.items():
            if status.startswith("2"):
                response.setdefault("headers", {})[REPLAYED] = _REPLAYED
    content = responses.get("200", {}).get("content", {})
    if method == "get" and "application/json" in content:
        responses["200"].setdefault("headers", {})["ETag"] = _ETAG
        responses.setdefault("304", dict(UNCHANGED[304]))
        responses["304"]["headers"] = {"ETag": _ETAG}
    for status, response in problems(*refused).items():
        responses.setdefault(str(status), response)
    for response in responses.values():
        response.setdefault("headers", {}).update(_LIMIT_HEADERS)
    responses["429"]["headers"] |= {"Retry-After": _RETRY_AFTER}


def _describe_refusals(operation: dict[str, Any]) -> None:
    shape = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses = operation["responses"]
    if "422" in responses:
        responses["422"] = {"description": "Unprocessable Content", "content": shape}
    responses["default"] = {"description": "Any other refusal or fault", "content": shape}
