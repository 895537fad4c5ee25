"""What a number plate may say: the patterns of European countries, as plausibility and against lookalikes.

A plate is not refused because no pattern fits: there are personal, old and foreign ones. A pattern only tells whether
an O is a letter or a nought, and lets a reading count as more than a guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PATTERNS: dict[str, tuple[str, ...]] = {
    "AT": ("LLDDDDL", "LLDDDDLL", "LLDDDLL", "LDDDDDL", "LDDDDLL", "LLDDDLLL"),
    "BE": ("DLLLDDD", "LLLDDD"),
    "CH": ("LLDDDD", "LLDDDDD", "LLDDDDDD"),
    "CZ": ("DLDDDDD", "DLLDDDD", "LLLDDDD"),
    "DE": (
        *(f"{'L' * place}{'D' * digits}" for place in (2, 3, 4, 5) for digits in (1, 2, 3, 4)),
    ),
    "ES": ("DDDDLLL", "LDDDDLL", "LLDDDDLL"),
    "FR": ("LLDDDLL", "DDDLLDD", "DDDDLLDD", "DDDLLLDD"),
    "GB": ("LLDDLLL", "LDDDLLL", "LDDLLL", "LLLDDDL"),
    "HU": ("LLLDDD", "LLLLDDD"),
    "IE": ("DDLDDDD", "DDLDDDDD", "DDDLDDDD", "DDDLDDDDD", "DDDLDDDDDD", "DDDLLDDDD"),
    "IT": ("LLDDDLL",),
    "LU": ("LLDDDD",),
    "NL": (
        "LLDDDD", "DDDDLL", "DDLLDD", "LLDDLL", "LLLLDD", "DDLLLL", "DDLLLD", "DLLLDD", "LLDDDL", "LDDDLL",
        "LLLDDL", "LDDLLL", "DLLDDD", "DDDLLD",
    ),
    "PL": ("LLDDDDD", "LLDDDDL", "LLDDDLL", "LLDLDDD", "LLDLLDD", "LLLLDDD", "LLLDDLL", "LLLDLDD", "LLLDDLD",
           "LLLDDDDD", "LLLDDDD", "LLLDDDL", "LLLDLLD"),
    "PT": ("LLDDLL", "DDLLDD", "DDDDLL", "LLDDDD"),
    "RO": ("LLDDLLL", "LDDLLL", "LDDDLLL"),
    "SE": ("LLLDDD", "LLLDDL"),
    "SK": ("LLDDDLL",),
}  # fmt: skip
"""Letters and digits of private cars' plates, blanks and hyphens left out; the commonest series of each country."""

_TO_DIGIT = {"O": "0", "Q": "0", "D": "0", "I": "1", "L": "1", "Z": "2", "S": "5", "G": "6", "B": "8"}
_TO_LETTER = {"0": "O", "1": "I", "2": "Z", "5": "S", "6": "G", "8": "B"}
_PLAIN = frozenset({("O", "0"), ("0", "O"), ("I", "1"), ("1", "I")})
"""Shapes that are the same on most plates; the other lookalikes are a reader's mistake, and doubt is due."""
_SHORTEST, _LONGEST = 4, 9


@dataclass(frozen=True, slots=True)
class Plate:
    """One plate as it may be meant.

    Attributes:
        text: Letters and digits only.
        countries: Where such a plate may be from; empty when no pattern fits.
        changed: How many characters other than O, 0, I, 1 had to be taken for their lookalike.
    """

    text: str
    countries: tuple[str, ...]
    changed: int


def bare(text: str) -> str:
    """Letters and digits of a text, in capitals."""
    return "".join(c for c in text.upper() if c.isascii() and c.isalnum())


def folded(text: str) -> str:
    """A plate with O as 0 and I as 1: two that are the same so cannot be told apart on the metal."""
    return bare(text).replace("O", "0").replace("Q", "0").replace("I", "1")


def as_plate(text: str) -> Plate | None:
    """Return what a line that was read on a plate says, or None when that is no plate at all.

    Args:
        text: As read.
    """
    said = bare(text)
    if not _SHORTEST <= len(said) <= _LONGEST or not re.search(r"\d", said):
        return None
    fits: dict[str, tuple[int, set[str]]] = {}
    for country, patterns in PATTERNS.items():
        for pattern in patterns:
            meant = _fitted(said, pattern)
            if meant is not None:
                fits.setdefault(meant, (_mistakes(said, meant), set()))[1].add(country)
    if not fits:
        return Plate(said, (), 0)
    # what needs fewest characters to be something else; among equals the one with fewest O and I turned
    best = min(
        fits, key=lambda meant: (fits[meant][0], sum(a != b for a, b in zip(meant, said, strict=True)), meant)
    )
    return Plate(best, tuple(sorted(fits[best][1])), fits[best][0])


def _fitted(said: str, pattern: str) -> str | None:
    if len(said) != len(pattern):
        return None
    out = []
    for char, kind in zip(said, pattern, strict=True):
        right = char.isdigit() == (kind == "D")
        meant = char if right else (_TO_DIGIT if kind == "D" else _TO_LETTER).get(char)
        if meant is None:
            return None
        out.append(meant)
    return "".join(out)


def _mistakes(said: str, meant: str) -> int:
    return sum(a != b and (a, b) not in _PLAIN for a, b in zip(said, meant, strict=True))
