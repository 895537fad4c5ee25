"""Whether a signer's certificate leads to a root that somebody pinned: the file never brings its own trust.

Path validation of RFC 5280 by pyhanko-certvalidator, offline, at the time the signature claims.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathBuildingError

from inspection_service.reports.answers import Answer
from inspection_service.reports.keys import common_name, fingerprint, is_development
from inspection_service.reports.sign_pdf import run_sync

_SUFFIXES: Final = frozenset({".pem", ".crt", ".cer"})


class RootsUnreadable(Exception):
    """A root certificate could not be read: wrong usage, not a verdict on a report."""


def load_roots(paths: Iterable[Path]) -> tuple[x509.Certificate, ...]:
    """Read root certificates from files, and from folders of ``.pem``, ``.crt`` and ``.cer`` files.

    Raises:
        RootsUnreadable: A path does not exist or holds no certificate.
    """
    roots: list[x509.Certificate] = []
    for path in paths:
        try:
            files = sorted(p for p in path.iterdir() if p.suffix in _SUFFIXES) if path.is_dir() else [path]
            for file in files:
                data = file.read_bytes()
                if b"-----BEGIN CERTIFICATE-----" in data:
                    roots += x509.load_pem_x509_certificates(data)
                else:
                    roots.append(x509.load_der_x509_certificate(data))
        except OSError as exc:
            raise RootsUnreadable(f"{path}: {exc.strerror}") from exc
        except ValueError as exc:
            raise RootsUnreadable(f"{path}: not a certificate") from exc
    return tuple(roots)


def trust(
    chain: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    *,
    signed_at: datetime,
    now: datetime,
) -> Answer:
    """Answer whether a signer is trusted.

    Args:
        chain: The signer's certificate first, as the file brought it.
        roots: Pinned from outside.
        signed_at: The time the signature claims.
        now: The verifier's clock.

    Returns:
        True when the chain leads to a root; ``None`` when no root was given, or when the certificate has expired since
        and nothing but the signer's own clock says that it signed before; false otherwise.
    """
    leaf = chain[0]
    who = f"{common_name(chain[-1])}, certificate fingerprint (SHA-256) {fingerprint(chain[-1])}"
    if not roots:
        return Answer(None, f"No root certificate was given. The chain ends with {who}.")
    if signed_at < leaf.not_valid_before_utc:
        return Answer(
            False, f"The signer's certificate was not valid before {_day(leaf.not_valid_before_utc)}."
        )
    if signed_at > leaf.not_valid_after_utc:
        return Answer(False, f"The signer's certificate had expired on {_day(leaf.not_valid_after_utc)}.")
    for certificate in chain:
        if _outer(certificate) != _inner(certificate):
            return Answer(False, "A certificate in the file has been altered.")
    try:
        run_sync(_validate(chain, roots, signed_at))
    except PathBuildingError:
        return Answer(
            False, f"Unknown root: the chain does not lead to a root you trust. It ends with {who}."
        )
    except Exception as exc:  # hostile certificates can fail anywhere inside the validator
        return Answer(False, f"The chain of certificates does not hold: {exc}")
    if now > leaf.not_valid_after_utc:
        return Answer(
            None,
            f"The signer's certificate expired on {_day(leaf.not_valid_after_utc)}; no timestamp authority confirms "
            "that the signature was made before.",
        )
    says = f"The chain leads to a root you trust: {', '.join(sorted({common_name(r) for r in roots}))}."
    if is_development(chain):
        says += " These are DEVELOPMENT keys: whoever runs the service can make such."
    return Answer(True, says)


async def _validate(
    chain: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], signed_at: datetime
) -> None:
    context = ValidationContext(
        trust_roots=[_asn1(root) for root in roots],
        other_certs=[_asn1(certificate) for certificate in chain[1:]],
        moment=signed_at,
        allow_fetching=False,
        revocation_mode="soft-fail",
    )
    validator = CertificateValidator(_asn1(chain[0]), validation_context=context)
    await validator.async_validate_usage({"digital_signature"})  # type: ignore[no-untyped-call]


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


def _outer(certificate: x509.Certificate) -> bytes:
    dumped: bytes = _asn1(certificate)["signature_algorithm"].dump()
    return dumped


def _inner(certificate: x509.Certificate) -> bytes:
    dumped: bytes = _asn1(certificate)["tbs_certificate"]["signature"].dump()
    return dumped


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
