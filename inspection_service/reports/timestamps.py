"""Asks a timestamp authority, and believes nothing it says before it has been checked (RFC 3161, RFC 5816).

A token is looked at like a stranger's: is it the answer to this question, signed by a certificate made for timestamps,
whose chain ends in a root that was named, at a time our own clock can believe. Else the seal waits.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, Protocol

from asn1crypto import algos, cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko_certvalidator import ValidationContext

from inspection_service.clock import Clock
from inspection_service.reports.der import is_der, parts, wrapped
from inspection_service.reports.errors import SealingMustWait, WaitReason
from inspection_service.reports.loops import run_sync
from inspection_service.reports.revocation import (
    Revocation,
    TooSlow,
    ValidationData,
    fetch,
    mode_for,
    moment_for,
    revoked_one,
)

MAX_TOKEN_BYTES: Final = 64 << 10
"""Tokens of public authorities take 5 to 8 KiB."""
MAX_SKEW: Final = timedelta(minutes=5)
"""An authority whose time is further from ours than this: one of the two is wrong, and a person must look."""
RETRY_FIRST: Final = timedelta(seconds=10)
RETRY_LONGEST: Final = timedelta(minutes=5)
KNOWN_FOR: Final = timedelta(hours=1)
"""How long what is known about the authority is good for before it is asked again without need."""

_CERTIFICATES: Final = 0xA0
"""Source: RFC 5652, section 5.1, ``certificates [0] IMPLICIT``."""

TimeKind = Literal["service_clock", "internal_timestamp", "timestamp_authority"]
"""By whose clock a report is sealed, as its record says it."""


class Transport(Protocol):
    """Carries a request to the authority."""

    def __call__(self, request: bytes) -> bytes:
        """Return the DER of a ``TimeStampResp``.

        Raises:
            OSError: No answer.
            TooSlow: Not in time.
        """
        ...


@dataclass(frozen=True, slots=True)
class Token:
    """A timestamp that has been checked."""

    der: bytes
    """A ``ContentInfo``, in its own DER encoding."""
    at: datetime
    kind: TimeKind
    """``timestamp_authority``, or ``internal_timestamp`` when its root is the signer's own."""
    chain: tuple[x509.Certificate, ...]
    """The authority's certificate first, its root last."""


class HttpTransport:
    """RFC 3161, section 3.4."""

    def __init__(self, url: str, timeout_s: float) -> None:
        """Keep the address; nothing is asked yet."""
        self._url = url
        self._timeout_s = timeout_s

    def __call__(self, request: bytes) -> bytes:
        """Post a request; see ``Transport``."""
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        return fetch(self._url, request, headers, timeout_s=self._timeout_s, limit_bytes=MAX_TOKEN_BYTES)


