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
    assistance,
    bundle,
    corrections,
    frames,
    health,
    ledger,
    operator,
    platform,
    privacy,
    public,
    recordings,
    redaction,
    seller,
    signalling,
    uploads,
    well_known,
)
from inspection_service.api.pages import SafeHeaders, install_pages
from inspection_service.api.problems import MEDIA_TYPE, Problem, install_problems

_DESCRIPTION: Final = """\
A platform orders an inspection and hands the link to a seller; the seller photographs the car with a phone, an
operator helps from afar; the service seals a report that anybody can verify offline.

Every error is a problem document (RFC 9457, `application/problem+json`). Branch on its `type`, never on its text.
Times are RFC 3339 in UTC with milliseconds; ids are opaque strings; boxes are `x1, y1, x2, y2` in pixels of the
upright photo.
"""
_TAGS: Final = [
    {"name": "platform", "description": "Order, follow, fetch. Authorization: Bearer isk_..."},
    {"name": "seller", "description": "The seller's page; cookie of one inspection."},
    {"name": "uploads", "description": "Resumable uploads, tus 1.0; cookie of the seller."},
    {"name": "operator", "description": "The operator's page; cookie of a signed-in person."},
    {"name": "trust", "description": "The keys that sign reports. No account."},
    {"name": "log", "description": "The append-only log of reports; for anybody."},
    {"name": "public", "description": "Reports that were made public; for anybody who has the address."},
    {"name": "running", "description": "For those who run the service."},
]
_MIN_GZIP_BYTES: Final = 1000


def install_doors(app: FastAPI, static_dir: Path, checklists_dir: Path) -> None:
    """Put all routes and layers into an application.

    Args:
        app: Its ``state.services`` must be set before the first request.
        static_dir: Where the web client was built to.
        checklists_dir: Whose ``assets`` folder holds the drawings.
    """
    for room in (
        platform,
        seller,
        assistance,
        frames,
        recordings,
        uploads,
        operator,
        signalling,
        health,
        well_known,
        ledger,
        corrections,
        bundle,
        privacy,
        redaction,
        public,
    ):
        app.include_router(room.router)
    app.include_router(public.pages)
    install_pages(app, static_dir, checklists_dir)
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
        for operation in operations.values():
            _describe_refusals(operation)
    return document


def _version() -> str:
    try:
        return version("inspection-service")
    except PackageNotFoundError:  # a source tree that was never installed
        return "0"


def _describe_refusals(operation: dict[str, Any]) -> None:
    shape = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses = operation["responses"]
    if "422" in responses:
        responses["422"] = {"description": "Unprocessable Content", "content": shape}
    responses["default"] = {"description": "Any other refusal or fault", "content": shape}
