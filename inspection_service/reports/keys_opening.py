"""Opens the signer the settings name, and refuses in production what proves nothing to anybody else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from inspection_service.clock import Clock
from inspection_service.reports.development_keys import open_or_create
from inspection_service.reports.errors import KeysUnusable
from inspection_service.reports.key_ring import (
    NEXT_KEY_FILE,
    certificate_sha256,
    install,
    read_revoked,
    write_secret,
)
from inspection_service.reports.keys import FileSigner, Signer, is_development, read_key
from inspection_service.reports.own_authority import private_pem
from inspection_service.settings import SigningSettings

if TYPE_CHECKING:
    from inspection_service.reports.keys_kms import KmsKey
    from inspection_service.reports.keys_pkcs11 import TokenKey


def open_signer(settings: SigningSettings, keys_dir: Path, clock: Clock) -> Signer:
    """Open the signing keys; development keys are made on first use and say so in their name.

    Raises:
        KeysUnusable: They cannot be read, do not belong together, were revoked here, or are development keys in
            production.
    """
    signer = _open(settings, keys_dir, clock)
    if settings.production and is_development(signer.chain):
        raise KeysUnusable(
            "signing.production is set and these are development keys: nobody outside could trust such a report. "
            "Set signing.mode to file, pkcs11 or kms with a certificate of an authority (docs/keys.md)."
        )
    if certificate_sha256(signer.chain[0]) in read_revoked(keys_dir):
        raise KeysUnusable(
            "The signing certificate was revoked here; put another in use: `inspection-service keys rotate`."
        )
    return signer


def _open(settings: SigningSettings, keys_dir: Path, clock: Clock) -> Signer:
    if settings.mode == "development":
        return open_or_create(keys_dir, clock)
    if settings.mode == "file":
        return FileSigner.open(keys_dir)
    if settings.mode == "pkcs11":
        from inspection_service.reports.keys_pkcs11 import Pkcs11Signer  # an extra

        return Pkcs11Signer.open(keys_dir, token_key(settings))
    from inspection_service.reports.keys_kms import KmsSigner  # boto3 takes a moment

    return KmsSigner.open(keys_dir, kms_key(settings))


def token_key(settings: SigningSettings) -> TokenKey:
    """Set up the key on the token the settings name; nothing is opened yet."""
    from inspection_service.reports.keys_pkcs11 import TokenKey  # an extra

    # ``Settings`` refuses the mode without them
    assert settings.pkcs11_library and settings.pkcs11_token
    assert settings.pkcs11_pin_file and settings.pkcs11_key_label
    return TokenKey(
        settings.pkcs11_library, settings.pkcs11_token, settings.pkcs11_pin_file, settings.pkcs11_key_label
    )


def kms_key(settings: SigningSettings) -> KmsKey:
    """Set up the key in KMS the settings name; nothing is asked yet."""
    from inspection_service.reports.keys_kms import KmsKey, kms_client  # boto3 takes a moment

    assert settings.kms_key_id
    endpoint = str(settings.kms_endpoint) if settings.kms_endpoint else None
    return KmsKey(kms_client(region=settings.kms_region, endpoint=endpoint), settings.kms_key_id)


def next_key(keys_dir: Path) -> ec.EllipticCurvePrivateKey:
    """Return the key that waits for its certificate; made when there is none.

    Raises:
        KeysUnusable: It cannot be read or written.
    """
    path = keys_dir / NEXT_KEY_FILE
    if not path.exists():
        try:
            keys_dir.mkdir(parents=True, exist_ok=True)
            write_secret(path, private_pem(ec.generate_private_key(ec.SECP256R1())))
        except OSError as exc:
            raise KeysUnusable(f"A key cannot be written to {keys_dir}: {exc.strerror}.") from exc
    return read_key(path)


def read_chain_files(
    chain: Path, root: Path | None
) -> tuple[tuple[x509.Certificate, ...], x509.Certificate | None]:
    """Read what an authority sent: the new certificate, the issuing ones after it, perhaps its root.

    Authorities often put their root last in the same file; it is recognised by having issued itself.

    Raises:
        KeysUnusable: These are no certificates.
    """
    try:
        found = x509.load_pem_x509_certificates(chain.read_bytes())
        named = None if root is None else x509.load_pem_x509_certificate(root.read_bytes())
    except (OSError, ValueError) as exc:
        raise KeysUnusable(f"{chain} holds no certificates in PEM, or the root does not.") from exc
    if len(found) > 1 and found[-1].subject == found[-1].issuer:
        named = named or found[-1]
        found = found[:-1]
    return tuple(found), named


def install_certificate(
    keys_dir: Path,
    chain: Sequence[x509.Certificate],
    root: x509.Certificate | None,
    *,
    has_key_file: bool,
) -> None:
    """Put the signer of a new certificate in use.

    Args:
        keys_dir: The folder of the keys.
        chain: The certificate, then the issuing ones.
        root: When it is another one than before.
        has_key_file: Whether the key is the one made by ``keys csr``; else it is on a token or in a key service.

    Raises:
        KeysUnusable: The certificate is of another key, or leads to no root.
    """
    if not has_key_file:
        install(keys_dir, chain, key_pem=None, root=root)
        return
    key = read_key(keys_dir / NEXT_KEY_FILE)
    if chain[0].public_key() != key.public_key():
        raise KeysUnusable(f"The certificate is not for the key in {keys_dir / NEXT_KEY_FILE}.")
    install(keys_dir, chain, key_pem=private_pem(key), root=root)
    (keys_dir / NEXT_KEY_FILE).unlink()
