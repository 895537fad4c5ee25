"""Every route of the service: how to enumerate them, and a request each of them takes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx
from fastapi import FastAPI
from starlette.routing import Mount, Route, WebSocketRoute

from tests.integration.service import tus_headers

SHA: Final = "0" * 64
BODIES: Final[dict[str, Any]] = {
    "PUT /v1/operator/inspections/{inspection_id}/odometer": {"reading": "1", "unit": "km"},
    "PUT /v1/operator/inspections/{inspection_id}/statements/{control_point}": {"answer": "ok"},
    "POST /v1/operator/inspections/{inspection_id}/captures/{capture_id}/retake": {"reason_code": "blur"},
    "POST /v1/operator/inspections/{inspection_id}/captures/{capture_id}/override": {"reason": "Seen."},
    "PUT /v1/operator/inspections/{inspection_id}/findings/{finding_id}": {"verdict": "confirmed"},
    "POST /v1/operator/inspections/{inspection_id}/sign-off": {},
    "POST /v1/operator/inspections/{inspection_id}/findings": {
        "capture_id": "CAPTURE",
        "box": [1, 1, 2, 2],
        "kind": "dent",
        "severity": "minor",
    },
    "PUT /v1/seller/consents": {"photos": True, "live_video": False, "location": False, "recording": False},
    "POST /v1/operator/inspections/{inspection_id}/handover": {"operator_id": "opr_1"},
    "POST /v1/operator/inspections/{inspection_id}/frames/{frame_id}/keep": {"strokes": []},
    "POST /v1/operator/inspections/{inspection_id}/recordings": {"kind": "video", "media_type": "video/webm"},
    "POST /v1/operator/inspections/{inspection_id}/recordings/{recording_id}/finish": {"chunks": {}},
    "POST /v1/seller/recordings": {"kind": "video", "media_type": "video/webm"},
    "POST /v1/seller/recordings/{recording_id}/finish": {"chunks": {}},
    "PUT /v1/seller/step": {"step_id": "front"},
    "POST /v1/seller/steps/{step_id}/skip": {"reason": "A wall."},
    "POST /v1/seller/captures/{capture_id}/keep": {"reason": "A wall."},
    "POST /v1/seller/damages": {"client_id": "12345678", "text": "A dent.", "capture_ids": ["CAPTURE"]},
    "POST /v1/seller/findings/{finding_id}/dispute": {"text": "No."},
    "POST /v1/seller/signature": {"name": "Eve", "drawing_svg": "M1 1 L2 2 L3 3", "shown_sha256": SHA},
    "POST /v1/seller/preview": {"token": "TOKEN"},
    "POST /v1/seller/session": {"token": "TOKEN"},
    "POST /v1/seller/takeover": {"token": "TOKEN"},
    "POST /v1/operator/login": {"email": "a@example.com", "password": "wrong password"},
    "POST /v1/operator/join/preview": {"token": "TOKEN"},
    "POST /v1/operator/join": {"token": "TOKEN", "name": "New", "password": "a long enough secret"},
    "PUT /v1/operator/account/password": {"password": "wrong", "new_password": "a long enough secret"},
    "PUT /v1/operator/account/second-factor": {"pending": "none", "code": "123456"},
    "POST /v1/operator/account/second-factor": {"password": "wrong"},
    "POST /v1/operator/account/second-factor/remove": {"password": "wrong"},
    "POST /v1/operator/account/recovery-codes": {"password": "wrong"},
    "POST /v1/operator/team/invitations": {"email": "n@example.com", "name": "New", "role": "operator"},
    "PUT /v1/operator/team/{operator_id}/role": {"role": "operator"},
    "POST /v1/organisations": {"name": "Desk", "admin": {"email": "d@example.com", "name": "D"}},
    "POST /v1/inspections": {"checklist": "listing-12"},
    "POST /v1/inspections/{inspection_id}/extend": {"deadline_at": None},
    "POST /v1/inspections/{inspection_id}/photo-requests": {"text": "One more, please."},
    "POST /v1/inspections/{inspection_id}/uploads": {
        "capture_id": "from-platform",
        "length_bytes": 10,
        "sha256": SHA,
        "seller_consents": True,
    },
    "POST /v1/keys": {"label": "Another"},
    "POST /v1/webhooks": {"url": "https://hooks.example.com/inspections"},
    "PATCH /v1/webhooks/{webhook_id}": {"enabled": True},
    "POST /v1/webhooks/{webhook_id}/rotate-secret": {},
    "POST /v1/webhooks/{webhook_id}/replay": {"since": "2026-11-22T00:00:00Z"},
    "POST /v1/inspections/{inspection_id}/corrections": {"kind": "addendum", "text": "More."},
    "POST /v1/operator/inspections/{inspection_id}/corrections": {"kind": "addendum", "text": "More."},
    "PUT /v1/inspections/{inspection_id}/legal-hold": {"is_held": True, "reason": "A claim."},
    "PUT /v1/operator/inspections/{inspection_id}/legal-hold": {"is_held": True, "reason": "A claim."},
    "POST /v1/inspections/{inspection_id}/publication": {"action": "prepare"},
    "POST /v1/operator/inspections/{inspection_id}/publication": {"action": "prepare"},
    "PUT /v1/inspections/{inspection_id}/publication/photos/{capture_id}": {"is_checked": True},
    "PUT /v1/operator/inspections/{inspection_id}/publication/photos/{capture_id}": {"is_checked": True},
}
"""A body that fits, where a route cannot do with none."""

MISSING: Final[dict[str, str]] = {
    "frame_id": "frm_none",
    "recording_id": "rec_nothing",
    "kind": "video",
    "n": "0",
    "no": "1",
    "ending": "json",
    "inspection_id": "ins_none",
    "capture_id": "cap_none",
    "finding_id": "fnd_none",
    "step_id": "front",
    "upload_id": "upl_none",
    "control_point": "none",
    "checklist_id": "listing-12",
    "key_id": "key_none",
    "request_id": "asked-9",
    "ticket": "none.none",
    "webhook_id": "whk_none",
    "delivery_id": "del_none",
    "organisation_id": "org_none",
    "operator_id": "opr_none",
    "invitation_id": "inv_none",
    "session_id": "ops_none",
    "public_id": "pub_none",
    "name": "report.json",
    "asset": "front.svg",
    "path": "none.js",
}
"""Fills every place of an address with what is not there."""


def documented(app: FastAPI) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Return method, path and description of every documented route."""
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            yield method.upper(), path, operation


