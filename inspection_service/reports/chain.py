"""Whether a signer's certificate leads to a root that somebody pinned: the file never brings its own trust.

Path validation of RFC 5280 by pyhanko-certvalidator, offline, at the time that is proven or else claimed; revocation by
the lists and answers in the file or given beside it; see ``verify_revoked``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathBuildingError

from inspection_service.reports.answers import Answer, Detail, moment
from inspection_service.reports.keys import common_name, fingerprint, is_development
from inspection_service.reports.loops import run_sync
from inspection_service.reports.verify_revoked import Lists, first_revoked

_SUFFIXES: Final = frozenset({".pem", ".crt", ".cer"})
_NOTHING: Final = Lists()
_SIGNING: Final = frozenset(
    {
        x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"),
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        x509.ObjectIdentifier("1.2.840.113583.1.1.5"),
        x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.12"),
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    }
)
"""Document signing (RFC 9336), e-mail, and what Adobe and Microsoft use for documents; a seal has one of them."""
_OTHER: Final = frozenset({ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.OCSP_SIGNING})
"""Whoever may say when, or what is revoked, must not be able to say it of his own reports."""


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
    revoked_by: Lists = _NOTHING,
) -> Answer:
    """Answer whether a signer is trusted.

    Args:
        chain: The signer's certificate first, as the file brought it; each has been issued by the next.
        trust: What the reader brought.
        claimed_at: The time the signature claims, by the signer's own clock.
        proven_at: The latest it can have been made, by somebody independent; ``None`` when nobody says.
        now: The verifier's clock.
        revoked_by: Revocation lists and answers the file brought.
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
    if not is_for_signing(leaf):
        return answer("no", "other_purpose")
    revoked = first_revoked([*chain, anchor], revoked_by.with_(trust.crls))
    if revoked is not None and (proven_at is None or proven_at >= revoked.at):
        why = "unproven_time" if proven_at is None else None
        return answer("revoked", why, revoked=moment(revoked.at), who=common_name(revoked.certificate))
    expired = min(certificate.not_valid_after_utc for certificate in chain)
    if now > expired and proven_at is None:
        return answer("expired", "since", until=moment(expired))
    why = "revoked_later" if revoked is not None else "development" if is_development(chain) else None
    more = {"root": common_name(anchor), "revoked": "" if revoked is None else moment(revoked.at)}
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
        if for_timestamps:
            path = await validator.async_validate_usage({"digital_signature"}, {"time_stamping"})  # type: ignore[no-untyped-call]
        else:  # what a signer's certificate is for is asked by ``is_for_signing``
            path = await validator.async_validate_path()
        found: asn1_x509.Certificate = path.first
        return found

    return x509.load_der_x509_certificate(run_sync(validate()).dump())


def is_for_signing(certificate: x509.Certificate) -> bool:
    """Whether a certificate was issued to sign documents with, and not for timestamps, web servers or anything else."""
    extensions = certificate.extensions
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        if not (usage.digital_signature or usage.content_commitment):
            return False
    except x509.ExtensionNotFound:
        pass
    try:
        purposes = set(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return True
    return bool(purposes & _SIGNING) and not purposes & _OTHER


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
