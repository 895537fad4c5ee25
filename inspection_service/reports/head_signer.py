"""Signs and dates the heads of the log with the key and the authority of the reports."""

from __future__ import annotations

import hashlib
from datetime import datetime

from cryptography.hazmat.primitives import serialization

from inspection_service.reports.keys import Signer
from inspection_service.reports.sign_json import HEAD_TYPE, sign_bytes
from inspection_service.reports.timestamps import TimestampAuthority


class LogHeadSigner:
    """A ``ledger.HeadSigner``."""

    def __init__(self, signer: Signer) -> None:
        """Keep the signer of the reports."""
        self._signer = signer

    @property
    def key_sha256(self) -> str:
        """SHA-256 of the public key, lower-case hexadecimal."""
        public = (
            self._signer.chain[0]
            .public_key()
            .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        )
        return hashlib.sha256(public).hexdigest()

    def sign(self, data: bytes, at: datetime) -> str:
        """Return a compact JWS that carries ``data``."""
        return sign_bytes(data, self._signer, signed_at=at, media_type=HEAD_TYPE, is_detached=False)


class LogTimestamps:
    """A ``ledger.TimestampClient``."""

    def __init__(self, authority: TimestampAuthority) -> None:
        """Keep the authority of the reports."""
        self._authority = authority

    def token(self, data: bytes) -> bytes:
        """Return an RFC 3161 token over ``data``.

        Raises:
            SealingMustWait: There is none to believe.
        """
        return self._authority.stamp(hashlib.sha256(data).digest()).der
