"""Whether a signer's certificate leads to a root that somebody pinned: the file never brings its own trust.

Path validation of RFC 5280 by pyhanko-certvalidator, offline, at the time that is proven or else claimed; revocation by
the lists (CRL) in the file or given beside it, each believed only when its issuer signed it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathBuildingError

from inspection_service.reports.answers import Answer, Detail, moment
from inspection_service.reports.keys import common_name, fingerprint, is_development
from inspection_service.reports.loops import run_sync

_SUFFIXES: Final = frozenset({".pem", ".crt", ".cer"})
MAX_CRL_BYTES: Final = 8 << 20


class RootsUnreadable(Exception):
    """A root certificate could not be read: wrong usage, not a verdict on a report."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What the reader brings: nothing in it comes from the files that are judged."""

    roots: tuple[x509.Certificate, ...] = ()
    tsa_roots: tuple[x509.Certificate, ...] = ()
    crls: tuple[bytes, ...] = ()
    """DER."""


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
    return tuple(dict.fromkeys(roots))


def load_crls(paths: Iterable[Path]) -> tuple[bytes, ...]:
    """Read revocation lists, PEM or DER.

    Raises:
        RootsUnreadable: A path does not exist or holds no revocation list.
    """
    found: list[bytes] = []
    for path in paths:
        try:
            data = path.read_bytes()
            is_pem = data.lstrip().startswith(b"-----")
            crl = x509.load_pem_x509_crl(data) if is_pem else x509.load_der_x509_crl(data)
        except OSError as exc:
            raise RootsUnreadable(f"{path}: {exc.strerror}") from exc
        except ValueError as exc:
            raise RootsUnreadable(f"{path}: not a revocation list") from exc
        found.append(crl.public_bytes(serialization.Encoding.DER))
    return tuple(found)


def judge(
    chain: Sequence[x509.Certificate],
    trust: Trust,
    *,
    claimed_at: datetime,
    proven_at: datetime | None,
    now: datetime,
    crls: Sequence[bytes] = (),
) -> Answer:
    """Answer whether a signer is trusted.

    Args:
        chain: The signer's certificate first, as the file brought it; each has been issued by the next.
        trust: What the reader brought.
        claimed_at: The time the signature claims, by the signer's own clock.
        proven_at: The latest it can have been made, by somebody independent; ``None`` when nobody says.
        now: The verifier's clock.
        crls: Revocation lists the file brought.
    """
    leaf = chain[0]
    at = proven_at or claimed_at
    values = {
        "signer": common_name(leaf),
        "issuer": common_name(chain[-1]),
        "fingerprint": fingerprint(chain[-1]),
        "from": moment(leaf.not_valid_before_utc),
        "until": moment(leaf.not_valid_after_utc),
        "at": moment(at),
    }
    details = _details(chain, at, proven_at is not None)

    def answer(code: str, why: str | None = None, **more: str) -> Answer:
        return Answer("signer", code, why, {**values, **more}, details)

    for certificate in chain:
        if min(at, claimed_at) < certificate.not_valid_before_utc:
            return answer("not_yet_valid", **{"from": moment(certificate.not_valid_before_utc)})
        if max(at, claimed_at) > certificate.not_valid_after_utc:
            return answer("expired", "when_signed", until=moment(certificate.not_valid_after_utc))
        if not _is_unaltered(certificate):
            return answer("no", "altered_certificate")
    if not trust.roots:
        return answer("unknown_root", "none_given")
    try:
        anchor = path_to(chain, trust.roots, at=at)
    except PathBuildingError:
        claimed = next((root for root in trust.roots if _is_named(root, chain[-1])), None)
        if claimed is not None and claimed not in chain:
            return answer("no", "not_issued", root=common_name(claimed))
        return answer("unknown_root")
    except Exception:  # hostile certificates can fail anywhere inside the validator
        return answer("no", "broken_chain")
    revoked = first_revoked([*chain, anchor], (*trust.crls, *crls))
    if revoked is not None and (proven_at is None or proven_at >= revoked[1]):
        why = "unproven_time" if proven_at is None else None
        return answer("revoked", why, revoked=moment(revoked[1]), who=common_name(revoked[0]))
    expired = min(certificate.not_valid_after_utc for certificate in chain)
    if now > expired and proven_at is None:
        return answer("expired", "since", until=moment(expired))
    why = "revoked_later" if revoked is not None else "development" if is_development(chain) else None
    more = {"root": common_name(anchor), "revoked": "" if revoked is None else moment(revoked[1])}
    return answer("trusted", why, **more)


def path_to(
    chain: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    *,
    at: datetime,
    for_timestamps: bool = False,
) -> x509.Certificate:
    """Build and check the path from a certificate to one of the roots.

    Returns:
        The root it ends in.

    Raises:
        PathBuildingError: It leads to none of them.
        Exception: It leads there and does not hold; libraries have many names for that.
    """

    async def validate() -> asn1_x509.Certificate:
        context = ValidationContext(
            trust_roots=[_asn1(root) for root in roots],
            other_certs=[_asn1(certificate) for certificate in chain[1:]],
            moment=at,
            allow_fetching=False,
            revocation_mode="soft-fail",
        )
        validator = CertificateValidator(_asn1(chain[0]), validation_context=context)
        purposes = {"time_stamping"} if for_timestamps else set()
        path = await validator.async_validate_usage(  # type: ignore[no-untyped-call]
            {"digital_signature"}, purposes, extended_optional=not for_timestamps
        )
        found: asn1_x509.Certificate = path.first
        return found

    return x509.load_der_x509_certificate(run_sync(validate()).dump())


def first_revoked(
    path: Sequence[x509.Certificate], crls: Sequence[bytes]
) -> tuple[x509.Certificate, datetime] | None:
    """Find the certificate of a path that was revoked first, by lists its issuer really signed.

    Args:
        path: Leaf first, root last.
        crls: DER; those that cannot be read or are of other issuers are passed over.
    """
    found: list[tuple[x509.Certificate, datetime]] = []
    for der in crls:
        if len(der) > MAX_CRL_BYTES:
            continue
        try:
            crl = x509.load_der_x509_crl(der)
            for certificate, issuer in itertools.pairwise(path):
                entry = _entry(crl, certificate, issuer)
                if entry is not None:
                    found.append((certificate, entry.revocation_date_utc))
        except (ValueError, TypeError, InvalidSignature):
            continue
    return min(found, key=lambda each: each[1], default=None)


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


def _is_named(root: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether a certificate says that a root issued it, by the root's name or by its key."""
    if root.subject == certificate.issuer:
        return True
    try:
        named = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        key = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    except x509.ExtensionNotFound:
        return False
    return named.key_identifier == key.digest


def _details(chain: Sequence[x509.Certificate], at: datetime, is_proven: bool) -> tuple[Detail, ...]:
    return (
        Detail("signer", common_name(chain[0])),
        Detail("signer_fingerprint", fingerprint(chain[0])),
        *(
            Detail("issuer", f"{common_name(certificate)}, SHA-256 {fingerprint(certificate)}")
            for certificate in chain[1:]
        ),
        Detail("valid", f"{moment(chain[0].not_valid_before_utc)} – {moment(chain[0].not_valid_after_utc)}"),
        Detail("judged_at_proven" if is_proven else "judged_at_claimed", moment(at)),
    )


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


def _is_unaltered(certificate: x509.Certificate) -> bool:
    """Whether the algorithm outside the signed part is the one inside it, which nothing else protects."""
    loaded = _asn1(certificate)
    is_same: bool = loaded["signature_algorithm"].dump() == loaded["tbs_certificate"]["signature"].dump()
    return is_same
