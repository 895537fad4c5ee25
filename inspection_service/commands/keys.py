"""``keys``: the keys that sign reports, and the secrets with which platforms and operators come in."""

from __future__ import annotations

import argparse
import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from inspection_service.app import open_directory, open_signer
from inspection_service.clock import SystemClock, isoformat
from inspection_service.commands.serve import settings_of
from inspection_service.commands.terminal import err, out, write_json
from inspection_service.identity.records import TenantKind
from inspection_service.identity.service import Identity
from inspection_service.reports import own_authority
from inspection_service.reports.key_ring import RingEntry, read_ring
from inspection_service.reports.keys import common_name, fingerprint, is_development
from inspection_service.reports.keys_opening import (
    install_certificate,
    kms_key,
    next_key,
    read_chain_files,
    token_key,
)
from inspection_service.reports.sign_json import thumbprint
from inspection_service.reports.signing_request import signing_request
from inspection_service.settings import Settings
from inspection_service.storage.tables import HOUSE

_PASSWORD_BYTES = 15


def show(arguments: argparse.Namespace) -> int:
    """Show the certificates that stand behind a signature; no key is made."""
    _show(_current(settings_of(arguments)), as_json=arguments.json)
    return 0


def make(arguments: argparse.Namespace) -> int:
    """Make development keys when there are none, and show them."""
    settings = settings_of(arguments)
    open_signer(settings, SystemClock())
    _show(_current(settings), as_json=arguments.json)
    return 0


def root(arguments: argparse.Namespace) -> int:
    """Write the root certificate to a file."""
    entry = _current(settings_of(arguments))
    arguments.out.write_bytes(entry.root.public_bytes(serialization.Encoding.PEM))
    err().print(f"Wrote {arguments.out}.")
    return 0


def list_(arguments: argparse.Namespace) -> int:
    """Show every signer of this instance, the one in use first."""
    settings = settings_of(arguments)
    shown = [_entry(entry) for entry in read_ring(settings.keys_dir)]
    if arguments.json:
        write_json({"signers": shown})
        return 0
    for entry in shown:
        state = f"REVOKED {entry['revoked_at']}, {entry['reason']}" if entry["revoked_at"] else ""
        mark = state or ("in use" if entry["in_use"] else "earlier")
        out().print(
            f"{entry['sha256'][:16]}  {mark}\n  {entry['name']}\n"
            f"  {entry['valid_from']} .. {entry['valid_until']}  key id {entry['kid']}",
            markup=False,
        )
    return 0


def csr(arguments: argparse.Namespace) -> int:
    """Write a request for a certificate; with keys in files a new key is made and waits for it."""
    settings = settings_of(arguments)
    signing = settings.signing
    if signing.mode == "pkcs11":
        token = token_key(signing)
        pem = signing_request(arguments.subject, token.public_key(), token.sign_digest)
    elif signing.mode == "kms":
        key = kms_key(signing)
        pem = signing_request(arguments.subject, key.public_key(), key.sign_digest)
    else:
        made = next_key(settings.keys_dir)
        digest = ec.ECDSA(Prehashed(hashes.SHA256()))
        pem = signing_request(arguments.subject, made.public_key(), lambda sha256: made.sign(sha256, digest))
    arguments.out.write_bytes(pem)
    err().print(
        f"Wrote {arguments.out}. Send it to the authority; then: inspection-service keys rotate --chain FILE"
    )
    return 0


def rotate(arguments: argparse.Namespace) -> int:
    """Put another signer in use; reports of the one before stay good."""
    settings = settings_of(arguments)
    keys_dir, mode = settings.keys_dir, settings.signing.mode
    if arguments.chain is None:
        own_authority.rotate(keys_dir, SystemClock().now())
    else:
        chain, found_root = read_chain_files(arguments.chain, arguments.root)
        install_certificate(keys_dir, chain, found_root, has_key_file=mode in ("development", "file"))
    (entry, *_) = read_ring(keys_dir)
    _show(entry, as_json=arguments.json)
    if not arguments.json:
        err().print("Restart the service and its workers to sign with it.")
    return 0


def revoke(arguments: argparse.Namespace) -> int:
    """Stop standing for a signer."""
    settings = settings_of(arguments)
    keys_dir = settings.keys_dir
    own_authority.revoke(keys_dir, arguments.fingerprint, arguments.reason, SystemClock().now())
    if own_authority.has_own_authority(keys_dir):
        err().print("Revoked; the new revocation list is published at /.well-known/inspection.crl.")
    else:
        err().print("Noted, and published in the key set. Ask the authority that issued it to revoke it too.")
    return 0


def platform(arguments: argparse.Namespace) -> int:
    """Admit a platform and print its key, which is shown this once."""

    async def act(identity: Identity) -> dict[str, str]:
        kind: TenantKind = "sandbox" if arguments.sandbox else "live"
        # No operators are bothered with cases of no real car.
        grant = None if arguments.sandbox else HOUSE
        tenant = await identity.create_tenant(arguments.name, kind=kind, organisation_id=grant)
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


def _current(settings: Settings) -> RingEntry:
    (entry, *_) = read_ring(settings.keys_dir)
    return entry


def _entry(entry: RingEntry) -> dict[str, Any]:
    leaf = entry.chain[0]
    key = leaf.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return {
        "sha256": entry.sha256,
        "kid": thumbprint(key),
        "name": common_name(leaf),
        "in_use": entry.is_current,
        "is_development": is_development(entry.chain),
        "valid_from": isoformat(leaf.not_valid_before_utc),
        "valid_until": isoformat(leaf.not_valid_after_utc),
        "revoked_at": None if entry.revoked is None else isoformat(entry.revoked.at),
        "reason": None if entry.revoked is None else entry.revoked.reason,
    }


def _show(entry: RingEntry, *, as_json: bool) -> None:
    shown = [
        {
            "name": common_name(certificate),
            "sha256": fingerprint(certificate),
            "valid_until": isoformat(certificate.not_valid_after_utc),
        }
        for certificate in entry.chain
    ]
    if as_json:
        write_json({"is_development": is_development(entry.chain), "chain": shown})
        return
    for certificate in shown:
        out().print(
            f"{certificate['name']}\n  until {certificate['valid_until']}\n  SHA-256 {certificate['sha256']}"
        )
    if is_development(entry.chain):
        out().print("These are development keys: reports made with them say so.")
