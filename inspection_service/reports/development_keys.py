"""Signing keys for a machine that has none, marked so that nobody can take them for real ones.

Root -> issuing -> signer, all ECDSA P-256 (RFC 5280; key usage of the signer as RFC 9336 asks for documents).
"""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from inspection_service.clock import Clock
from inspection_service.reports.errors import KeysUnusable
from inspection_service.reports.key_ring import (
    CHAIN_FILE,
    CRLS,
    KEY_FILE,
    ROOT_FILE,
    write_file,
    write_secret,
)
from inspection_service.reports.keys import DEVELOPMENT_MARK, FileSigner
from inspection_service.reports.own_authority import (
    CLOCK_SKEW,
    ISSUING_KEY_FILE,
    LIFETIME,
    ROOT_KEY_FILE,
    authority_certificate,
    has_own_authority,
    private_pem,
    signer_certificate,
    write_crls,
)


def open_or_create(keys_dir: Path, clock: Clock) -> FileSigner:
    """Open the development keys of this instance, made on first use.

    Two processes that start together end with the same keys: the folder appears whole or not at all.

    Raises:
        KeysUnusable: The folder holds something else, or cannot be written.
    """
    if not (keys_dir / KEY_FILE).exists():
        try:
            _create(keys_dir, clock.now())
        except OSError as exc:
            raise KeysUnusable(f"Development keys cannot be written to {keys_dir}: {exc.strerror}.") from exc
    elif has_own_authority(keys_dir) and not (keys_dir / CRLS).exists():
        write_crls(keys_dir, clock.now())  # made before development keys had revocation lists
    return FileSigner.open(keys_dir)


def _create(keys_dir: Path, now: datetime) -> None:
    keys_dir.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".keys-", dir=keys_dir.parent))  # 0700
    try:
        _write_hierarchy(draft, now)
        try:
            draft.rename(keys_dir)  # replaces an empty folder, refuses one that holds anything
        except OSError:
            if not (keys_dir / KEY_FILE).exists():
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write_hierarchy(folder: Path, now: datetime) -> None:
    start = now.astimezone(UTC).replace(microsecond=0) - CLOCK_SKEW
    root_key, issuing_key, signer_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    # A readable name alone would be the same on every machine; verifiers that look roots up by name need it to differ.
    mark = x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()).digest.hex()[:8]
    root_name, issuing_name, signer_name = (
        _name(f"DEVELOPMENT {role} {mark}")
        for role in ("root", "issuing authority", "inspection report signer")
    )
    root = authority_certificate(root_name, root_key.public_key(), root_name, root_key, start, path_length=1)
    issuing = authority_certificate(
        issuing_name, issuing_key.public_key(), root_name, root_key, start, path_length=0
    )
    signer = signer_certificate(
        signer_name, signer_key.public_key(), issuing, issuing_key, start + LIFETIME, start
    )
    pem = serialization.Encoding.PEM
    for name, key in ((ROOT_KEY_FILE, root_key), (ISSUING_KEY_FILE, issuing_key), (KEY_FILE, signer_key)):
        write_secret(folder / name, private_pem(key))
    write_file(folder / CHAIN_FILE, signer.public_bytes(pem) + issuing.public_bytes(pem))
    write_file(folder / ROOT_FILE, root.public_bytes(pem))
    write_crls(folder, now)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "inspection-service"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, DEVELOPMENT_MARK),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )
