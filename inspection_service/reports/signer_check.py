"""Asks before each seal whether the signer's certificate is good now: no report leaves with a dead signature."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import ExpiredError, NotYetValidError, RevokedError

from inspection_service.reports.errors import SealingMustWait
from inspection_service.reports.keys import Signer
from inspection_service.reports.loops import run_sync
from inspection_service.reports.revocation import (
    Revocation,
    ValidationData,
    mode_for,
    moment_for,
    revoked_one,
)
from inspection_service.reports.timestamps import to_asn1


def check_signer(signer: Signer, revocation: Revocation, now: datetime) -> ValidationData:
    """Validate the signer's chain at the moment of sealing (RFC 5280).

    Returns:
        What a reader needs to do the same offline.

    Raises:
        SealingMustWait: A certificate has expired, is not valid yet or was revoked, or nobody says whether it was.
    """
    root = x509.load_pem_x509_certificate(signer.root_pem)
    chain = [*signer.chain, root]
    data = revocation.of(chain, now)
    context = ValidationContext(
        trust_roots=[to_asn1(root)],
        other_certs=[to_asn1(certificate) for certificate in signer.chain[1:]],
        moment=moment_for(data, now),
        allow_fetching=False,
        crls=list(data.crls),
        ocsps=list(data.ocsps),
        revocation_mode=mode_for(chain, data),
    )
    if revoked_one(chain, data, now) is not None:
        raise SealingMustWait("signer_revoked", "The signing certificate, or one above it, is revoked.")
    validator = CertificateValidator(to_asn1(signer.chain[0]), validation_context=context)
    try:
        run_sync(validator.async_validate_usage({"digital_signature"}))  # type: ignore[no-untyped-call]
    except ExpiredError as exc:
        raise SealingMustWait(
            "signer_expired", "The signing certificate, or one above it, has expired."
        ) from exc
    except NotYetValidError as exc:
        raise SealingMustWait("signer_not_yet_valid", "The signing certificate is not valid yet.") from exc
    except RevokedError as exc:
        raise SealingMustWait(
            "signer_revoked", "The signing certificate, or one above it, is revoked."
        ) from exc
    except Exception as exc:  # the validator has a class of its own for each way of not holding
        raise SealingMustWait(
            "revocation_unknown", "The chain of the signing certificate does not hold."
        ) from exc
    return data
