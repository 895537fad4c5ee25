"""Reads signatures over JSON strictly: ES256 with the certificates in the header, one spelling and no more.

Implements RFC 7515 (detached content, appendix F, and compact) with ``x5c``, ``iat`` and ``kid`` (RFC 7638). Written
against ``cryptography`` alone, so that a verifier starts quickly and shares no code with what signed.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from inspection_service.reports.answers import Fault
from inspection_service.reports.canonical import canonical_bytes, load_record
from inspection_service.reports.keys import load_certificate
from inspection_service.reports.sign_json import MEDIA_TYPE, b64url, strict_b64url

MAX_JWS_BYTES: Final = 64 << 10
_P256_BYTES: Final = 32
_HEADER_KEYS: Final = frozenset({"alg", "cty", "iat", "kid", "x5c"})


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that fits its content."""

    chain: tuple[x509.Certificate, ...]
    """The signer's certificate first, each issued by the next."""
    at: datetime
    """By the signer's own clock."""
    content_type: str


def verify_detached(content: bytes, jws: bytes, *, media_type: str = MEDIA_TYPE) -> Signed:
    """Verify a detached signature (``header..signature``) over content given beside it.

    Raises:
        Fault: ``jws_malformed`` (no such signature) or ``jws_mismatch`` (it does not fit the content).
    """
    protected, payload, signature = _split(jws)
    if payload:
        raise Fault("jws_malformed")
    signed = _header(protected)
    if signed.content_type != media_type:
        raise Fault("jws_malformed")
    _verify(signed.chain, protected, b64url(content), signature)
    return signed


def verify_compact(jws: bytes, *, media_type: str) -> tuple[bytes, Signed]:
    """Verify a signature that carries its content; return the content too.

    Raises:
        Fault: ``jws_malformed`` or ``jws_mismatch``.
    """
    protected, payload, signature = _split(jws)
    signed = _header(protected)
    if signed.content_type != media_type:
        raise Fault("jws_malformed")
    _verify(signed.chain, protected, payload, signature)
    try:
        return strict_b64url(payload), signed
    except ValueError as exc:
        raise Fault("jws_malformed") from exc


def _split(jws: bytes) -> tuple[str, str, str]:
    if len(jws) > MAX_JWS_BYTES:
        raise Fault("jws_malformed")
    try:
        protected, payload, signature = jws.decode("ascii").split(".")
    except ValueError as exc:
        raise Fault("jws_malformed") from exc
    return protected, payload, signature


def _verify(chain: tuple[x509.Certificate, ...], protected: str, payload: str, signature: str) -> None:
    try:
        raw = strict_b64url(signature)
    except ValueError as exc:
        raise Fault("jws_malformed") from exc
    if len(raw) != 2 * _P256_BYTES:
        raise Fault("jws_malformed")
    key = chain[0].public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    r, s = int.from_bytes(raw[:_P256_BYTES], "big"), int.from_bytes(raw[_P256_BYTES:], "big")
    try:
        signing_input = f"{protected}.{payload}".encode("ascii")
        key.verify(encode_dss_signature(r, s), signing_input, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError) as exc:
        raise Fault("jws_mismatch") from exc


@lru_cache(maxsize=16)
def _header(protected: str) -> Signed:
    """Read the header without trusting it; every part must be as we write it."""
    try:
        header = load_record(strict_b64url(protected))
        return _read_header(header)
    except (ValueError, TypeError, KeyError, OverflowError, OSError) as exc:
        raise Fault("jws_malformed") from exc


def _read_header(header: dict[str, Any]) -> Signed:
    certificates, iat = header["x5c"], header["iat"]
    if set(header) != _HEADER_KEYS or header["alg"] != "ES256" or not isinstance(header["cty"], str):
        raise ValueError("its header is not that of a report")
    if not isinstance(certificates, list) or not 1 <= len(certificates) <= 8 or type(iat) is not int:
        raise ValueError("its header is incomplete")
    chain = tuple(load_certificate(base64.b64decode(text, validate=True)) for text in certificates)
    if header["kid"] != _thumbprint(chain[0]):
        raise ValueError("its key has another name")
    for certificate, issuer in itertools.pairwise(chain):
        try:
            certificate.verify_directly_issued_by(issuer)
        except InvalidSignature as exc:
            raise ValueError("a certificate was not issued by the next") from exc
    return Signed(chain, datetime.fromtimestamp(iat, UTC), header["cty"])


def _thumbprint(certificate: x509.Certificate) -> str:
    """Name a key by what it is (RFC 7638)."""
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    numbers = key.public_numbers()
    x, y = (b64url(n.to_bytes(_P256_BYTES, "big")) for n in (numbers.x, numbers.y))
    members = {"crv": "P-256", "kty": "EC", "x": x, "y": y}
    return b64url(hashlib.sha256(canonical_bytes(members)).digest())
