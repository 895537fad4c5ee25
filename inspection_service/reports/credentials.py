"""Content Credentials on a copy of a photo: which original it comes from and what was hidden, signed into the file.

Only copies get them; originals are never touched. Implements the C2PA technical specification 2 with the library of the
Content Authenticity Initiative; the signature is by the key that signs reports.
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from inspection_service.clock import Clock
from inspection_service.errors import InspectionServiceError
from inspection_service.reports.canonical import sha256_hex
from inspection_service.reports.keys import Signer
from inspection_service.reports.sign_json import P256_BYTES

ASSERTION: Final = "org.inspection.capture"
"""Label of our own assertion: capture id, SHA-256 of the original, what was hidden."""
_GENERATOR: Final = {"name": "inspection-service", "version": "1"}
_JPEG: Final = "image/jpeg"
_SOURCE_TYPES: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_SIDES: Final = ("x1", "y1", "x2", "y2")
_SETTINGS: Final = {
    "builder": {"thumbnail": {"enabled": False}},
    # What was signed is judged by whoever reads it; here only the roots of the library would be asked.
    "verify": {"verify_after_sign": False, "verify_trust": False, "remote_manifest_fetch": False},
}

WhyNone = Literal["certificate_unsuitable", "certificate_not_valid", "signing_failed"]
"""Why a copy has no credentials: the certificate is not of a profile that C2PA accepts, is not valid now, or the key
did not answer."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a copy says of itself."""

    capture_id: str
    original_sha256: str
    """As in the evidence of the report."""
    hidden: Sequence[Mapping[str, Any]] = ()
    """``kind``, ``box`` (xyxy, pixels of the upright photo) and ``by`` of what was made unrecognisable."""


@dataclass(frozen=True, slots=True)
class CredentialedPhoto:
    """A copy as it is handed out."""

    jpeg: bytes
    why_none: WhyNone | None = None
    """Why it has no Content Credentials; ``None`` when it has."""
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        """Hash what is handed out."""
        object.__setattr__(self, "sha256", sha256_hex(self.jpeg))


class PhotoCredentials:
    """Signs copies of photos; used from several threads. It never fails a download: a copy may go without."""

    def __init__(self, signer: Signer, clock: Clock, tell: Callable[[WhyNone], None]) -> None:
        """Keep the collaborators.

        Args:
            signer: Whose key signs; its certificate must be one that C2PA accepts.
            clock: Says whether the certificate is valid now.
            tell: Told whenever a copy went without, and why.
        """
        self._signer = signer
        self._clock = clock
        self._tell = tell
        self._context: Any = None
        self._opening = threading.Lock()

    def put_on(self, jpeg: bytes, source: Source) -> CredentialedPhoto:
        """Sign what a copy is into it; blocks for some hundredths of a second.

        Args:
            jpeg: The copy, with nothing in it but the picture.
            source: What it was made from.
        """
        why = self._unsuitable()
        if why is None:
            try:
                return CredentialedPhoto(self._signed(jpeg, source))
            except Refused as refusal:
                why = refusal.why
        self._tell(why)
        return CredentialedPhoto(jpeg, why)

    def _unsuitable(self) -> WhyNone | None:
        leaf = self._signer.chain[0]
        now = self._clock.now()
        if not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
            return "certificate_not_valid"
        return None

    def _signed(self, jpeg: bytes, source: Source) -> bytes:
        from c2pa import Builder, C2paError, C2paSigningAlg  # 23 MB of library, for those who hand photos out
        from c2pa import Signer as C2paSigner

        faults: list[BaseException] = []

        def sign(data: bytes) -> bytes:
            try:
                r, s = decode_dss_signature(self._signer.sign_digest(bytes.fromhex(sha256_hex(data))))
            except BaseException as fault:
                faults.append(fault)  # the library would only say that signing failed
                raise
            return r.to_bytes(P256_BYTES, "big") + s.to_bytes(P256_BYTES, "big")

        chain = b"".join(c.public_bytes(serialization.Encoding.PEM) for c in self._signer.chain)
        signed = io.BytesIO()
        try:
            signer = C2paSigner.from_callback(sign, C2paSigningAlg.ES256, chain.decode("ascii"), None)
            with signer, Builder(json.dumps(_manifest(source)), self._opened()) as builder:
                builder.sign(signer, _JPEG, io.BytesIO(jpeg), signed)
        except (C2paError, InspectionServiceError, ValueError, UnsupportedAlgorithm) as exc:
            raise Refused("signing_failed" if faults else "certificate_unsuitable") from exc
        return signed.getvalue()

    def _opened(self) -> Any:
        from c2pa import Context, Settings

        with self._opening:
            if self._context is None:
                self._context = Context(Settings.from_dict(_SETTINGS))
            return self._context


class Refused(Exception):
    """The library did not sign; a matter of this module alone."""

    def __init__(self, why: WhyNone) -> None:
        super().__init__(why)
        self.why: WhyNone = why


def _manifest(source: Source) -> dict[str, Any]:
    """Write the claim: an encoded copy, perhaps with parts hidden; never that the camera was a secure one."""
    actions: list[dict[str, Any]] = [
        {"action": "c2pa.created", "digitalSourceType": f"{_SOURCE_TYPES}digitalCapture"},
        {"action": "c2pa.transcoded"},
    ]
    if source.hidden:
        kinds = ", ".join(sorted({str(region["kind"]) for region in source.hidden}))
        actions.append({"action": "c2pa.edited", "description": f"Made unrecognisable: {kinds}"})
    about = {
        "capture_id": source.capture_id,
        "original_sha256": source.original_sha256,
        "hidden": [_region(region) for region in source.hidden],
    }
    return {
        "claim_generator_info": [_GENERATOR],
        "format": _JPEG,
        "title": f"{source.capture_id}.jpg",
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": actions}},
            {"label": ASSERTION, "data": about},
        ],
    }


def _region(region: Mapping[str, Any]) -> dict[str, Any]:
    """Write a box by the names of its sides: the library takes a list of small numbers for bytes."""
    return {"kind": region["kind"], "by": region["by"], **dict(zip(_SIDES, region["box"], strict=True))}
