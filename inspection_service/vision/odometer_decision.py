"""Whether what both readers saw is enough to print a number: evidence in, reading or reason out, no pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from inspection_service.vision.odometer_number import Box, Number
from inspection_service.vision.odometer_words import digit_runs, is_dial

CLEARLY_READ = 0.6
"""Score of the weakest digit from which a short number is believed to be short: a clock, a trip meter."""
MOST_BEFORE_TENTHS = 6
"""Digits of the longest odometers that count tenths."""
HALF_MARKED = (0.2, 0.5)
"""Between these scores of the tenths mark the number could be ten times larger or smaller."""


@dataclass(frozen=True)
class Limits:
    """When a reading is given; chosen on photos of the training vehicles, see models/odometer_read.md.

    Attributes:
        located: Least score of a place to look at.
        printed: Least score of a place whose number may be given; below, it may be any number in the picture.
        clear_lead: Another place that may be an odometer too must score less than this share of the one that is read.
        character: Least score of a character to count as seen.
        weakest: Least score of the least sure digit, in every cut.
        rival: Highest score of another reading of any digit.
        least_digits, most_digits: Of a reading, leading zeros counted.
        digits_with_point: Least digits before a decimal point; fewer is a trip meter.
        second: Least mean probability of the second reader.
        small_px: Digits lower than this in the photo must be read alike in every cut, not only in most.
    """

    located: float = 0.12
    printed: float = 0.2
    clear_lead: float = 0.5
    character: float = 0.3
    weakest: float = 0.3
    rival: float = 0.7
    least_digits: int = 5
    most_digits: int = 7
    digits_with_point: int = 5
    second: float = 0.6
    small_px: float = 9.0


@dataclass(frozen=True)
class OdometerReading:
    """What the display says, or why that is not known.

    Attributes:
        reading: Digits as shown, leading zeros kept, tenths left out; None when it would be a guess.
        confidence: 0..1, see `confidence`; of a refused reading 0.
        unit: ``km`` or ``mi`` where it was read beside the number, else None.
        box: xyxy pixels of the photo, round the number; None when none was found.
        why_not: ``not_found``, ``readers_disagree``, ``blurred``, ``cut_off``, ``implausible``; None with a reading.
    """

    reading: str | None
    confidence: float
    unit: str | None
    box: Box | None
    why_not: str | None

    def to_json(self) -> dict[str, Any]:
        """The form kept in a judgement."""
        return {
            "reading": self.reading,
            "confidence": round(self.confidence, 3),
            "unit": self.unit,
            "box": [round(v, 1) for v in self.box] if self.box else None,
            "why_not": self.why_not,
        }


@dataclass(frozen=True)
class Place:
    """Where an odometer's line may stand: xyxy pixels of the photo, and the locator's score 0..1."""

    box: Box
    score: float


@dataclass(frozen=True)
class Evidence:
    """Everything the decision about one place rests on.

    Attributes:
        place: The place.
        number: Our reading from the best cut.
        cuts: How many cuts were read, and how many of them gave the same digits and decimals.
        same: See ``cuts``.
        weakest: Lowest score of a digit over all cuts that agree.
        rival: Highest score of another reading of a digit over all cuts that agree.
        second: What the second reader said, cut by cut, until it agreed.
        agreed: The second reader said the same digits in one of its cuts.
        contradicted: With more of the line in view the second reader saw the number go on.
        is_other: The line says that it is a trip meter, a range, a clock or a date.
        half_marked: Some cut leaves it open whether the last drum counts tenths.
        unit: Unit beside the number.
        box: Round the number, pixels of the photo.
        digit_px: Height of a digit in the photo.
        cut_off: The number touches the rim of the photo.
    """

    place: Place
    number: Number | None = None
    cuts: int = 0
    same: int = 0
    weakest: float = 0.0
    rival: float = 1.0
    second: tuple[str, ...] = ()
    second_score: float = 0.0
    agreed: bool = False
    contradicted: bool = False
    is_other: bool = False
    half_marked: bool = False
    unit: str | None = None
    box: Box | None = None
    digit_px: float = 0.0
    cut_off: bool = False


def decide(evidence: list[Evidence], limits: Limits) -> OdometerReading:
    """Give a reading when one place, and no other, holds up; otherwise say what is in the way."""
    if not evidence:
        return OdometerReading(None, 0.0, None, None, "not_found")
    reasons = [refusal(e, limits) for e in evidence]
    good = [e for e, reason in zip(evidence, reasons, strict=True) if reason is None]
    if not good:
        first = evidence[0]
        return OdometerReading(None, 0.0, None, first.box or first.place.box, reasons[0])
    best = max(good, key=lambda e: e.place.score)
    assert best.number is not None
    if any(competes(other, best, limits) for other in evidence):
        return OdometerReading(None, 0.0, None, best.box, "readers_disagree")
    return OdometerReading(best.number.digits, confidence(best), best.unit, best.box, None)


def competes(other: Evidence, best: Evidence, limits: Limits) -> bool:
    """True when another place could as well be the odometer, read or not: then none of them is printed.

    A trip meter next to an odometer that could not be read must not take its place.
    """
    if (
        other is best
        or other.number is None
        or best.number is None
        or other.number.digits == best.number.digits
    ):
        return False
    if best.box is not None and overlap(other.box or other.place.box, best.box) > 0.3:
        return False
    if other.place.score < limits.clear_lead * best.place.score or other.is_other:
        return False
    own = other.number
    if other.same >= 2 and len(own.digits) < limits.least_digits and other.weakest >= CLEARLY_READ:
        # a clock, unless it stands where the odometer is likelier than where the long number was read
        return other.place.score > best.place.score
    if other.same >= 2 and limits.least_digits <= len(own.digits) <= limits.most_digits and not own.has_point:
        return True
    runs = [len(run) for text in other.second for run in digit_runs(text)]
    return any(limits.least_digits <= n <= limits.most_digits for n in runs)


def refusal(e: Evidence, limits: Limits) -> str | None:
    """Why this place gives no reading, or None."""
    n = e.number
    if n is None or e.place.score < limits.printed:
        return "not_found"
    if e.cut_off:
        return "cut_off"
    if not limits.least_digits <= len(n.digits) <= limits.most_digits:
        return "implausible"
    if e.is_other:
        return "implausible"
    if n.has_point and len(n.digits) < limits.digits_with_point:
        return "implausible"
    if (n.decimals and len(n.digits) > MOST_BEFORE_TENTHS) or is_dial(n.digits):
        return "implausible"
    if e.half_marked and not n.has_point:
        return "blurred"
    if e.digit_px < limits.small_px and e.same < e.cuts:
        return "blurred"
    if e.same < 2 or e.weakest < limits.weakest or e.rival > limits.rival:
        return "blurred"
    if not e.agreed or e.contradicted:
        return "readers_disagree"
    return None


def confidence(e: Evidence) -> float:
    """How far a reading is above doubt, 0..1; only agreement gets here at all.

    A fixed weighting: too few wrong readings are known to fit one. It orders readings, and the lowest are near 0.8.
    """
    z = (
        -1.0
        + 2.5 * e.weakest
        + 1.5 * e.second_score
        + 1.0 * (e.same - 2)
        + 1.5 * e.place.score
        - 1.5 * e.rival
    )
    return 1 / (1 + math.exp(-z))


def overlap(a: Box, b: Box) -> float:
    """Shared area as a share of the smaller box."""
    wide = min(a[2], b[2]) - max(a[0], b[0])
    tall = min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or tall <= 0:
        return 0.0
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return wide * tall / max(smaller, 1e-6)