class TimestampAuthority:
    """One authority as this service sees it; used from several threads.

    After a failure it is left alone for a while, ever longer, and whoever asks meanwhile hears at once why: a slow
    authority costs one wait, not one for each report.
    """

    def __init__(
        self,
        transport: Transport,
        roots: Sequence[x509.Certificate],
        *,
        own_root: x509.Certificate,
        revocation: Revocation,
        clock: Clock,
        known_certificates: Sequence[x509.Certificate] = (),
    ) -> None:
        """Keep the collaborators.

        Args:
            transport: Reaches the authority.
            roots: Those an independent authority may end in.
            own_root: The signer's; an authority under it proves order, not independence.
            revocation: Learns about the authority's chain.
            clock: The sealing clock.
            known_certificates: Issuing certificates that the authority leaves out of its tokens.
        """
        self._transport = transport
        self._own_root = own_root
        self._roots = tuple(roots)
        self._revocation = revocation
        self._clock = clock
        self._known = tuple(known_certificates)
        self._lock = threading.Lock()
        self._probe: Token | None = None
        self._probed_at: datetime | None = None
        self._failed: SealingMustWait | None = None
        self._failures = 0
        self._again_at: datetime | None = None

    @property
    def waits_for(self) -> SealingMustWait | None:
        """Why the last question was not answered; ``None`` when it was."""
        return self._failed

    def ready(self) -> Token:
        """Make sure that the authority answers as it must, before anything else is done for a seal.

        Returns:
            A token over nothing in particular: its kind and its size are those of the ones to come.

        Raises:
            SealingMustWait: It does not, or did not a moment ago.
        """
        now = self._clock.now()
        with self._lock:
            if self._failed is not None and self._again_at is not None and now < self._again_at:
                raise SealingMustWait(self._failed.reason, self._failed.message)
            known = self._probe
            if known is not None and self._probed_at is not None and now - self._probed_at < KNOWN_FOR:
                return known
        known = self._asked(
            secrets.token_bytes(32)
        )  # outside the lock: a slow answer must not hold up others
        with self._lock:
            self._probe, self._probed_at = known, now
        return known

    def stamp(self, sha256: bytes, *, kind: TimeKind | None = None) -> Token:
        """Have a digest of 32 bytes stamped.

        Args:
            sha256: The digest.
            kind: What the report says of its time already; another kind is refused.

        Raises:
            SealingMustWait: There is no token, or none to believe.
        """
        token = self._asked(sha256)
        if kind is not None and token.kind != kind:
            changed = _wait("timestamp_untrusted", "The timestamp authority's chain changed under way.")
            self._note_failure(changed)
            raise changed
        return token

    def validation_data(self, token: Token) -> ValidationData:
        """Learn what a reader needs to check the authority's chain offline."""
        return self._revocation.of(token.chain, self._clock.now())

    def _asked(self, sha256: bytes) -> Token:
        try:
            token = self._ask(sha256)
        except SealingMustWait as waits:
            self._note_failure(waits)
            raise
        with self._lock:
            self._failed, self._failures, self._again_at = None, 0, None
        return token

    def _note_failure(self, waits: SealingMustWait) -> None:
        with self._lock:
            self._failed, self._probe = waits, None
            wait = min(RETRY_LONGEST, RETRY_FIRST * 2 ** min(self._failures, 10))
            self._failures += 1
            self._again_at = self._clock.now() + wait

    def _ask(self, sha256: bytes) -> Token:
        nonce = int.from_bytes(b"\x01" + secrets.token_bytes(8), "big")
        request = tsp.TimeStampReq(
            {
                "version": "v1",
                "message_imprint": {
                    "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
                    "hashed_message": sha256,
                },
                "nonce": nonce,
                "cert_req": True,
            }
        )
        try:
            answer = self._transport(request.dump())
        except TooSlow as exc:
            raise _wait("timestamp_slow", "The timestamp authority does not answer in time.") from exc
        except OSError as exc:
            raise _wait("timestamp_away", "The timestamp authority does not answer.") from exc
        content, info = _read(answer)
        imprint = info["message_imprint"]
        if (
            info["nonce"].native != nonce
            or imprint["hash_algorithm"]["algorithm"].native != "sha256"
            or imprint["hashed_message"].native != sha256
        ):
            raise _wait(
                "timestamp_false", "The timestamp authority answered another question than was asked."
            )
        now = self._clock.now()
        at = info["gen_time"].native.astimezone(UTC)
        chain = self._checked_chain(content, sha256, now)
        if abs(at - now) > MAX_SKEW:
            raise _wait(
                "timestamp_clock",
                f"The clocks of the timestamp authority and of this machine are {abs(at - now)} apart.",
            )
        kind: TimeKind = "internal_timestamp" if chain[-1] == self._own_root else "timestamp_authority"
        return Token(content.dump(), at, kind, chain)

    def _checked_chain(
        self, content: cms.ContentInfo, sha256: bytes, now: datetime
    ) -> tuple[x509.Certificate, ...]:
        """Check signature, purpose and chain of a token, and that nothing in the chain is revoked."""
        path = self._validated(content, sha256, now, ValidationData(), "soft-fail")
        learned = self._revocation.of(path, now)
        if revoked_one(path, learned, now) is not None:
            raise _wait("timestamp_untrusted", "A certificate of the timestamp authority is revoked.")
        return self._validated(content, sha256, now, learned, mode_for(path, learned))

    def _validated(
        self, content: cms.ContentInfo, sha256: bytes, now: datetime, learned: ValidationData, mode: str
    ) -> tuple[x509.Certificate, ...]:
        context = ValidationContext(
            trust_roots=[to_asn1(root) for root in (self._own_root, *self._roots)],
            other_certs=[to_asn1(certificate) for certificate in self._known],
            moment=moment_for(learned, now),
            allow_fetching=False,
            crls=list(learned.crls),
            ocsps=list(learned.ocsps),
            revocation_mode=mode,
        )
        try:
            status = run_sync(validate_tst_signed_data(content["content"], context, lambda _: sha256))
        except SignatureValidationError as exc:
            raise _wait("timestamp_false", "The timestamp authority's token is not a timestamp.") from exc
        except Exception as exc:  # a hostile token can fail anywhere inside the validator; it is not believed
            raise _wait("timestamp_malformed", "The timestamp authority's token cannot be checked.") from exc
        if not (status.get("intact") and status.get("valid")):
            raise _wait("timestamp_false", "The signature of the timestamp authority's token does not fit.")
        path = status.get("validation_path")
        if path is None or status.get("trust_problem_indic") is not None:
            raise _wait(
                "timestamp_untrusted",
                "The timestamp authority's chain does not hold, or ends in no root that was named.",
            )
        return tuple(to_pyca(certificate) for certificate in reversed(list(path)))


