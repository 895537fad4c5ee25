"""Seals with the keys, the authority and the models of this instance: what the workers call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from cryptography import x509

from inspection_service.clock import Clock
from inspection_service.inspections.mileages import EarlierReading
from inspection_service.inspections.personal import PersonalKeys, PersonalValue
from inspection_service.inspections.records import CaptureId, Dossier
from inspection_service.reports.errors import KeysUnusable, SealingMustWait
from inspection_service.reports.key_ring import read_crls
from inspection_service.reports.keys import Signer
from inspection_service.reports.records import ModelUsed, SealedReport
from inspection_service.reports.reissue import reissue
from inspection_service.reports.revocation import HttpFetch, Revocation, ValidationData
from inspection_service.reports.seal import seal
from inspection_service.reports.sign_pdf import Proof
from inspection_service.reports.signer_check import check_signer
from inspection_service.reports.timestamps import HttpTransport, TimestampAuthority
from inspection_service.settings import TimestampSettings


class Beside(Protocol):
    """What a report is made from that is not in the dossier; ``work.sealing.Beside`` is one."""

    @property
    def keys(self) -> PersonalKeys | None:
        """Of the personal values."""
        ...

    @property
    def earlier(self) -> Sequence[EarlierReading]:
        """What earlier inspections read."""
        ...

    @property
    def frames(self) -> Mapping[str, bytes]:
        """Frozen frames that were kept."""
        ...

    @property
    def pictures(self) -> Mapping[str, bytes]:
        """Page pictures made ahead, by name."""
        ...


class ReportSealer:
    """Makes reports whole; used from several threads."""

    def __init__(
        self,
        signer: Signer,
        models: Sequence[ModelUsed],
        clock: Clock,
        *,
        revocation: Revocation | None = None,
        authority: TimestampAuthority | None = None,
        is_archived: bool = True,
        public_url: str | None = None,
        is_revoked: Callable[[], bool] = lambda: False,
    ) -> None:
        """Keep the collaborators.

        Args:
            signer: Whose key signs.
            models: Those installed now.
            clock: The service's own.
            revocation: Learns about the signer's chain; without one only the lists beside the keys are read.
            authority: Says when; ``None``: the service's own clock does, and the report says so.
            is_archived: Whether the authority stamps the whole document too.
            public_url: Where the page that verifies reports is.
            is_revoked: Whether this service has revoked the signer since it started.
        """
        self._signer = signer
        self._models = models
        self._clock = clock
        self._revocation = revocation or Revocation(nobody_asked, lambda: signer.crls)
        self._authority = authority
        self._is_archived = is_archived
        self._public_url = public_url
        self._is_revoked = is_revoked

    @property
    def authority(self) -> TimestampAuthority | None:
        """The authority that says when, for whoever else has something to be dated."""
        return self._authority

    def ready(self) -> None:
        """Return when a seal can be tried.

        Raises:
            SealingMustWait: The signer's certificate is not good now, or the authority does not answer as it must.
        """
        self._check_signer()
        if self._authority is not None:
            self._authority.ready()

    def seal(self, dossier: Dossier, photos: Mapping[CaptureId, bytes], beside: Beside) -> SealedReport:
        """Build, set and sign the report; blocks for a second or more.

        Raises:
            SealingMustWait: As ``ready``, or later on the way; nothing was sealed.
            EvidenceMissing: A photo is missing.
            EvidenceMismatch: A photo is not the one that was accepted.
            RenderingFailed: The document could not be set.
        """
        now = self._clock.now()
        signer_data = self._check_signer()
        by_id: Mapping[str, bytes] = photos  # type: ignore[assignment]  # invariant in its keys; ids are strings
        return seal(
            dossier,
            by_id,
            models=self._models,
            signer=self._signer,
            sealed_at=now,
            keys=beside.keys,
            earlier=beside.earlier,
            frames=beside.frames,
            pictures=beside.pictures,
            proof=Proof(signer_data, self._authority, is_archived=self._is_archived),
            public_url=self._public_url,
        )

    def reissue(
        self,
        json_bytes: bytes,
        jws: str,
        kept: Sequence[PersonalValue],
        photos: Mapping[CaptureId, bytes],
        *,
        no: int,
        frames: Mapping[str, bytes],
        derived: Mapping[str, str] | None = None,
        hidden: Sequence[str] = (),
        is_public: bool = False,
    ) -> bytes:
        """Set and sign the document of a sealed report anew, with what is not kept withheld; blocks for a second.

        ``derived``, ``hidden`` and ``is_public`` as in ``reports.reissue``.

        Raises:
            SealingMustWait: As ``ready``; nothing was issued.
        """
        now = self._clock.now()
        signer_data = check_signer(self._signer, self._revocation, now)
        by_id: Mapping[str, bytes] = photos  # type: ignore[assignment]  # as in ``seal``
        return reissue(
            json_bytes,
            jws,
            kept,
            by_id,
            no=no,
            signer=self._signer,
            issued_at=now,
            frames=frames,
            proof=Proof(signer_data, self._authority, is_archived=self._is_archived),
            public_url=self._public_url,
            derived=derived,
            hidden=hidden,
            is_public=is_public,
        )

    def _check_signer(self) -> ValidationData:
        if self._is_revoked():
            raise SealingMustWait("signer_revoked", "The signing certificate was revoked here.")
        return check_signer(self._signer, self._revocation, self._clock.now())


def open_authority(
    settings: TimestampSettings, signer: Signer, revocation: Revocation, clock: Clock
) -> TimestampAuthority | None:
    """Set up the configured authority; it is asked for the first time when something is sealed.

    Raises:
        KeysUnusable: A file of certificates cannot be read.
    """
    if settings.url is None:
        return None
    return TimestampAuthority(
        HttpTransport(str(settings.url), settings.timeout_s),
        _certificates(settings.roots_file),
        own_root=x509.load_pem_x509_certificate(signer.root_pem),
        revocation=revocation,
        clock=clock,
        known_certificates=_certificates(settings.certificates_file),
    )


def open_revocation(settings: TimestampSettings, keys_dir: Path) -> Revocation:
    """Set up who is asked about revoked certificates: the lists beside the keys, then the certificates' addresses."""
    return Revocation(HttpFetch(settings.timeout_s), lambda: read_crls(keys_dir))


def nobody_asked(url: str, body: bytes | None) -> bytes:  # noqa: ARG001 - the protocol's
    """Ask nobody: for instances that must not reach out; a ``Fetch``."""
    raise OSError("nobody is asked")


def _certificates(path: Path | None) -> tuple[x509.Certificate, ...]:
    if path is None:
        return ()
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as exc:
        raise KeysUnusable(f"{path} holds no certificates that can be read.") from exc
