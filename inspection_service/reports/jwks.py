"""All signers of this service, past ones too, in the form other programs read keys in.

A JWK set (RFC 7517); revoked and expired keys stay in it, marked as in OpenID Federation 1.0, section 8.7.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from inspection_service.reports.key_ring import RingEntry
from inspection_service.reports.sign_json import P256_BYTES, b64url, thumbprint


def jwks(entries: Sequence[RingEntry]) -> dict[str, Any]:
    """Return all signers: whoever has an old report finds the key that signed it, by its ``kid`` (RFC 7638)."""
    return {"keys": [_jwk(entry) for entry in entries]}


def _jwk(entry: RingEntry) -> dict[str, Any]:
    leaf = entry.chain[0]
    key = leaf.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    numbers = key.public_numbers()
    der = serialization.Encoding.DER
    shown: dict[str, Any] = {
        "kty": "EC",
        "crv": "P-256",
        "x": b64url(numbers.x.to_bytes(P256_BYTES, "big")),
        "y": b64url(numbers.y.to_bytes(P256_BYTES, "big")),
        "use": "sig",
        "alg": "ES256",
        "kid": thumbprint(key),
        "x5c": [base64.b64encode(c.public_bytes(der)).decode("ascii") for c in entry.chain],
        "nbf": int(leaf.not_valid_before_utc.timestamp()),
        "exp": int(leaf.not_valid_after_utc.timestamp()),
    }
    if entry.revoked is not None:
        shown["revoked"] = {"revoked_at": int(entry.revoked.at.timestamp()), "reason": entry.revoked.reason}
    return shown
