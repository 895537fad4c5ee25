"""Who signs: one protocol, so that a key in a file, a token or a cloud service is the same thing to a report.

ECDSA on P-256 with SHA-256 everywhere (JWS ``ES256``, PAdES), because it is what every verifier and key service knows.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID

from inspection_service.reports.errors import KeysUnusable
from inspection_service.reports.key_ring import (
    KEY_FILE,
    certificate_sha256,
    current_folder,
    read_chain,
    read_crls,
)

DEVELOPMENT_MARK: Final = "DEVELOPMENT - NOT FOR PRODUCTION"
"""Organisational unit of every certificate of a development chain; reports made with one say so on page one."""


KeyKind = Literal["development", "file", "pkcs11", "kms"]
"""Where a key lives; what it is worth is said by its chain."""


class Signer(Protocol):
    """A key somewhere, and the certificates that say whose it is."""

    @property
    def kind(self) -> KeyKind:
        """Where the key lives; ``development`` for whatever carries the development mark."""
        ...

    @property
    def crls(self) -> Sequence[bytes]:
        """Revocation lists (DER) that lie with the key; authorities that publish theirs are asked besides."""
        ...

    @property
    def chain(self) -> Sequence[x509.Certificate]:
        """The signer's certificate, then the issuing ones; the root is not among them."""
        ...

    @property
    def root_pem(self) -> bytes:
        """The root certificate, to hand to people who want to verify."""
        ...

    def sign_digest(self, sha256: bytes) -> bytes:
        """Sign a SHA-256 digest of 32 bytes; returns an ECDSA signature in DER."""
        ...


class FileSigner:
    """A private key in a file that only the service may read."""

    def __init__(
        self,
        key: ec.EllipticCurvePrivateKey,
        chain: Sequence[x509.Certificate],
        root: x509.Certificate,
        crls: Sequence[bytes] = (),
    ):
        """Bind a key to its certificates; nothing is read or checked here (see ``open``)."""
        self._key = key
        self._chain = tuple(chain)
        self._root = root
        self._crls = tuple(crls)

    @classmethod
    def open(cls, keys_dir: Path) -> FileSigner:
        """Read the signer in use: ``signer.key``, ``chain.pem`` (signer first, then issuing), ``root.pem``.

        Raises:
            KeysUnusable: A file is missing or unreadable, others may read the key, the key is not P-256, or the
                certificates are not a chain from this key to this root.
        """
        folder = current_folder(keys_dir)
        key = read_key(folder / KEY_FILE)
        chain, root = read_chain(folder, keys_dir)
        if chain[0].public_key() != key.public_key():
            raise KeysUnusable("The first certificate of chain.pem is not the one of signer.key.")
        return cls(key, chain, root, read_crls(keys_dir))

    @property
    def kind(self) -> KeyKind:
        """``development`` when the chain says so, else ``file``."""
        return "development" if is_development(self._chain) else "file"

    @property
    def crls(self) -> Sequence[bytes]:
        """The lists that were given."""
        return self._crls

    @property
    def chain(self) -> Sequence[x509.Certificate]:
        """The signer's certificate, then the issuing ones."""
        return self._chain

    @property
    def root_pem(self) -> bytes:
        """The root certificate as PEM."""
        return self._root.public_bytes(serialization.Encoding.PEM)

    def sign_digest(self, sha256: bytes) -> bytes:
        """Sign a digest of 32 bytes; ECDSA in DER."""
        return self._key.sign(sha256, ec.ECDSA(Prehashed(hashes.SHA256())))


def read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Read a private key that nobody else may read.

    Raises:
        KeysUnusable: It cannot be read, others may read it, or it is not on P-256.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise KeysUnusable(f"{path} can be read by others; make it readable by its owner only (0600).")
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as exc:
        raise KeysUnusable(f"The signing keys in {path.parent} cannot be read: {exc.strerror}.") from exc
    except (ValueError, TypeError) as exc:
        raise KeysUnusable(f"The signing keys in {path.parent} are damaged.") from exc
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeysUnusable("The signing key must be an elliptic curve key on P-256.")
    return key


def fits(certificate: x509.Certificate, sha256: bytes, signature: bytes) -> bool:
    """Whether a signature over a digest is by the key of a certificate."""
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return fits_key(key, sha256, signature)


def fits_key(key: ec.EllipticCurvePublicKey, sha256: bytes, signature: bytes) -> bool:
    """Whether a signature over a digest is by a key."""
    try:
        key.verify(signature, sha256, ec.ECDSA(Prehashed(hashes.SHA256())))
    except InvalidSignature:
        return False
    return True


def load_certificate(der: bytes) -> x509.Certificate:
    """Read a certificate from a file nobody vouches for, every part that is used later included.

    Raises:
        ValueError: It is not a certificate for a P-256 key in a form we can read.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "error", CryptographyDeprecationWarning
            )  # what it will refuse later, we refuse now
            certificate = x509.load_der_x509_certificate(der)
        _ = certificate.subject, certificate.issuer, certificate.extensions, certificate.not_valid_after_utc
        key = certificate.public_key()
    except Exception as exc:  # the parser has a class of its own for each way of being wrong
        raise ValueError("a certificate cannot be read") from exc
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("a certificate is not for a key on P-256")
    return certificate


def is_development(chain: Sequence[x509.Certificate]) -> bool:
    """Whether any certificate of a chain carries the development mark: a fact of the chain, not a setting."""
    return any(
        attribute.value == DEVELOPMENT_MARK
        for certificate in chain
        for name in (certificate.subject, certificate.issuer)
        for attribute in name.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    )


def common_name(certificate: x509.Certificate) -> str:
    """Say in words who a certificate is about; its whole subject when it has no common name."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 over the certificate's DER, lower-case hexadecimal."""
    return certificate_sha256(certificate)
