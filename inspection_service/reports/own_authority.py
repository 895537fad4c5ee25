"""A small certificate authority in a folder: development keys have one, and so may whoever runs a root of their own.

Root -> issuing -> signer, all ECDSA P-256 (RFC 5280; key usage of the signer as RFC 9336 asks for documents).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from inspection_service.reports.errors import KeysUnusable
from inspection_service.reports.key_ring import (
    CRLS,
    Revoked,
    install,
    note_revoked,
    read_chain,
    read_ring,
    replace_file,
)
from inspection_service.reports.keys import read_key

ROOT_KEY_FILE: Final = "root.key"
ISSUING_KEY_FILE: Final = "issuing.key"
DOCUMENT_SIGNING: Final = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""Source: RFC 9336, id-kp-documentSigning."""
LIFETIME: Final = timedelta(days=3650)
"""Ten years: as long as a report may have to be read without a timestamp that would outlive the certificate."""
CLOCK_SKEW: Final = timedelta(hours=1)
_PEM: Final = serialization.Encoding.PEM


def has_own_authority(keys_dir: Path) -> bool:
    """Whether the folder can issue and revoke certificates by itself."""
    return (keys_dir / ISSUING_KEY_FILE).exists()


def rotate(keys_dir: Path, now: datetime) -> Path:
    """Issue a certificate for a new key, to the same name as before, and put it in use.

    Raises:
        KeysUnusable: The folder has no authority of its own, or cannot be written.
    """
    if not has_own_authority(keys_dir):
        raise KeysUnusable(
            "These keys were not issued here: get a certificate for a new key and name it with --chain."
        )
    issuing_key = read_key(keys_dir / ISSUING_KEY_FILE)
    (chain, _) = read_chain(keys_dir, keys_dir)
    issuing = chain[1]
    key = ec.generate_private_key(ec.SECP256R1())
    start = now.astimezone(UTC).replace(microsecond=0) - CLOCK_SKEW
    end = min(start + LIFETIME, issuing.not_valid_after_utc)
    leaf = signer_certificate(chain[0].subject, key.public_key(), issuing, issuing_key, end, start)
    return install(keys_dir, [leaf, *chain[1:]], key_pem=private_pem(key))


def revoke(keys_dir: Path, sha256: str, reason: str, now: datetime) -> None:
    """Stop standing for a signer: note it, and sign a new revocation list where the authority is our own.

    Args:
        keys_dir: The folder of the keys.
        sha256: Fingerprint of the signer's certificate; its beginning is enough when it is the only one.
        reason: ``key_compromise``, ``superseded``, ``cessation_of_operation`` or ``unspecified``.
        now: When.

    Raises:
        KeysUnusable: There is no such signer, or more than one.
    """
    found = [entry for entry in read_ring(keys_dir) if entry.sha256.startswith(sha256.lower())]
    if len(found) != 1 or len(sha256) < 8:
        raise KeysUnusable(
            "Name one signer by at least the first 8 digits of its fingerprint: `inspection-service keys list`."
        )
    note_revoked(keys_dir, found[0].sha256, Revoked(now.astimezone(UTC).replace(microsecond=0), reason))
    if has_own_authority(keys_dir):
        write_crls(keys_dir, now)


def write_crls(keys_dir: Path, now: datetime) -> None:
    """Sign the revocation lists of root and issuing authority anew."""
    (chain, root) = read_chain(keys_dir, keys_dir)
    issuing_key = read_key(keys_dir / ISSUING_KEY_FILE)
    (keys_dir / CRLS).mkdir(exist_ok=True)
    entries = [
        (entry.chain[0].serial_number, entry.revoked)
        for entry in read_ring(keys_dir)
        if entry.revoked is not None and entry.chain[0].issuer == chain[1].subject
    ]
    replace_file(keys_dir / CRLS / "issuing.crl", _crl(chain[1], issuing_key, entries, now))
    if (keys_dir / ROOT_KEY_FILE).exists():
        replace_file(keys_dir / CRLS / "root.crl", _crl(root, read_key(keys_dir / ROOT_KEY_FILE), [], now))


def signer_certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuing: x509.Certificate,
    issuing_key: ec.EllipticCurvePrivateKey,
    until: datetime,
    start: datetime,
) -> x509.Certificate:
    """Issue a certificate to sign reports with."""
    return (
        builder(subject, key, issuing.subject, issuing_key.public_key(), start, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(digital_signature=True, content_commitment=True), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
        .sign(issuing_key, hashes.SHA256())
    )


def authority_certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    start: datetime,
    *,
    path_length: int,
) -> x509.Certificate:
    """Issue a certificate to issue certificates with."""
    return (
        builder(subject, key, issuer, issuer_key.public_key(), start, start + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(key_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


def private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Write a private key as it lies in its file."""
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def builder(
    subject: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePublicKey,
    start: datetime,
    until: datetime,
) -> x509.CertificateBuilder:
    """Start a certificate with what all of them have."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def key_usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    """Say what a key may be used for; nothing else."""
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


def _crl(
    issuer: x509.Certificate,
    key: ec.EllipticCurvePrivateKey,
    entries: list[tuple[int, Revoked]],
    now: datetime,
) -> bytes:
    at = now.astimezone(UTC).replace(microsecond=0)
    listed = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(at - CLOCK_SKEW)
        .next_update(at + LIFETIME)
        .add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    for serial, revoked in entries:
        listed = listed.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(serial)
            .revocation_date(revoked.at)
            .add_extension(x509.CRLReason(x509.ReasonFlags[revoked.reason]), critical=False)
            .build()
        )
    return listed.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
