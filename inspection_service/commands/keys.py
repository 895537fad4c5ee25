"""``keys``: the keys that sign reports, and the secrets with which platforms and operators come in."""

from __future__ import annotations

import argparse
import asyncio
import secrets
from collections.abc import Awaitable, Callable

from inspection_service.app import open_directory, open_signer
from inspection_service.clock import SystemClock, isoformat
from inspection_service.commands.serve import settings_of
from inspection_service.commands.terminal import err, out, write_json
from inspection_service.identity.service import Identity
from inspection_service.reports.keys import FileSigner, common_name, fingerprint, is_development
from inspection_service.settings import Settings

_PASSWORD_BYTES = 15


def show(arguments: argparse.Namespace) -> int:
    """Show the certificates that stand behind a signature; no key is made."""
    _show(FileSigner.open(settings_of(arguments).keys_dir), as_json=arguments.json)
    return 0


def make(arguments: argparse.Namespace) -> int:
    """Make development keys when there are none, and show them."""
    _show(open_signer(settings_of(arguments), SystemClock()), as_json=arguments.json)
    return 0


def root(arguments: argparse.Namespace) -> int:
    """Write the root certificate to a file."""
    signer = FileSigner.open(settings_of(arguments).keys_dir)
    arguments.out.write_bytes(signer.root_pem)
    err().print(f"Wrote {arguments.out}.")
    return 0


def platform(arguments: argparse.Namespace) -> int:
    """Admit a platform and print its key, which is shown this once."""

    async def act(identity: Identity) -> dict[str, str]:
        tenant = await identity.create_tenant(arguments.name)
        return {"platform": tenant.id, "name": tenant.name, "api_key": await identity.issue_key(tenant.id)}

    return _admit(settings_of(arguments), act, as_json=arguments.json)


def operator(arguments: argparse.Namespace) -> int:
    """Admit an operator and print the password, which is shown this once."""
    password = new_password()

    async def act(identity: Identity) -> dict[str, str]:
        admitted = await identity.create_operator(arguments.email, arguments.name, password, arguments.role)
        return {"operator": admitted.id, "email": admitted.email, "role": admitted.role, "password": password}

    return _admit(settings_of(arguments), act, as_json=arguments.json)


def new_password() -> str:
    """Make a password of 120 random bits that can be typed."""
    return secrets.token_urlsafe(_PASSWORD_BYTES)


def _admit(settings: Settings, act: Callable[[Identity], Awaitable[dict[str, str]]], *, as_json: bool) -> int:
    async def admit() -> dict[str, str]:
        async with open_directory(settings) as identity:
            return await act(identity)

    admitted = asyncio.run(admit())
    if as_json:
        write_json(admitted)
    else:
        for name, value in admitted.items():
            out().print(f"{name:10} {value}", markup=False)
    return 0


def _show(signer: FileSigner, *, as_json: bool) -> None:
    shown = [
        {
            "name": common_name(certificate),
            "sha256": fingerprint(certificate),
            "valid_until": isoformat(certificate.not_valid_after_utc),
        }
        for certificate in signer.chain
    ]
    if as_json:
        write_json({"is_development": is_development(signer.chain), "chain": shown})
        return
    for certificate in shown:
        out().print(
            f"{certificate['name']}\n  until {certificate['valid_until']}\n  SHA-256 {certificate['sha256']}"
        )
    if is_development(signer.chain):
        out().print("These are development keys: reports made with them say so.")
