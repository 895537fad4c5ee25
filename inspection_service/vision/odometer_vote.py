"""What two readers, looking many times, make of one number: digit by digit, not string against string.

A single look that is off by one digit says little; twenty looks of two readers that share neither training nor method
say where each of them wavers. The votes are weighed here; whether they suffice is `odometer_decision`'s to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspection_service.vision.odometer_number import Number
from inspection_service.vision.odometer_second import LOOKALIKES, Text

DIGITS = "0123456789"
LOOKALIKE_SCORE = 0.5
"""Share of the second reader's score that a letter in a digit's place lends to the digit."""
UNSEEN = 0.03
"""Added to every digit's score: no look may rule a digit out by itself."""
FEWEST_DIGITS, MOST_DIGITS = 3, 8
"""Lengths that are weighed at all."""
SECOND_COUNTS = 1.5
"""Weight of the second reader's looks when the readers see numbers of different length."""


@dataclass(frozen=True)
class Look:
    """One look of one reader at the number.

    Attributes:
        text: Its digits, tenths and decimals too; empty when it saw no number.
        scores: ``(len(text), 10)`` score of every digit at every position, 0..1.
    """

    text: str
    scores: NDArray[np.float32]

    @classmethod
    def of(cls, text: str, scores: Sequence[Sequence[float]]) -> Look:
        """Keep the scores as one table; a look without digits has none."""
        return cls(text, np.array(scores, np.float32).reshape(len(text), 10))


NOTHING = Look.of("", ())


@dataclass(frozen=True)
class Vote:
    """The number that all looks together favour, and how far they do; shares are of all looks of one reader.

    Attributes:
        text: Its digits, tenths and decimals too.
        own_long: Share of our looks that saw so many digits.
        own_same: Share of our looks that saw these very digits.
        own_least: Share of its place's score that our looks gave to the digit they favour least, 0..1.
        second_long: Share of the second reader's looks likewise.
        second_same: Likewise.
        margin: How much likelier each digit is than the next likeliest one in its place, where that is least
            (natural logarithm of the ratio, both readers together).
    """

    text: str
    own_long: float
    own_same: float
    own_least: float
    second_long: float
    second_same: float
    margin: float


def elect(own: Sequence[Look], second: Sequence[Look]) -> Vote | None:
    """Weigh all looks at one number.

    Args:
        own: Looks of our character network, those without a number too.
        second: Looks of the second reader, likewise.

    Returns:
        The favoured number; None when no length was seen by both readers.
    """
    best: Vote | None = None
    most = 0.0
    for length in range(FEWEST_DIGITS, MOST_DIGITS + 1):
        ours = [look for look in own if len(look.text) == length]
        theirs = [look for look in second if len(look.text) == length]
        if not ours or not theirs:
            continue
        weight = len(ours) / len(own) + SECOND_COUNTS * len(theirs) / len(second)
        if weight > most:
            best, most = _favoured(ours, theirs, len(own), len(second)), weight
    return best


def _favoured(ours: Sequence[Look], theirs: Sequence[Look], own_looks: int, second_looks: int) -> Vote:
    """The likeliest digit of every place, from looks of one length."""
    own = _mean_log(ours)
    total = own + _mean_log(theirs)
    chosen = total.argmax(1)
    text = "".join(str(digit) for digit in chosen)
    ordered = np.sort(total, axis=1)
    return Vote(
        text,
        len(ours) / own_looks,
        sum(look.text == text for look in ours) / own_looks,
        float(np.exp(own[np.arange(len(chosen)), chosen].min())),
        len(theirs) / second_looks,
        sum(look.text == text for look in theirs) / second_looks,
        float((ordered[:, -1] - ordered[:, -2]).min()),
    )


def _mean_log(looks: Sequence[Look]) -> NDArray[np.float32]:
    """``(length, 10)`` mean logarithm of the digits' shares."""
    raised = np.stack([look.scores for look in looks]) + np.float32(UNSEEN)
    return np.asarray(np.log(raised / raised.sum(2, keepdims=True)).mean(0), np.float32)


def look_of_text(text: Text) -> Look:
    """The longest run of digits in what the second reader said, blanks skipped.

    Lookalike letters among digits are taken as digits; where they are the majority it is a word.
    """
    best, run, letters = NOTHING, NOTHING, 0
    for at, character in enumerate(text.text):
        if character == " ":
            continue
        digit = character.translate(LOOKALIKES)
        if len(digit) != 1 or digit not in DIGITS:
            run, letters = NOTHING, 0
            continue
        letters += digit != character
        scores = np.array(text.digits[at] if text.digits else np.zeros(10), np.float32)
        if not text.digits or digit != character:
            # a letter's own probability says how surely this sign stands here, not that it is this digit
            scores[int(digit)] = max(float(scores[int(digit)]), LOOKALIKE_SCORE * text.score)
        run = Look(run.text + digit, np.concatenate([run.scores, scores[None]]))
        if len(run.text) > len(best.text) and 2 * letters <= len(run.text):
            best = run
    return best


def look_of_number(number: Number | None) -> Look:
    """What our network saw in one cut."""
    if number is None or len(number.parts) != len(number.shown):
        return NOTHING
    return Look.of(number.shown, [part.digits for part in number.parts])
