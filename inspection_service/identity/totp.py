"""One-time codes of an authenticator app, and the codes on paper for the day the phone is gone.

Source: RFC 6238 (TOTP: SHA-1, 30 s, 6 digits, as every app understands), section 5.2 (one time step once, one step of
drift either way); https://github.com/google/google-authenticator/wiki/Key-Uri-Format.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import datetime
from typing import Final

import pyotp

RECOVERY_CODES: Final = 10
_ISSUER: Final = "Inspections"
_STEP_S: Final = 30
_DRIFT: Final = (0, -1, 1)
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""No ``i l o 0 1``: they are copied by hand."""
_HALF: Final = 5


def new_secret() -> str:
    """Return 160 random bits in base32."""
    return pyotp.random_base32()


def uri(secret: str, email: str) -> str:
    """Return what the QR code says to the app."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=_ISSUER)


def matching_step(secret: str, code: str, now: datetime, *, last_step: int | None) -> int | None:
    """Return the time step a code belongs to.

    Args:
        secret: Base32.
        code: As typed; spaces do not count.
        now: The service's clock.
        last_step: The step of the last code that was taken; it and earlier ones are over.

    Returns:
        The step to remember, or ``None``: not a code of now.
    """
    digits = re.sub(r"\s", "", code)
    if not re.fullmatch(r"[0-9]{6}", digits):
        return None
    totp, present = pyotp.TOTP(secret), int(now.timestamp()) // _STEP_S
    for step in (present + drift for drift in _DRIFT):
        if hmac.compare_digest(totp.generate_otp(step), digits):
            return step if last_step is None or step > last_step else None
    return None


def new_recovery_codes() -> list[str]:
    """Return ten codes of some 49 random bits each, ``xxxxx-xxxxx``."""
    return [
        "-".join("".join(secrets.choice(_LETTERS) for _ in range(_HALF)) for _ in range(2))
        for _ in range(RECOVERY_CODES)
    ]


def recovery_hash(pepper: bytes, operator_id: str, code: str) -> str:
    """Return what the database keeps of a recovery code: worth nothing without the pepper."""
    plain = re.sub(r"[^a-z0-9]", "", code.casefold())
    return hmac.new(pepper, f"recovery {operator_id} {plain}".encode(), hashlib.sha256).hexdigest()
