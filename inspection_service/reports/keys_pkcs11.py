"""A key that never leaves its token: a smart card, an HSM, or SoftHSM where one tries it out (PKCS #11, OASIS 2.40).

Certificates are public and lie in the folder of the keys; of the token only the private key is used. Needs the extra
``pkcs11``.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from inspection_service.reports.errors import KeysUnusable, SealingMustWait
from inspection_service.reports.key_ring import read_crls, read_ring
from inspection_service.reports.keys import KeyKind, fits, is_development

P256_BYTES: Final = 32
T = TypeVar("T")


class Pkcs11Signer:
    """A P-256 key on a token; safe to use from several threads, and after the token went away and came back."""

    def __init__(
        self,
        token: TokenKey,
        chain: Sequence[x509.Certificate],
        root: x509.Certificate,
        crls: Sequence[bytes],
    ):
        """Bind a key on a token to its certificates; see ``open``."""
        self._token = token
        self._chain = tuple(chain)
        self._root = root
        self._crls = tuple(crls)

    @classmethod
    def open(cls, keys_dir: Path, key: TokenKey) -> Pkcs11Signer:
        """Find the key on its token, and its certificates in the folder of the keys.

        Whichever signer of the folder has the key's certificate is used, so that a change of key is a change of label.

        Raises:
            KeysUnusable: The extra is missing, the token, the PIN or the key is not there, or no certificate fits.
        """
        digest = hashlib.sha256(secrets.token_bytes(32)).digest()
        try:
            signature = key.sign_digest(digest)
        except SealingMustWait as exc:
            raise KeysUnusable(f"The signer, {key}, cannot be used: {exc.message}") from exc
        for entry in read_ring(keys_dir):
            if fits(entry.chain[0], digest, signature):
                return cls(key, entry.chain, entry.root, read_crls(keys_dir))
        raise KeysUnusable(f"No certificate in {keys_dir} is that of {key}.")

    @property
    def kind(self) -> KeyKind:
        """``pkcs11``, or ``development`` when the chain says so."""
        return "development" if is_development(self._chain) else "pkcs11"

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
            SealingMustWait: The token does not answer.
        """
        return self._token.sign_digest(sha256)


class TokenKey:
    """One key on one token, and the session it is used in, opened again when it broke."""

    def __init__(self, library: Path, token: str, pin_file: Path, key_label: str) -> None:
        """Keep where the key is; nothing is opened yet."""
        self._library = library
        self._token = token
        self._pin_file = pin_file
        self._label = key_label
        self._lock = threading.Lock()  # a session of a token is for one thread at a time
        self._session: Any = None
        self._is_pin_wrong = False

    def __str__(self) -> str:
        """Name the key for a person."""
        return f"the key {self._label} on the token {self._token}"

    def sign_digest(self, sha256: bytes) -> bytes:
        """Sign a digest of 32 bytes; ECDSA in DER.

        Raises:
            SealingMustWait: The token does not answer, not on a fresh session either.
            KeysUnusable: The extra ``pkcs11`` is not installed, or the PIN cannot be read.
        """
        pkcs11 = _pkcs11()
        with self._lock:
            try:
                raw = self._sign(pkcs11, sha256)
            except (pkcs11.PKCS11Error, RuntimeError):
                self._forget_session(pkcs11)
                try:
                    raw = self._sign(pkcs11, sha256)
                except (pkcs11.PKCS11Error, RuntimeError) as exc:
                    self._forget_session(pkcs11)
                    raise SealingMustWait("key_away", f"The token says {type(exc).__name__}.") from exc
        return encode_dss_signature(
            int.from_bytes(raw[:P256_BYTES], "big"), int.from_bytes(raw[P256_BYTES:], "big")
        )

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Read the public key that lies beside the private one on the token.

        Raises:
            KeysUnusable: There is none, or it is not on P-256.
        """
        pkcs11 = _pkcs11()
        from pkcs11.util.ec import encode_ec_public_key  # part of the extra

        with self._lock:
            try:
                found = self._opened(pkcs11).get_key(
                    object_class=pkcs11.ObjectClass.PUBLIC_KEY, label=self._label
                )
                key = serialization.load_der_public_key(encode_ec_public_key(found))
            except (pkcs11.PKCS11Error, RuntimeError, ValueError) as exc:
                raise KeysUnusable(f"The token shows no public key {self._label}.") from exc
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise KeysUnusable("The signing key must be an elliptic curve key on P-256.")
        return key

    def _sign(self, pkcs11: ModuleType, sha256: bytes) -> bytes:
        key = self._opened(pkcs11).get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=self._label)
        # Raw ECDSA over the digest: tokens differ in which hashing mechanisms they have, all have this one.
        return bytes(key.sign(sha256, mechanism=pkcs11.Mechanism.ECDSA))

    def _opened(self, pkcs11: ModuleType) -> Any:
        if self._session is None:
            if self._is_pin_wrong:
                raise KeysUnusable(f"The token {self._token} refused the PIN; it is not tried again.")
            try:
                pin = self._pin_file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as exc:
                raise KeysUnusable(f"The PIN in {self._pin_file} cannot be read.") from exc
            token = pkcs11.lib(str(self._library)).get_token(token_label=self._token)
            try:
                self._session = token.open(user_pin=pin)
            except pkcs11.exceptions.UserAlreadyLoggedIn:
                self._session = token.open()  # the login is the process's, not the session's (PKCS #11, 5.6)
            except (pkcs11.exceptions.PinIncorrect, pkcs11.exceptions.PinLocked) as exc:
                self._is_pin_wrong = True  # a token locks itself after a few tries
                raise KeysUnusable(f"The token {self._token} refuses the PIN in {self._pin_file}.") from exc
        return self._session

    def _forget_session(self, pkcs11: ModuleType) -> None:
        session, self._session = self._session, None
        if session is not None:
            with suppress(pkcs11.PKCS11Error, RuntimeError):  # it is broken already
                session.close()


def _pkcs11() -> ModuleType:
    try:
        import pkcs11  # an extra: most installations have no token
        import pkcs11.exceptions
    except ImportError as exc:
        raise KeysUnusable(
            "Keys on a token need python-pkcs11: pip install 'inspection-service[pkcs11]'."
        ) from exc
    return pkcs11
