"""A signature beside the record: detached JWS, ES256, with the certificates in its header.

Implements RFC 7515 (appendix F, detached content) with ``x5c`` and an ``iat`` header in seconds (RFC 7519).
"""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from inspection_service.reports.canonical import canonical_bytes, sha256_hex
from inspection_service.reports.keys import Signer
from inspection_service.reports.records import DraftReport

MEDIA_TYPE: Final = "application/vnd.inspection-report+json"
CORRECTION_TYPE: Final = "application/vnd.inspection-correction+json"
BUNDLE_TYPE: Final = "application/vnd.inspection-bundle+json"
HEAD_TYPE: Final = "application/vnd.inspection-log-head+json"
P256_BYTES: Final = 32


def sign_json(draft: DraftReport, signer: Signer) -> str:
    """Sign the canonical bytes of a draft.

    Returns:
        ``header..signature``; whoever verifies must have the JSON file too.
    """
    return sign_bytes(draft.json_bytes, signer, signed_at=draft.sealed_at, media_type=MEDIA_TYPE)


def sign_bytes(
    data: bytes, signer: Signer, *, signed_at: datetime, media_type: str, is_detached: bool = True
) -> str:
    """Sign any canonical JSON of ours: a record, a correction, a list of a bundle, a head of the log.

    Args:
        data: Canonical bytes.
        signer: Whose key.
        signed_at: By the service's clock; stands in the header in seconds.
        media_type: What the bytes are (``cty``), so that one kind of document cannot be passed off as another.
        is_detached: Leave the content out of the signature file.

    Returns:
        ``header..signature``, or ``header.content.signature``.
    """
    leaf_key = signer.chain[0].public_key()
    assert isinstance(leaf_key, ec.EllipticCurvePublicKey)
    header = {
        "alg": "ES256",
        "cty": media_type,
        "iat": _seconds(signed_at),
        "kid": thumbprint(leaf_key),
        "x5c": [
            base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode("ascii")
            for certificate in signer.chain
        ],
    }
    protected = b64url(canonical_bytes(header))
    payload = b64url(data)
    signing_input = f"{protected}.{payload}".encode("ascii")
    r, s = decode_dss_signature(signer.sign_digest(bytes.fromhex(sha256_hex(signing_input))))
    raw = r.to_bytes(P256_BYTES, "big") + s.to_bytes(P256_BYTES, "big")
    return f"{protected}.{'' if is_detached else payload}.{b64url(raw)}"


def thumbprint(key: ec.EllipticCurvePublicKey) -> str:
    """Name a key by what it is (RFC 7638)."""
    from joserfc.jwk import ECKey  # takes a third of a second, which whoever only verifies need not wait for

    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return str(ECKey.import_key(pem).thumbprint())


def b64url(data: bytes) -> str:
    """Encode without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def strict_b64url(text: str) -> bytes:
    """Decode, refusing every spelling but the one ``b64url`` writes, so that no changed character passes.

    Raises:
        ValueError: Another spelling, or not base64url at all.
    """
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if b64url(data) != text:
        raise ValueError("not base64url in its only spelling")
    return data


def header_of(jws: str) -> dict[str, object]:
    """Read the protected header without trusting it.

    Raises:
        ValueError: It is not canonical JSON in base64url.
    """
    raw = strict_b64url(jws.split(".", 1)[0])
    header = json.loads(raw)
    if not isinstance(header, dict) or canonical_bytes(header) != raw:
        raise ValueError("the header is not a canonical JSON object")
    return header


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
