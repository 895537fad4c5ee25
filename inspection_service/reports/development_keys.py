"""Signing keys for a machine that has none, marked so that nobody can take them for real ones.

Root -> issuing -> signer, all ECDSA P-256 (RFC 5280; key usage of the signer as RFC 9336 asks for documents).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from inspection_service.clock import Clock
from inspection_service.reports.errors import KeysUnusable
from inspection_service.reports.keys import CHAIN_FILE, DEVELOPMENT_MARK, KEY_FILE, ROOT_FILE, FileSigner

DOCUMENT_SIGNING: Final = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""Source: RFC 9336, id-kp-documentSigning."""
LIFETIME: Final = timedelta(days=3650)
"""Ten years: as long as a report may have to be read; there is no timestamp that would outlive the certificate."""
CLOCK_SKEW: Final = timedelta(hours=1)


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
    root = _authority(root_name, root_key, root_name, root_key, start, path_length=1)
    issuing = _authority(issuing_name, issuing_key, root_name, root_key, start, path_length=0)
    signer = (
        _builder(signer_name, signer_key, issuing_name, issuing_key, start)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(digital_signature=True, content_commitment=True), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
        .sign(issuing_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    for name, key in (("root.key", root_key), ("issuing.key", issuing_key), (KEY_FILE, signer_key)):
        secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        _write(folder / name, secret, mode=0o600)
    _write(folder / CHAIN_FILE, signer.public_bytes(pem) + issuing.public_bytes(pem), mode=0o644)
    _write(folder / ROOT_FILE, root.public_bytes(pem), mode=0o644)


def _write(path: Path, data: bytes, *, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "inspection-service"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, DEVELOPMENT_MARK),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _builder(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    start: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
    )


def _authority(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    start: datetime,
    *,
    path_length: int,
) -> x509.Certificate:
    return (
        _builder(subject, key, issuer, issuer_key, start)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


def _key_usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
