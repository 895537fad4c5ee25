"""Verifies the record with its detached signature (RFC 7515, ES256)."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws as jose
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry
from joserfc.registry import HeaderParameter

from inspection_service.clock import isoformat
from inspection_service.reports.answers import Answer, Answers, altered, unreadable
from inspection_service.reports.build import KIND, SCHEMA_VERSION
from inspection_service.reports.canonical import load_record
from inspection_service.reports.chain import trust
from inspection_service.reports.keys import common_name, fingerprint, is_development, load_certificate
from inspection_service.reports.sign_json import MEDIA_TYPE, header_of, strict_b64url, thumbprint

MAX_JSON_BYTES: Final = 16 << 20
MAX_JWS_BYTES: Final = 64 << 10
MAX_CLOCK_LEAD: Final = timedelta(hours=24)
"""A report from further in the future than any time zone mistake explains is not believed."""
_HEADER_KEYS: Final = frozenset({"alg", "cty", "iat", "kid", "x5c"})


class _Registry(JWSRegistry):
    """joserfc refuses headers over 512 bytes, which a certificate chain always exceeds."""

    max_header_length = MAX_JWS_BYTES
    max_payload_length = 2 * MAX_JSON_BYTES


_REGISTRY: Final = _Registry(
    header_registry={"iat": HeaderParameter("Issued at", "int")},
    algorithms=["ES256"],
    strict_check_header=True,
)


def verify_json(
    json_bytes: bytes, jws_bytes: bytes, roots: tuple[x509.Certificate, ...], *, now: datetime
) -> Answers:
    """Answer the four questions about a record and the signature given with it.

    Args:
        json_bytes: The file ``report.json``, unchanged.
        jws_bytes: The file ``report.jws``, unchanged.
        roots: Pinned from outside.
        now: The verifier's clock.
    """
    if len(json_bytes) > MAX_JSON_BYTES:
        return unreadable("The record is larger than any report.")
    if len(jws_bytes) > MAX_JWS_BYTES:
        return unreadable("The signature file is larger than any signature.")
    try:
        chain, iat = _read_header(jws_bytes)
    except (ValueError, TypeError, KeyError, IndexError) as exc:
        return unreadable(f"The signature file is not a detached ES256 signature of a report: {exc}.")
    leaf_key = chain[0].public_key()
    assert isinstance(leaf_key, ec.EllipticCurvePublicKey)
    key = ECKey.import_key(
        leaf_key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    try:
        jose.deserialize_compact(jws_bytes, key, payload=json_bytes, registry=_REGISTRY)
    except (JoseError, ValueError):
        return altered(
            "Record and signature do not belong together: one of them was changed, or is of another report."
        )
    try:
        record = load_record(json_bytes)
    except ValueError as exc:
        return altered(str(exc))
    what = describe(record)
    if isinstance(what, Answer):
        return Answers(what, signed_by(chain), Answer(None, "Not examined."), Answer(None, "Cannot be told."))
    time = claimed_time(record, datetime.fromtimestamp(iat, UTC), now)
    marked = development_answer(record, chain)
    return Answers(
        marked or Answer(True, f"Nothing was changed since it was signed: {what}."),
        signed_by(chain),
        trust(chain, roots, signed_at=datetime.fromtimestamp(iat, UTC), now=now),
        time,
    )


@lru_cache(maxsize=8)
def _read_header(jws_bytes: bytes) -> tuple[tuple[x509.Certificate, ...], int]:
    protected, payload, signature = jws_bytes.decode("ascii").split(".")
    if payload:
        raise ValueError("it carries a content of its own")
    if len(strict_b64url(signature)) != 64:
        raise ValueError("its signature has the wrong length")
    header = header_of(protected)
    if set(header) != _HEADER_KEYS or header["alg"] != "ES256" or header["cty"] != MEDIA_TYPE:
        raise ValueError("its header is not that of a report")
    certificates = header["x5c"]
    iat = header["iat"]
    if not isinstance(certificates, list) or not certificates or not isinstance(iat, int):
        raise ValueError("its header is incomplete")
    chain = tuple(load_certificate(base64.b64decode(text, validate=True)) for text in certificates)
    leaf_key = chain[0].public_key()
    assert isinstance(leaf_key, ec.EllipticCurvePublicKey)
    if header["kid"] != thumbprint(leaf_key):
        raise ValueError("its key has another name")
    return chain, iat


def describe(record: dict[str, Any]) -> str | Answer:
    """Say what a record is about; an answer when it is no report this version knows."""
    if record.get("kind") != KIND:
        return Answer(False, "This is signed, but it is not an inspection report.")
    version = str(record.get("schema_version"))
    if version.split(".", maxsplit=1)[0] != SCHEMA_VERSION.split(".")[0]:
        return Answer(None, f"This report has schema version {version}, which this verifier does not know.")
    inspection = record.get("inspection")
    number = inspection.get("id") if isinstance(inspection, dict) else None
    return f"report of inspection {number}, sealed {record.get('sealed_at')}"


def signed_by(chain: Sequence[x509.Certificate]) -> Answer:
    """Name the signer; whether to believe the name is the next question."""
    says = f"{common_name(chain[0])}, certificate fingerprint (SHA-256) {fingerprint(chain[0])}"
    if is_development(chain):
        says += "; marked as DEVELOPMENT keys"
    return Answer(True, f"{says}.")


def claimed_time(record: dict[str, Any], signed_at: datetime, now: datetime) -> Answer:
    """Say when, and by whose clock: nobody independent confirms it, so the best answer is ``None``."""
    try:
        sealed_at = datetime.fromisoformat(str(record["sealed_at"]))
        apart = abs(sealed_at - signed_at)
    except (KeyError, ValueError, TypeError):
        return Answer(False, "The record does not say when it was sealed.")
    if apart >= timedelta(seconds=1):
        return Answer(False, f"The record says {isoformat(sealed_at)}, the signature {isoformat(signed_at)}.")
    if signed_at > now + MAX_CLOCK_LEAD:
        return Answer(False, f"It claims to have been sealed in the future, {isoformat(signed_at)}.")
    return Answer(
        None, f"{isoformat(sealed_at)} by the signer's own clock, no timestamp authority confirms it."
    )


def development_answer(record: dict[str, Any], chain: Sequence[x509.Certificate]) -> Answer | None:
    """Refuse a report that hides or feigns that its keys are development keys."""
    notes = record.get("notes")
    if isinstance(notes, dict) and notes.get("development_keys") is is_development(chain):
        return None
    return Answer(False, "What the report says about its keys does not fit the certificate that signed it.")
