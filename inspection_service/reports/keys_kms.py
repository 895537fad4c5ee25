"""A key in AWS KMS: the service asks for signatures and never sees the key.

Digests are sent, never content (``MessageType=DIGEST``): the record's signing input is longer than KMS takes. Needs the
rights ``kms:Sign`` and ``kms:GetPublicKey`` on one key of the kind ``ECC_NIST_P256``, ``SIGN_VERIFY``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from inspection_service.reports.errors import KeysUnusable, SealingMustWait
from inspection_service.reports.key_ring import read_crls, read_ring
from inspection_service.reports.keys import KeyKind, fits, is_development

ALGORITHM: Final = "ECDSA_SHA_256"
TIMEOUT_S: Final = 5.0


class KmsKey:
    """One key in KMS, without certificates."""

    def __init__(self, client: Any, key_id: str) -> None:
        """Keep which key: its id, ARN or alias, and a client of ``kms_client``."""
        self._client = client
        self._key_id = key_id

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Read its public half.

        Raises:
            KeysUnusable: KMS refuses or does not answer, or the key is of another kind.
        """
        try:
            answer = self._client.get_public_key(KeyId=self._key_id)
        except (BotoCoreError, ClientError) as exc:
            raise KeysUnusable(f"The key in KMS cannot be used: {_said(exc)}.") from exc
        if answer.get("KeySpec") != "ECC_NIST_P256" or answer.get("KeyUsage") != "SIGN_VERIFY":
            raise KeysUnusable("The key in KMS must be ECC_NIST_P256 for SIGN_VERIFY.")
        key = serialization.load_der_public_key(answer["PublicKey"])
        assert isinstance(key, ec.EllipticCurvePublicKey)
        return key

    def sign_digest(self, sha256: bytes) -> bytes:
        """Sign a digest of 32 bytes; ECDSA in DER.

        Raises:
            SealingMustWait: KMS does not answer, or refuses.
        """
        try:
            answer = self._client.sign(
                KeyId=self._key_id, Message=sha256, MessageType="DIGEST", SigningAlgorithm=ALGORITHM
            )
            return bytes(answer["Signature"])
        except (BotoCoreError, ClientError, KeyError) as exc:
            raise SealingMustWait("key_away", f"The key service says {_said(exc)}.") from exc


class KmsSigner:
    """A P-256 key in AWS KMS; boto3 clients may be shared by threads."""

    def __init__(
        self,
        key: KmsKey,
        chain: Sequence[x509.Certificate],
        root: x509.Certificate,
        crls: Sequence[bytes] = (),
    ):
        """Bind a key to its certificates; see ``open``."""
        self._key = key
        self._chain = tuple(chain)
        self._root = root
        self._crls = tuple(crls)

    @classmethod
    def open(cls, keys_dir: Path, key: KmsKey) -> KmsSigner:
        """Find the certificates of a key in the folder of the keys, whichever signer of the ring has them.

        Raises:
            KeysUnusable: KMS refuses or does not answer, the key is of another kind, or no certificate fits.
        """
        found = key.public_key()
        for entry in read_ring(keys_dir):
            if entry.chain[0].public_key() == found:
                return cls(key, entry.chain, entry.root, read_crls(keys_dir))
        raise KeysUnusable(f"No certificate in {keys_dir} is that of the key in KMS.")

    @property
    def kind(self) -> KeyKind:
        """``kms``, or ``development`` when the chain says so."""
        return "development" if is_development(self._chain) else "kms"

    @property
    def chain(self) -> Sequence[x509.Certificate]:
        """The signer's certificate, then the issuing ones."""
        return self._chain

    @property
    def root_pem(self) -> bytes:
        """The root certificate as PEM."""
        return self._root.public_bytes(serialization.Encoding.PEM)

    @property
    def crls(self) -> Sequence[bytes]:
        """The lists that lie with the certificates."""
        return self._crls

    def sign_digest(self, sha256: bytes) -> bytes:
        """Sign a digest of 32 bytes; ECDSA in DER.

        Raises:
            SealingMustWait: KMS does not answer, refuses, or answers with what is no signature of this key.
        """
        signature = self._key.sign_digest(sha256)
        if not fits(self._chain[0], sha256, signature):
            raise SealingMustWait(
                "key_away", "The key service signed with another key than its certificate's."
            )
        return signature


def kms_client(*, region: str | None, endpoint: str | None) -> Any:
    """Make a client with short waits; credentials come from where boto3 usually finds them."""
    config = Config(
        connect_timeout=TIMEOUT_S, read_timeout=TIMEOUT_S, retries={"max_attempts": 2, "mode": "standard"}
    )
    return boto3.client("kms", region_name=region, endpoint_url=endpoint, config=config)


def _said(exc: Exception) -> str:
    if isinstance(exc, ClientError):
        return str(exc.response.get("Error", {}).get("Code", "an error"))
    return type(exc).__name__
