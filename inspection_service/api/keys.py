"""A platform's door to its own API keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from inspection_service.api.dependencies import ByKeyManager, Opened, PlatformDoor
from inspection_service.api.dto.keys import KeyInput, KeyList, KeyView, NewKeyView, RotateInput
from inspection_service.api.idempotency import seed_of
from inspection_service.api.problems import problems
from inspection_service.api.services import Services
from inspection_service.identity.accesses import Deed
from inspection_service.identity.keys import NewKey
from inspection_service.identity.records import ApiKey, IssuedKey

router = APIRouter(prefix="/v1/keys", tags=["keys"])


@router.post("", status_code=201, responses=problems(401, 403, 409, 422, 503))
async def create_key(
    body: KeyInput, door: ByKeyManager, services: Opened, request: Request, response: Response
) -> NewKeyView:
    """Make a key. Its `secret` is shown this once; a key cannot give what it may not do itself."""
    new = NewKey(
        body.label,
        None if body.scopes is None else frozenset(body.scopes),
        body.expires_at,
        seed_of(request),
    )
    issued = await services.identity.make_key(door.platform.tenant_id, new, granted_by=door.platform)
    await _note(services, door, "key_made", issued.key.id)
    return _issued(issued, services.clock.now(), response)


@router.get("", responses=problems(401, 403, 503))
async def list_keys(door: ByKeyManager, services: Opened) -> KeyList:
    """List your keys, newest first, with how they begin and when they were last used; never their secrets."""
    now = services.clock.now()
    found = await services.identity.keys(door.platform.tenant_id)
    return KeyList(items=[KeyView(**_shown(key, now)) for key in found])


@router.post("/{key_id}/rotate", status_code=201, responses=problems(401, 403, 404, 409, 422, 503))
async def rotate_key(
    *,
    key_id: str,
    door: ByKeyManager,
    services: Opened,
    request: Request,
    response: Response,
    body: RotateInput | None = None,
) -> NewKeyView:
    """Make a key like this one, which goes on working for `overlap_s` seconds, 7 days at most."""
    issued = await services.identity.rotate_key(
        door.platform.tenant_id,
        key_id,
        overlap_s=0 if body is None else body.overlap_s,
        granted_by=door.platform,
        seed=seed_of(request),
    )
    await _note(services, door, "key_made", issued.key.id)
    return _issued(issued, services.clock.now(), response)


@router.delete("/{key_id}", status_code=204, responses=problems(401, 403, 404, 503))
async def revoke_key(key_id: str, door: ByKeyManager, services: Opened) -> None:
    """Make a key worthless at once; repeating it is fine."""
    await services.identity.revoke_key(door.platform.tenant_id, key_id)
    await _note(services, door, "key_revoked", key_id)


async def _note(services: Services, door: PlatformDoor, what: Deed, key_id: str) -> None:
    about = {"key": door.platform.key_id, "about": key_id}
    await services.accesses.note(door.platform.actor, what, tenant_id=door.platform.tenant_id, detail=about)


def _issued(issued: IssuedKey, now: datetime, response: Response) -> NewKeyView:
    response.headers["Cache-Control"] = "no-store"
    return NewKeyView(**_shown(issued.key, now), secret=issued.secret)


def _shown(key: ApiKey, now: datetime) -> dict[str, Any]:
    is_over = key.expires_at is not None and key.expires_at <= now
    return {
        "id": key.id,
        "label": key.label,
        "prefix": f"{key.prefix or 'isk_'}…",
        "scopes": None if key.scopes is None else sorted(key.scopes),
        "state": "revoked" if key.revoked_at else "expired" if is_over else "active",
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "last_used_at": key.last_used_at,
        "revoked_at": key.revoked_at,
    }
