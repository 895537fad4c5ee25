"""Makes secrets and compares them: only hashes rest in the database.

Tokens and keys carry 256 random bits, so a plain SHA-256 keeps them; codes have six digits and are mixed with the
pepper, which is not in the database; passwords go through Argon2id.

Source: https://www.rfc-editor.org/rfc/rfc9106 (Argon2), OWASP Password Storage Cheat Sheet.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from base64 import urlsafe_b64encode
from contextlib import suppress
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from inspection_service.identity.errors import PepperDamaged

KEY_PREFIX: Final = "isk_"
TEST_KEY_PREFIX: Final = "isk_test_"
"""Of the keys of a sandbox, so that nobody takes one for the other."""
_PEPPER_BYTES: Final = 32
_CODE_DIGITS: Final = 6
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def new_token() -> str:
    """Return 43 characters nobody can guess, safe in a URL."""
    return secrets.token_urlsafe(32)


def derived_token(pepper: bytes, *parts: str) -> str:
    """Return a token that can be made again from its parts by whoever holds the pepper, and by nobody else."""
    digest = hmac.new(pepper, "\x1f".join(parts).encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def sha256(secret: str) -> str:
    """Return what the database keeps of a token."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_code() -> str:
    """Return six random digits."""
    return f"{secrets.randbelow(10**_CODE_DIGITS):0{_CODE_DIGITS}d}"


def code_hmac(pepper: bytes, code_id: str, code: str) -> str:
    """Return what the database keeps of a code."""
    return hmac.new(pepper, f"code {code_id} {code}".encode(), hashlib.sha256).hexdigest()


def hash_password(password: str) -> str:
    """Return what the database keeps of a password; takes some 30 ms on purpose, so call it in a thread."""
    return _HASHER.hash(password)


def is_password(password: str, kept: str | None) -> bool:
    """Compare a password; as slow for an account that does not exist (``None``) as for one that does."""
    try:
        _HASHER.verify(kept or _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def load_pepper(path: Path) -> bytes:
    """Return the instance's pepper; the first call makes it, readable by its owner only.

    Two processes that start together end with the same one: the file appears whole or not at all.

    Raises:
        PepperDamaged: The file does not hold exactly 32 bytes.
    """
    if not path.exists():
        _make_pepper(path)
    pepper = path.read_bytes()
    if len(pepper) != _PEPPER_BYTES:
        raise PepperDamaged(f"{path} must hold exactly {_PEPPER_BYTES} bytes and holds {len(pepper)}.")
    return pepper


def _make_pepper(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_PEPPER_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was first: its pepper stays
            os.link(draft, path)
    finally:
        draft.unlink()


def masked(contact: str) -> str:
    """Return enough of an address for its owner to know it: ``s…@example.com``, ``…42``."""
    name, at, domain = contact.partition("@")
    return f"{name[:1]}…@{domain}" if at else f"…{contact[-2:]}"


_NOBODY: Final = _HASHER.hash(secrets.token_hex(16))
