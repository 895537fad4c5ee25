"""Whether certificates have been revoked: learned before signing, and put into the document for later readers.

RFC 5280 revocation lists and RFC 6960 answers, from the folder of the keys and from the addresses in the certificates.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, Protocol

import httpx
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from inspection_service.reports.errors import SealingMustWait

MAX_ANSWER_BYTES: Final = 8 << 20
"""Revocation lists of large public authorities take megabytes; one that size in every report would be refused."""
MAX_KEPT: Final = timedelta(hours=12)
"""An answer is asked for again after this, however long its authority says it is good for."""
MAX_AHEAD: Final = timedelta(minutes=5)
"""The clock of an authority may be before ours by so much."""
_DER: Final = serialization.Encoding.DER


class Fetch(Protocol):
    """Asks an address of a certificate."""

    def __call__(self, url: str, body: bytes | None) -> bytes:
        """Return the answer to a GET, or to a POST of an OCSP request.

        Raises:
            OSError: There is no answer, or none that can be used.
        """
        ...


@dataclass(frozen=True, slots=True)
class ValidationData:
    """What lets somebody check chains of certificates offline."""

    certificates: tuple[x509.Certificate, ...] = ()
    """Without the roots, which must come from outside."""
    crls: tuple[bytes, ...] = ()
    """DER."""
    ocsps: tuple[bytes, ...] = ()
    """DER of whole OCSP responses."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known about revocation."""
        return not self.crls and not self.ocsps

    def with_(self, other: ValidationData) -> ValidationData:
        """Put two sets together, each thing once, in the order it came."""
        return ValidationData(
            tuple(dict.fromkeys(self.certificates + other.certificates)),
            tuple(dict.fromkeys(self.crls + other.crls)),
            tuple(dict.fromkeys(self.ocsps + other.ocsps)),
        )


class HttpFetch:
    """Asks over HTTP, within a time and a size; no redirects, no proxies from the environment."""

    def __init__(self, timeout_s: float) -> None:
        """Set the longest wait for one whole answer."""
        self._timeout_s = timeout_s

    def __call__(self, url: str, body: bytes | None) -> bytes:
        """Ask; see ``Fetch``."""
        headers = {} if body is None else {"Content-Type": "application/ocsp-request"}
        return fetch(url, body, headers, timeout_s=self._timeout_s, limit_bytes=MAX_ANSWER_BYTES)


class TooSlow(OSError):
    """The answer did not come in time."""


def fetch(
    url: str, body: bytes | None, headers: dict[str, str], *, timeout_s: float, limit_bytes: int
) -> bytes:
    """Ask once; the time is for the whole answer, so that one byte a second does not hold anybody up.

    Raises:
        TooSlow: It took longer.
        OSError: No answer, another status than 200, or too large a one.
    """
    deadline = time.monotonic() + timeout_s
    try:
        with (
            httpx.Client(timeout=timeout_s, trust_env=False, follow_redirects=False) as client,
            client.stream("GET" if body is None else "POST", url, content=body, headers=headers) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise OSError(f"status {answer.status_code}")
            data = bytearray()
            for piece in answer.iter_bytes():
                data += piece
                if len(data) > limit_bytes:
                    raise OSError("the answer is too large")
                if time.monotonic() > deadline:
                    raise TooSlow("the answer comes too slowly")
            return bytes(data)
    except httpx.TimeoutException as exc:
        raise TooSlow("no answer in time") from exc
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise OSError(type(exc).__name__) from exc


class Revocation:
    """Gathers what is known about chains, and keeps it while it is fresh; safe to use from several threads."""

    def __init__(self, fetch: Fetch, known_crls: Callable[[], Sequence[bytes]] = tuple) -> None:
        """Keep how to ask.

        Args:
            fetch: Asks the addresses in certificates.
            known_crls: Lists (DER) that lie with the keys, read anew each time.
        """
        self._fetch = fetch
        self._known_crls = known_crls
        self._kept: dict[bytes, tuple[datetime, ValidationData]] = {}
        self._lock = threading.Lock()

    def of(self, chain: Sequence[x509.Certificate], now: datetime) -> ValidationData:
        """Learn about every certificate of a chain but the root.

        Args:
            chain: The leaf first, the root last.
            now: The sealing clock.

        Returns:
            Fresh lists and answers, signed by whom they must be; nothing for a certificate that names no address.

        Raises:
            SealingMustWait: A certificate names addresses and none of them answers.
        """
        gathered = ValidationData(tuple(chain[:-1]))
        for certificate, issuer in itertools.pairwise(chain):
            gathered = gathered.with_(self._of_one(certificate, issuer, now))
        return gathered

    def _of_one(
        self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
    ) -> ValidationData:
        for crl_der in self._known_crls():
            if _crl_until(crl_der, issuer, now) is not None:
                return ValidationData(crls=(crl_der,))
        key = certificate.fingerprint(hashes.SHA256())
        with self._lock:
            until, kept = self._kept.get(key, (now, ValidationData()))
        if until > now:
            return kept
        ocsp_urls, crl_urls = _addresses(certificate)
        for url in ocsp_urls:
            found = self._ask_ocsp(url, certificate, issuer, now)
            if found is not None:
                return self._keep(key, now, *found)
        for url in crl_urls:
            found = self._ask_crl(url, issuer, now)
            if found is not None:
                return self._keep(key, now, *found)
        if ocsp_urls or crl_urls:
            raise SealingMustWait(
                "revocation_unknown",
                "The authority does not say whether a certificate of the chain is revoked.",
            )
        return ValidationData()

    def _keep(self, key: bytes, now: datetime, until: datetime, data: ValidationData) -> ValidationData:
        with self._lock:
            self._kept[key] = (min(until, now + MAX_KEPT), data)
        return data

    def _ask_ocsp(
        self, url: str, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
    ) -> tuple[datetime, ValidationData] | None:
        request = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1()).build()  # noqa: S303
        try:
            der = self._fetch(url, request.public_bytes(_DER))
            answer = ocsp.load_der_ocsp_response(der)
            until = ocsp_until(answer, certificate, issuer, now)
            if until is None:
                return None
            return until, ValidationData(tuple(answer.certificates), ocsps=(der,))
        except (OSError, ValueError, UnsupportedAlgorithm):
            return None

    def _ask_crl(
        self, url: str, issuer: x509.Certificate, now: datetime
    ) -> tuple[datetime, ValidationData] | None:
        try:
            data = self._fetch(url, None)
            crl = x509.load_pem_x509_crl(data) if data.startswith(b"-----") else x509.load_der_x509_crl(data)
        except (OSError, ValueError):
            return None
        der = crl.public_bytes(_DER)
        until = _crl_until(der, issuer, now)
        return None if until is None else (until, ValidationData(crls=(der,)))


def revoked_one(
    chain: Sequence[x509.Certificate], data: ValidationData, now: datetime
) -> x509.Certificate | None:
    """Return the first certificate of a chain that was revoked by now.

    The validator asks only about certificates that name an address; lists beside the keys count for the others too.
    """
    lists = [x509.load_der_x509_crl(der) for der in data.crls]
    answers = [ocsp.load_der_ocsp_response(der) for der in data.ocsps]
    for certificate in chain:
        for crl in lists:
            entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
            if crl.issuer == certificate.issuer and entry is not None and entry.revocation_date_utc <= now:
                return certificate
        for answer in answers:
            is_revoked = answer.certificate_status is ocsp.OCSPCertStatus.REVOKED
            if is_revoked and answer.serial_number == certificate.serial_number:
                return certificate
    return None


def moment_for(data: ValidationData, now: datetime) -> datetime:
    """Return the moment at which chains are to be validated: now, or a little later.

    An answer is made after it was asked for, by a clock that may go a little before ours; the validator would take it
    for one of the future.
    """
    made = [x509.load_der_x509_crl(der).last_update_utc for der in data.crls]
    made += [ocsp.load_der_ocsp_response(der).this_update_utc for der in data.ocsps]
    return max([now, *(at for at in made if at <= now + MAX_AHEAD)])


def mode_for(chain: Sequence[x509.Certificate], data: ValidationData) -> Literal["require", "hard-fail"]:
    """Return how strict the validator may be: about every certificate when something is known about every one."""
    issuers = {x509.load_der_x509_crl(der).issuer for der in data.crls}
    serials = {ocsp.load_der_ocsp_response(der).serial_number for der in data.ocsps}
    is_whole = all(c.issuer in issuers or c.serial_number in serials for c in chain[:-1])
    return "require" if is_whole else "hard-fail"


