"""``api-keys``: the keys with which platforms come in, for whoever runs the service."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from inspection_service.app import open_directory
from inspection_service.clock import SystemClock, isoformat
from inspection_service.commands.serve import settings_of
from inspection_service.commands.terminal import err, out, write_json
from inspection_service.identity.keys import NewKey
from inspection_service.identity.records import ApiKey, IssuedKey
from inspection_service.identity.service import Identity
from inspection_service.inspections.records import TenantId

Result = TypeVar("Result")


def create(arguments: argparse.Namespace) -> int:
    """Make a key and print it, which is shown this once."""
    days: int | None = arguments.days
    expires_at = None if days is None else SystemClock().now() + timedelta(days=days)
    new = NewKey(arguments.label, frozenset(arguments.scope) or None, expires_at)
    tenant = TenantId(arguments.platform)
    _print_secret(_with(arguments, lambda identity: identity.make_key(tenant, new)), as_json=arguments.json)
    return 0


def list_(arguments: argparse.Namespace) -> int:
    """Show a platform's keys without their secrets."""
    found = _with(arguments, lambda identity: identity.keys(TenantId(arguments.platform)))
    if arguments.json:
        write_json({"keys": [_shown(key) for key in found]})
        return 0
    for key in found:
        end = f"revoked {isoformat(key.revoked_at)}" if key.revoked_at else "works"
        if key.expires_at and not key.revoked_at:
            end = f"until {isoformat(key.expires_at)}"
        used = isoformat(key.last_used_at) if key.last_used_at else "never used"
        out().print(f"{key.id}  {key.prefix or 'isk_'}…  {end}  {used}  {key.label}", markup=False)
        out().print(f"  {', '.join(sorted(key.scopes)) if key.scopes else 'every scope'}", markup=False)
    return 0


def rotate(arguments: argparse.Namespace) -> int:
    """Make a key like another one, which goes on working for some hours."""
    tenant, overlap_s = TenantId(arguments.platform), arguments.overlap_hours * 3600
    issued = _with(
        arguments, lambda identity: identity.rotate_key(tenant, arguments.key, overlap_s=overlap_s)
    )
    _print_secret(issued, as_json=arguments.json)
    return 0


def revoke(arguments: argparse.Namespace) -> int:
    """Make a key worthless at once."""
    _with(arguments, lambda identity: identity.revoke_key(TenantId(arguments.platform), arguments.key))
    err().print("Revoked.")
    return 0


def _with(arguments: argparse.Namespace, act: Callable[[Identity], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        async with open_directory(settings_of(arguments)) as identity:
            return await act(identity)

    return asyncio.run(run())


def _print_secret(issued: IssuedKey, *, as_json: bool) -> None:
    if as_json:
        write_json(_shown(issued.key) | {"api_key": issued.secret})
        return
    out().print(f"{'key':10} {issued.key.id}\n{'api_key':10} {issued.secret}", markup=False)


def _shown(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "label": key.label,
        "prefix": key.prefix,
        "scopes": None if key.scopes is None else sorted(key.scopes),
        "created_at": isoformat(key.created_at),
        "expires_at": None if key.expires_at is None else isoformat(key.expires_at),
        "last_used_at": None if key.last_used_at is None else isoformat(key.last_used_at),
        "revoked_at": None if key.revoked_at is None else isoformat(key.revoked_at),
    }
