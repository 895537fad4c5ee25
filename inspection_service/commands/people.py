"""``people``: organisations, who is let in to whose cases, and operators who cannot help themselves any more."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from inspection_service.api.team import invitation_link
from inspection_service.app import open_directory
from inspection_service.commands.serve import settings_of
from inspection_service.commands.terminal import out, write_json
from inspection_service.identity.service import Identity
from inspection_service.inspections.records import TenantId
from inspection_service.storage.tables import HOUSE

Rows = list[dict[str, Any]]


def list_(arguments: argparse.Namespace) -> int:
    """Show organisations and their people."""

    async def act(identity: Identity) -> Rows:
        return [
            {
                "organisation": organisation.id,
                "name": organisation.name,
                "people": [
                    f"{one.operator.email} ({one.operator.role}"
                    f"{', second factor' if one.has_second_factor else ''}"
                    f"{', locked' if one.locked_until else ''}{', closed' if one.disabled_at else ''})"
                    for one in await identity.members(organisation.id)
                ],
            }
            for organisation in await identity.organisations()
        ]

    return _run(arguments, act)


def organisation(arguments: argparse.Namespace) -> int:
    """Found an organisation."""

    async def act(identity: Identity) -> Rows:
        made = await identity.create_organisation(arguments.name)
        return [{"organisation": made.id, "name": made.name}]

    return _run(arguments, act)


def grant(arguments: argparse.Namespace) -> int:
    """Let an organisation see a platform's cases."""

    async def act(identity: Identity) -> Rows:
        tenant_id = TenantId(arguments.platform)
        await identity.tenant_exists(tenant_id)
        await identity.grant(tenant_id, arguments.organisation)
        return await _grants(identity, tenant_id)

    return _run(arguments, act)


def revoke(arguments: argparse.Namespace) -> int:
    """Close a platform's cases to an organisation."""

    async def act(identity: Identity) -> Rows:
        tenant_id = TenantId(arguments.platform)
        await identity.tenant_exists(tenant_id)
        await identity.revoke_grant(tenant_id, arguments.organisation)
        return await _grants(identity, tenant_id)

    return _run(arguments, act)


def invite(arguments: argparse.Namespace) -> int:
    """Invite somebody and print the link, which is shown this once."""
    base_url = settings_of(arguments).base_url

    async def act(identity: Identity) -> Rows:
        made, token = await identity.invite(
            arguments.organisation or HOUSE, arguments.email, arguments.name, arguments.role
        )
        return [
            {
                "email": made.email,
                "role": made.role,
                "good_until": f"{made.expires_at:%Y-%m-%d %H:%M} UTC",
                "link": invitation_link(base_url, token),
            }
        ]

    return _run(arguments, act)


def unlock(arguments: argparse.Namespace) -> int:
    """Let somebody try again who mistyped too often."""

    async def act(identity: Identity) -> Rows:
        person = await identity.operator_by_email(arguments.email)
        await identity.unlock(person.email)
        return [{"email": person.email, "done": "may try again"}]

    return _run(arguments, act)


def reset_second_factor(arguments: argparse.Namespace) -> int:
    """Take back a second factor that was lost; their browsers are signed out."""

    async def act(identity: Identity) -> Rows:
        person = await identity.operator_by_email(arguments.email)
        await identity.reset_second_factor(person.organisation_id, person.id)
        return [
            {"email": person.email, "done": "signs in with the password alone, and is signed out everywhere"}
        ]

    return _run(arguments, act)


async def _grants(identity: Identity, tenant_id: TenantId) -> Rows:
    return [
        {
            "organisation": each.organisation.id,
            "name": each.organisation.name,
            "state": "sees the cases" if each.revoked_at is None else "sees nothing any more",
        }
        for each in await identity.grants(tenant_id)
    ]


def _run(arguments: argparse.Namespace, act: Callable[[Identity], Awaitable[Rows]]) -> int:
    async def opened() -> Rows:
        async with open_directory(settings_of(arguments)) as identity:
            return await act(identity)

    rows = asyncio.run(opened())
    if arguments.json:
        write_json({"items": rows})
        return 0
    for row in rows:
        for name, value in row.items():
            if isinstance(value, list):
                for each in value:
                    out().print(f"{'':14} {each}", markup=False, soft_wrap=True)
            else:
                out().print(f"{name:14} {value}", markup=False, soft_wrap=True)
    return 0
