"""Seals small secrets with a key that follows from the pepper, so that a copy of the database opens none of them.

Source: RFC 5869 (HKDF), NIST SP 800-38D (AES-GCM).
"""

from __future__ import annotations

import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES: Final = 12


def wrap(pepper: bytes, purpose: str, about: str, secret: bytes) -> bytes:
    """Seal a secret; it opens only for the same purpose and the same account."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(_key(pepper, purpose)).encrypt(nonce, secret, about.encode())


def unwrap(pepper: bytes, purpose: str, about: str, wrapped: bytes) -> bytes | None:
    """Open what ``wrap`` sealed; ``None`` when it is something else."""
    nonce, sealed = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
    try:
        return AESGCM(_key(pepper, purpose)).decrypt(nonce, sealed, about.encode())
    except (InvalidTag, ValueError):
        return None


def _key(pepper: bytes, purpose: str) -> bytes:
    return HKDF(hashes.SHA256(), length=32, salt=None, info=f"inspection {purpose}".encode()).derive(pepper)
