"""The rules of a vehicle identification number, and what they make of a line that was read.

Source: ISO 3779:2009 (17 characters, without I, O and Q), 49 CFR 565.15 (check digit, North America).
"""

from __future__ import annotations

import re

LENGTH = 17
_VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
_SHAPES = str.maketrans({"I": "1", "O": "0", "Q": "0"})
"""Letters that a VIN cannot have stand for the digits they look like."""
_BEFORE = re.compile(r"^(VIN|FIN|NO|NR|N|E)+(?=.{17}$)")
_SMALL = re.compile(r"[abdeghnqrt]")
"""Small letters that look like no capital: three of them are words, such as a street and its postcode."""
_WORDS = 3
_VALUES = dict(
    zip("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", map(int, "12345678123457923456789" + "0123456789"), strict=True)
)
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_SERIAL_DIGITS = 4
"""The last four characters are digits everywhere. Source: ISO 3779, 5.4."""


def as_vin(text: str) -> str | None:
    """Return the VIN that a line of text is, or None when it is none.

    Args:
        text: As read: blanks, stars and hyphens do not count, nor does ``VIN`` before the number.
    """
    if len(_SMALL.findall(text)) >= _WORDS:
        return None
    bare = "".join(c for c in text.upper() if c.isascii() and c.isalnum())
    number = _BEFORE.sub("", bare).translate(_SHAPES)
    if _VIN.fullmatch(number) is None or not number[-_SERIAL_DIGITS:].isdigit() or number.isdigit():
        return None
    return number


def has_check_digit(vin: str) -> bool:
    """Whether the ninth character is the check digit of the others: evidence where it holds, nothing where not.

    Args:
        vin: 17 characters as :func:`as_vin` gives them.
    """
    total = sum(_VALUES[c] * w for c, w in zip(vin, _WEIGHTS, strict=True))
    return vin[8] == "0123456789X"[total % 11]
