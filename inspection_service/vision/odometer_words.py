"""What the second reader's text says about a number: the same digits, a clock, a longer number, a unit."""

from __future__ import annotations

import re

from inspection_service.vision.odometer_number import Number
from inspection_service.vision.odometer_second import LOOKALIKES

DIAL_STEP = 40
"""Most between two figures that are written on a dial."""
FULL_REGISTER = 6
"""Digits of an odometer that shows its leading zeros."""
OTHER_WORDS = re.compile(r"(?i)trip|range|rpm|[x×*]\s?10")
"""Words beside numbers that are no odometer's: trip meters, ranges, and the multiplier of a rev counter."""


def digit_runs(text: str) -> list[str]:
    """Runs of digits in what the second reader said, lookalike letters among digits taken as digits."""
    plain = re.sub(r"(?<=[0-9OolI|])\s+(?=[0-9OolI|])", "", text)
    runs: list[str] = []
    for word in re.findall(r"[0-9OolI|]+", plain):
        if sum(c.isdigit() for c in word) * 2 >= len(word):
            runs.append(word.translate(LOOKALIKES))
    return runs


def is_divided(text: str, number: Number) -> bool:
    """True when the second reader saw a colon, a slash or a decimal point inside the same digits.

    Groups of three digits after a point are thousands; a point that our own reader saw too is known already.
    """
    for word in re.findall(r"[0-9OolI|][0-9OolI|.,:;/-]*[0-9OolI|]", text):
        digits = re.sub(r"[^0-9OolI|]", "", word).translate(LOOKALIKES)
        if len(digits) == len(word) or number.digits not in digits:
            continue
        if re.fullmatch(r"[0-9OolI|]{1,3}([.,][0-9OolI|]{3})+", word):
            continue
        if number.has_point and re.fullmatch(r"[0-9OolI|]+[.,][0-9OolI|]", word):
            continue
        return True
    return False


def goes_on(runs: list[str], number: Number) -> bool:
    """True when a wider view shows the same digits as part of a longer run: the number was not seen whole.

    A single figure in front is allowed to be a neighbour (a lamp-height sign) only when our own reader saw a gap;
    that case cannot be told from a lost digit here, so it counts as going on.
    """
    exact = {number.shown, number.digits}
    if len(number.digits) >= FULL_REGISTER:
        # Nothing stands before the zeros of a full register; what seems to is the rim of the display. And a zero before
        # a full one, an unlit place of the display as a rule, makes it no larger.
        is_register = number.digits.startswith("0")
        runs = [run[1:] if run[1:] in exact and (is_register or run[0] == "0") else run for run in runs]
    if any(run in exact for run in runs):
        return False
    return any(len(run) > len(number.shown) and number.digits in run for run in runs)


def is_dial(digits: str) -> bool:
    """True when two neighbouring figures of a dial make up the number: 80 and 100 of a speedometer."""
    pairs = [
        (int(digits[:cut]), int(digits[cut:])) for cut in range(2, len(digits) - 1) if digits[cut] != "0"
    ]
    return any(low % 10 == 0 and high % 10 == 0 and 0 < high - low <= DIAL_STEP for low, high in pairs)


def unit_in(text: str) -> str | None:
    """``km`` or ``mi`` when the line says so; speeds (km/h) and fuel figures do not count."""
    found = re.search(r"(?i)(?:\d|\b|\s)(km|mi(?:les?)?|mls)(?![a-z/])", text)
    if not found:
        return None
    return "km" if found.group(1).lower() == "km" else "mi"
