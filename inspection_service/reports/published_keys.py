"""What anybody may fetch about the keys: read from their folder each time, so that a rotation shows at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from inspection_service.reports.errors import KeysUnusable
from inspection_service.reports.jwks import jwks
from inspection_service.reports.key_ring import certificate_sha256, read_crls, read_revoked, read_ring
from inspection_service.reports.keys import Signer


class PublishedKeys:
    """The signer in use and those before it."""

    def __init__(self, keys_dir: Path, signer: Signer) -> None:
        """Keep where the keys are."""
        self._keys_dir = keys_dir
        self._signer = signer

    @property
    def is_revoked(self) -> bool:
        """Whether this service has revoked the signer it uses."""
        return certificate_sha256(self._signer.chain[0]) in read_revoked(self._keys_dir)

    @property
    def root_pem(self) -> bytes:
        """Every root that a report of ours may end in, as PEM, the present one first."""
        pem = serialization.Encoding.PEM
        roots = [x509.load_pem_x509_certificate(self._signer.root_pem)]
        roots += [entry.root for entry in read_ring(self._keys_dir)]
        return b"".join(root.public_bytes(pem) for root in dict.fromkeys(roots))

    def jwks(self) -> dict[str, Any]:
        """All signers as a JWK set (RFC 7517)."""
        return jwks(read_ring(self._keys_dir))

    def crl(self) -> bytes | None:
        """The list of the authority that issued the signer in use, DER; ``None`` when it publishes its own."""
        issuer = self._signer.chain[0].issuer
        try:
            lists = [x509.load_der_x509_crl(der) for der in read_crls(self._keys_dir)]
        except ValueError as exc:
            raise KeysUnusable("A revocation list beside the keys cannot be read.") from exc
        found = [crl for crl in lists if crl.issuer == issuer]
        if not found:
            return None
        return max(found, key=lambda crl: crl.last_update_utc).public_bytes(serialization.Encoding.DER)
