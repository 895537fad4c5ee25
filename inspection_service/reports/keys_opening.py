"""Opens the signer the settings name, and refuses in production what proves nothing to anybody else."""

from __future__ import annotations

from pathlib import Path

from inspection_service.clock import Clock
from inspection_service.reports.development_keys import open_or_create
from inspection_service.reports.errors import KeysUnusable
from inspection_service.reports.key_ring import certificate_sha256, read_revoked
from inspection_service.reports.keys import FileSigner, Signer, is_development
from inspection_service.settings import SigningSettings


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

        assert (
            settings.pkcs11_library and settings.pkcs11_token and settings.pkcs11_pin_file
        )  # checked at start
        assert settings.pkcs11_key_label
        return Pkcs11Signer.open(
            keys_dir,
            library=settings.pkcs11_library,
            token=settings.pkcs11_token,
            pin_file=settings.pkcs11_pin_file,
            key_label=settings.pkcs11_key_label,
        )
    from inspection_service.reports.keys_kms import KmsSigner, kms_client  # boto3 takes a moment

    assert settings.kms_key_id
    endpoint = str(settings.kms_endpoint) if settings.kms_endpoint else None
    return KmsSigner.open(
        keys_dir, settings.kms_key_id, kms_client(region=settings.kms_region, endpoint=endpoint)
    )