class StamperFor(TimeStamper):
    """Lets pyHanko use our authority."""

    def __init__(self, authority: TimestampAuthority, kind: TimeKind) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._authority = authority
        self._kind = kind

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """Return a token that has been checked."""
        assert md_algorithm == "sha256"
        return cms.ContentInfo.load(self._authority.stamp(message_digest, kind=self._kind).der)


def to_asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    """Hand a certificate to pyHanko."""
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


def to_pyca(certificate: asn1_x509.Certificate) -> x509.Certificate:
    """Take a certificate back from pyHanko."""
    return x509.load_der_x509_certificate(certificate.dump())


def _read(answer: bytes) -> tuple[cms.ContentInfo, tsp.TSTInfo]:
    """Read an answer; the token comes back in its own DER encoding."""
    try:
        if not is_der(answer):
            raise _wait("timestamp_malformed", "The timestamp authority's answer is not in DER.")
        status, *rest = parts(answer)
        granted = tsp.PKIStatusInfo.load(status)["status"].native
        if granted not in ("granted", "granted_with_mods"):
            raise _wait("timestamp_refused", f"The timestamp authority refuses: {granted}.")
        (token,) = rest
        content = cms.ContentInfo.load(_sorted(token), strict=True)
        info = content["content"]["encap_content_info"]["content"].parsed
        if not isinstance(info, tsp.TSTInfo) or info["version"].native != "v1":
            raise _wait("timestamp_malformed", "The timestamp authority's token holds no timestamp.")
        _ = info.native  # every field, or it is not one
        return content, info
    except SealingMustWait:
        raise
    except Exception as exc:  # the parser fails in its own ways on hostile bytes; they are no timestamp
        raise _wait("timestamp_malformed", "The timestamp authority's answer cannot be read.") from exc


def _sorted(token: bytes) -> bytes:
    """Put the certificates of a token in the order of DER, which no signature covers and not all authorities keep."""
    kind, content = parts(token)
    (signed,) = parts(content)
    fields = parts(signed)
    for index, value in enumerate(fields):
        if value[0] == _CERTIFICATES:
            fields[index] = wrapped(_CERTIFICATES, b"".join(sorted(parts(value))))
    return wrapped(token[0], kind + wrapped(content[0], wrapped(signed[0], b"".join(fields))))


def _wait(reason: WaitReason, message: str) -> SealingMustWait:
    return SealingMustWait(reason, message)
