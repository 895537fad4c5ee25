"""Finds which certificate of a chain was revoked: by lists and answers that whoever may say so really signed.

RFC 5280 revocation lists and RFC 6960 answers, from the file or given beside it. What nobody entitled has signed says
nothing, and an old list or answer can only say more: what was revoked once stays revoked.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

MAX_CRL_BYTES: Final = 8 << 20
MAX_OCSP_BYTES: Final = 64 << 10
_NOT_COMPROMISED: Final = frozenset(
    {
        x509.ReasonFlags.unspecified,
        x509.ReasonFlags.affiliation_changed,
        x509.ReasonFlags.superseded,
        x509.ReasonFlags.cessation_of_operation,
    }
)
"""Reasons after which what was stamped before stays good (RFC 3161, section 4, point 1)."""
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    KeyError,
    InvalidSignature,
    UnsupportedAlgorithm,
    x509.ExtensionNotFound,
)


@dataclass(frozen=True, slots=True)
class Lists:
    """What is known about revocation, DER, from anybody."""

    crls: Sequence[bytes] = ()
    ocsps: Sequence[bytes] = ()

    def with_(self, crls: Sequence[bytes]) -> Lists:
        """Add lists that were given beside a file."""
        return Lists((*crls, *self.crls), self.ocsps)


@dataclass(frozen=True, slots=True)
class Revoked:
    """A certificate that was revoked."""

    certificate: x509.Certificate
    at: datetime
    reason: x509.ReasonFlags | None = field(default=None)

    @property
    def may_be_compromised(self) -> bool:
        """Whether somebody else may have had the key even before."""
        return self.reason not in _NOT_COMPROMISED


def first_revoked(path: Sequence[x509.Certificate], lists: Lists) -> Revoked | None:
    """Find the certificate of a path that was revoked first.

    Args:
        path: Leaf first, root last.
        lists: Those that cannot be read, or that nobody entitled has signed, are passed over.
    """
    found = [each for der in lists.crls for each in _by_list(der, path)]
    found += [each for der in lists.ocsps for each in _by_answer(der, path)]
    return min(found, key=lambda each: each.at, default=None)


def _by_list(der: bytes, path: Sequence[x509.Certificate]) -> list[Revoked]:
    if len(der) > MAX_CRL_BYTES:
        return []
    found: list[Revoked] = []
    try:
        crl = x509.load_der_x509_crl(der)
        for certificate, issuer in itertools.pairwise(path):
            entry = _entry(crl, certificate, issuer)
            if entry is not None:
                found.append(Revoked(certificate, entry.revocation_date_utc, _reason(entry)))
    except _UNREADABLE:
        return found
    return found


def _entry(
    crl: x509.CertificateRevocationList, certificate: x509.Certificate, issuer: x509.Certificate
) -> x509.RevokedCertificate | None:
    key = issuer.public_key()
    if crl.issuer != issuer.subject or certificate.issuer != issuer.subject:
        return None
    if not isinstance(key, (ec.EllipticCurvePublicKey, rsa.RSAPublicKey, ed25519.Ed25519PublicKey)):
        return None
    return (
        crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if crl.is_signature_valid(key)
        else None
    )


def _reason(entry: x509.RevokedCertificate) -> x509.ReasonFlags | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return None


def _by_answer(der: bytes, path: Sequence[x509.Certificate]) -> list[Revoked]:
    if len(der) > MAX_OCSP_BYTES:
        return []
    found: list[Revoked] = []
    try:
        answer = ocsp.load_der_ocsp_response(der)
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return []
        for single in answer.responses:
            for certificate, issuer in itertools.pairwise(path):
                at = single.revocation_time_utc
                if at is None or not _is_about(single, certificate, issuer):
                    continue
                if _is_signed(answer, issuer):
                    found.append(Revoked(certificate, at, single.revocation_reason))
    except _UNREADABLE:
        return found
    return found


def _is_about(
    single: ocsp.OCSPSingleResponse, certificate: x509.Certificate, issuer: x509.Certificate
) -> bool:
    """Whether an answer names this certificate: its number, and its issuer by name and key (RFC 6960, 4.1.1)."""
    name = hashes.Hash(single.hash_algorithm)
    name.update(issuer.subject.public_bytes())
    return (
        single.serial_number == certificate.serial_number
        and single.issuer_name_hash == name.finalize()
        and single.issuer_key_hash == _key_hash(issuer, single.hash_algorithm)
    )


def _key_hash(certificate: x509.Certificate, algorithm: hashes.HashAlgorithm) -> bytes:
    """Hash the bits of a public key, without the algorithm around them."""
    public = certificate.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        bits = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    elif isinstance(public, ec.EllipticCurvePublicKey):
        bits = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    elif isinstance(public, ed25519.Ed25519PublicKey):
        bits = public.public_bytes_raw()
    else:
        raise UnsupportedAlgorithm("a key of another kind")
    hashed = hashes.Hash(algorithm)
    hashed.update(bits)
    return hashed.finalize()


def _is_signed(answer: ocsp.OCSPResponse, issuer: x509.Certificate) -> bool:
    """Whether the issuer signed an answer, or somebody it appointed for just that (RFC 6960, 4.2.2.2)."""
    if _fits(answer, issuer):
        return True
    for responder in answer.certificates:
        if responder.issuer != issuer.subject or not _fits(answer, responder):
            continue
        usage = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        responder.verify_directly_issued_by(issuer)
        is_valid = responder.not_valid_before_utc <= answer.produced_at_utc <= responder.not_valid_after_utc
        if ExtendedKeyUsageOID.OCSP_SIGNING in usage and is_valid:
            return True
    return False


def _fits(answer: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key, algorithm = signer.public_key(), answer.signature_hash_algorithm
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and algorithm is not None:
            key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey) and algorithm is not None:
            key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(answer.signature, answer.tbs_response_bytes)
        else:
            return False
    except InvalidSignature:
        return False
    return True
