"""Which passwords an operator may choose: long ones that nobody tries first.

Source: NIST SP 800-63B-4, section 3.1.1.2 (length before composition rules, a list of what is refused).
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from inspection_service.errors import InvalidInput

LEAST: Final = 12
MOST: Final = 1024
_LEAST_DISTINCT: Final = 5
_LONGEST_RUN_SHARE: Final = 0.75
_WORDS: Final = frozenset(
    (
        "password",
        "passwort",
        "motdepasse",
        "monmotdepasse",
        "letmein",
        "welcome",
        "bienvenue",
        "bonjour",
        "iloveyou",
        "jetaime",
        "admin",
        "administrator",
        "administrateur",
        "operator",
        "operateur",
        "supervisor",
        "inspection",
        "inspector",
        "inspecteur",
        "remoteinspection",
        "changeme",
        "changemoi",
        "secret",
        "qwerty",
        "qwertyuiop",
        "qwertz",
        "azerty",
        "azertyuiop",
        "asdfghjkl",
        "qsdfghjklm",
        "zxcvbnm",
        "football",
        "sunshine",
        "princess",
        "soleil",
        "dragon",
        "monkey",
        "master",
        "superman",
        "trustno",
        "abc",
        "abcdef",
        "default",
        "temporary",
        "temporaire",
    )
)
"""What remains of an obvious password once its digits, signs and repetitions are taken away."""


def check_password(password: str, *about: str) -> None:
    """Refuse a password that is short or among the first anybody would try.

    Args:
        password: As typed; spaces count.
        about: The person's name and e-mail, which are no secret.

    Raises:
        InvalidInput: It is too short, too long, or obvious.
    """
    if not LEAST <= len(password) <= MOST:
        raise InvalidInput("A password has at least 12 characters.", field="password")
    if _is_obvious(password) or _is_about(password, about):
        raise InvalidInput("This password is among the first anybody would try.", field="password")


def _is_obvious(password: str) -> bool:
    lowered = password.casefold()
    if lowered.isdigit() or len(set(lowered)) < _LEAST_DISTINCT:
        return True
    if _in_a_row(lowered) >= _LONGEST_RUN_SHARE * len(lowered):
        return True
    trimmed = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", lowered)
    plain = trimmed.translate(str.maketrans("@0134$57", "aoleasst"))
    return any(_is_made_of_words(re.sub(r"[^a-z]", "", each)) for each in (lowered, plain))


def _is_made_of_words(letters: str) -> bool:
    """Whether nothing is there but one or two obvious words, whatever digits stood around them."""
    return letters in _WORDS or any(
        letters[:cut] in _WORDS and letters[cut:] in _WORDS for cut in range(1, len(letters))
    )


def _in_a_row(text: str) -> int:
    """Count characters that follow the one before them on the alphabet or the digits, up or down."""
    return 1 + sum(abs(ord(one) - ord(next_)) == 1 for one, next_ in pairwise(text))


def _is_about(password: str, about: tuple[str, ...]) -> bool:
    """Whether the password is a name or an address with no more than a few characters beside it."""
    plain = re.sub(r"[^a-z0-9]", "", password.casefold())
    for text in about:
        for known in (text, text.partition("@")[0]):
            bare = re.sub(r"[^a-z0-9]", "", known.casefold())
            if len(bare) > 3 and bare in plain and len(plain) - len(bare) < 6:
                return True
    return False