def _crl_until(der: bytes, issuer: x509.Certificate, now: datetime) -> datetime | None:
    """Return until when a list speaks for an issuer; ``None`` when it does not, or not now."""
    try:
        crl = x509.load_der_x509_crl(der)
        key = issuer.public_key()
        if crl.issuer != issuer.subject or not isinstance(
            key, (ec.EllipticCurvePublicKey, rsa.RSAPublicKey, ed25519.Ed25519PublicKey)
        ):
            return None
        until = crl.next_update_utc or datetime.max.replace(tzinfo=UTC)
        is_fresh = crl.last_update_utc <= now + MAX_AHEAD and until > now
        return until if is_fresh and crl.is_signature_valid(key) else None
    except (ValueError, TypeError):
        return None


def ocsp_until(
    answer: ocsp.OCSPResponse, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
) -> datetime | None:
    """Return until when an OCSP answer speaks for a certificate (RFC 6960, 3.2).

    It does when it is about this certificate of this issuer, says good or revoked, is not old, and is signed by the
    issuer or by a responder that the issuer appointed.

    Returns:
        ``None`` when it does not speak for it, or not now.

    Raises:
        ValueError: It is made of parts nobody can read.
    """
    if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return None
    if answer.certificate_status is ocsp.OCSPCertStatus.UNKNOWN or not _is_about(answer, certificate, issuer):
        return None
    # Without a time of the next one, newer answers are always to be had: an old one could be a replay.
    until = answer.next_update_utc or answer.this_update_utc + MAX_KEPT
    if answer.this_update_utc > now + MAX_AHEAD or until <= now:
        return None
    return until if any(_signed_by(answer, signer) for signer in _responders(answer, issuer, now)) else None


def _is_about(answer: ocsp.OCSPResponse, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Compare the whole certificate id: a serial number alone says nothing about whose it is."""
    asked = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, answer.hash_algorithm).build()
    return (asked.serial_number, asked.issuer_name_hash, asked.issuer_key_hash) == (
        answer.serial_number,
        answer.issuer_name_hash,
        answer.issuer_key_hash,
    )


def _responders(
    answer: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime
) -> Iterator[x509.Certificate]:
    """Give who may sign for an issuer: itself, and whom it has certified for that (RFC 6960, 4.2.2.2)."""
    yield issuer
    for candidate in answer.certificates:
        try:
            candidate.verify_directly_issued_by(issuer)
            purposes = candidate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            continue
        is_valid = candidate.not_valid_before_utc <= now <= candidate.not_valid_after_utc
        if is_valid and ExtendedKeyUsageOID.OCSP_SIGNING in purposes:
            yield candidate


def _signed_by(answer: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key, digest = signer.public_key(), answer.signature_hash_algorithm
    signature, content = answer.signature, answer.tbs_response_bytes
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
            key.verify(signature, content, ec.ECDSA(digest))
        elif isinstance(key, rsa.RSAPublicKey) and digest is not None:
            key.verify(signature, content, padding.PKCS1v15(), digest)
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, content)
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _addresses(certificate: x509.Certificate) -> tuple[list[str], list[str]]:
    """Return where a certificate says to ask: OCSP, then lists; only plain HTTP addresses, which is what is used."""
    ocsp_urls: list[str] = []
    crl_urls: list[str] = []
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.AuthorityInformationAccess):
            ocsp_urls += [
                d.access_location.value
                for d in extension.value
                if d.access_method == AuthorityInformationAccessOID.OCSP
                and isinstance(d.access_location, x509.UniformResourceIdentifier)
            ]
        elif isinstance(extension.value, x509.CRLDistributionPoints):
            for point in extension.value:
                crl_urls += [
                    name.value
                    for name in point.full_name or ()
                    if isinstance(name, x509.UniformResourceIdentifier)
                ]
    web = ("http://", "https://")
    return [u for u in ocsp_urls if u.startswith(web)], [u for u in crl_urls if u.startswith(web)]