def mounted(app: FastAPI) -> set[str]:
    """Return ``METHOD path`` of everything an application answers to, documented or not; sockets are ``WS path``."""
    return set(_walk(app.routes, ""))


def _walk(routes: Any, prefix: str) -> Iterator[str]:
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from _walk(inner.routes, prefix + route.include_context.prefix)
        elif isinstance(route, WebSocketRoute):
            yield f"WS {prefix}{route.path}"
        elif isinstance(route, Mount):
            yield f"MOUNT {prefix}{route.path}"
        elif isinstance(route, Route):
            methods = set(route.methods or ())
            if "GET" in methods:
                methods.discard("HEAD")
            yield from (f"{method} {prefix}{route.path}" for method in methods)
        else:
            raise AssertionError(f"a kind of route nobody knows: {route!r}")


def address(path: str, values: Mapping[str, str]) -> str:
    """Fill the places of an address."""
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda match: values[match[1]], path)


async def call(
    client: httpx.AsyncClient, method: str, path: str, values: Mapping[str, str]
) -> httpx.Response:
    """Call a route with a body it takes, its places filled in."""
    url = address(path, values)
    if path.startswith("/v1/uploads"):
        headers = tus_headers(b"data", "front", "0" * 32) | {
            "Upload-Offset": "0",
            "Content-Type": "application/offset+octet-stream",
        }
        content = b"data" if method == "PATCH" else None
        return await client.request(method, url, headers=headers, content=content)
    if path.endswith("/chunks/{n}"):
        digest = {"Digest-SHA256": hashlib.sha256(b"x").hexdigest()}
        return await client.request(method, url, content=b"x", headers=digest)
    body = _filled(BODIES.get(f"{method} {path}"), values)
    return await client.request(method, url, json=body)


def _filled(body: Any, values: Mapping[str, str]) -> Any:
    if isinstance(body, dict):
        return {name: _filled(value, values) for name, value in body.items()}
    if isinstance(body, list):
        return [_filled(value, values) for value in body]
    return values["capture_id"] if body == "CAPTURE" else body
