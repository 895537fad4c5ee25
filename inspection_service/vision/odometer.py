"""The odometer's reading from a photo of the dashboard, or the reason why none is given.

A locator finds the line, our character network and PP-OCR's recogniser read it independently, and a reading is only
given when both say the same of more than one cut of the picture and it can be an odometer's. A number that was only
guessed is worse in a report than none.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection_service.vision.engine import Placement
from inspection_service.vision.odometer_number import Character, Number, find_characters, middle_number
from inspection_service.vision.odometer_second import LOOKALIKES, TextReader
from inspection_service.vision.odometer_strip import (
    STRIP_HEIGHT_PX,
    STRIP_WIDTH_PX,
    Line,
    Strip,
    cut_strip,
)

Box = tuple[float, float, float, float]
Image = NDArray[np.uint8]


MOST_PLACES = 5
"""Places that are read; the readers, not the locator, tell an odometer from a clock."""
FULL_REGISTER = 6
"""Digits of an odometer that shows its leading zeros."""
CLEARLY_READ = 0.6
"""Score of the weakest digit from which a short number is believed to be short: a clock, a trip meter."""
HALF_MARKED = (0.2, 0.5)
"""Between these scores of the tenths mark the number could be ten times larger or smaller."""
OTHER_WORDS = re.compile(r"(?i)trip|range|rpm|[x×*]\s?10")
"""Words beside numbers that are no odometer's: trip meters, ranges, and the multiplier of a rev counter."""


class Network(Protocol):
    """One loaded model: `engine.Model` fits."""

    def prepare(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], Placement]:
        """Bring a photo to the network's input, and say where it lies in it."""
        ...

    def run(self, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Outputs by name for ``(1, 3, H, W)`` BGR 0..255."""
        ...


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
class Cut:
    """One strip and what our character network sees on it."""

    strip: Strip
    characters: tuple[Character, ...]
    number: Number | None


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


class Odometer:
    """Reads odometers with three networks: locator, character network, second reader."""

    def __init__(
        self, find: Network, read: Network, second: TextReader, limits: Limits | None = None
    ) -> None:
        self._find = find
        self._read = read
        self._second = second
        self._limits = limits or Limits()

    def __call__(self, image: Image) -> OdometerReading:
        """Read the odometer on an upright photo, ``(H, W, 3)`` uint8 BGR.

        When the whole photo gives no reading, its likeliest parts are searched again, larger.
        """
        places = self.places(image)[:MOST_PLACES]
        evidence = [self.weigh(image, place) for place in places]
        answer = decide(evidence, self._limits)
        if answer.reading is not None or not places:
            return answer
        closer = [place for area in closer_areas(image, places) for place in self.places(image, area)[:2]]
        evidence += [self.weigh(image, place) for place in closer]
        return decide(evidence, self._limits)

    def places(self, image: Image, area: Box | None = None) -> list[Place]:
        """Where the line may stand, best first, overlapping ones merged.

        Args:
            image: The photo.
            area: The part of it to search, xyxy; the places are still in pixels of the whole photo.
        """
        left, top, right, bottom = (int(v) for v in area or (0, 0, image.shape[1], image.shape[0]))
        batch, placement = self._find.prepare(image[top:bottom, left:right])
        out = self._find.run(batch)
        scores = out["scores"][0, :, 0]
        boxes = placement.to_photo(out["boxes"][0]) + np.array([left, top, left, top], np.float32)
        chosen = np.nonzero(scores > self._limits.located)[0]
        chosen = chosen[np.argsort(-scores[chosen], kind="stable")][:60]
        places: list[Place] = []
        for i in chosen:
            x0, y0, x1, y1 = (float(v) for v in boxes[i])
            box = (max(x0, left), max(y0, top), min(x1, right), min(y1, bottom))
            if box[2] - box[0] < 4 or box[3] - box[1] < 2:
                continue
            if all(overlap(box, p.box) < 0.3 for p in places):
                places.append(Place(box, float(scores[i])))
        return places

    def weigh(self, image: Image, place: Place) -> Evidence:
        """Read one place with both readers."""
        first = self._cut(image, Line.of_box(place.box))
        if first.number is None:
            return Evidence(place)
        line = number_line(first)
        cuts = [c for c in (self._cut(image, line), self._cut(image, line.grown(0.12)), first) if c.number]
        chosen = most_agreed(cuts)
        number = chosen.number
        assert number is not None
        same = [c.number for c in cuts if c.number and c.number.shown_as == number.shown_as]
        line = number_line(chosen)
        box = hull(line)
        h, w = image.shape[:2]
        evidence = Evidence(
            place,
            number,
            cuts=3,
            same=len(same),
            weakest=min((n.weakest for n in same), default=0.0),
            rival=max((n.closest_rival for n in same), default=1.0),
            box=(max(box[0], 0.0), max(box[1], 0.0), min(box[2], float(w)), min(box[3], float(h))),
            digit_px=line.height,
            half_marked=any(HALF_MARKED[0] < c.number.mark < HALF_MARKED[1] for c in cuts if c.number),
            cut_off=box[0] < 1.0
            or box[1] < -0.2 * line.height
            or box[2] > w - 1.0
            or box[3] > h + 0.2 * line.height,
        )
        return self._ask_second(image, line, number, evidence)

    def _cut(self, image: Image, line: Line) -> Cut:
        strip = cut_strip(image, line)
        out = self._read.run(strip.image.transpose(2, 0, 1)[None].astype(np.float32))
        characters = find_characters(
            out["classes"][0], out["tenths"][0], out["boxes"][0], self._limits.character
        )
        return Cut(
            strip, tuple(characters), middle_number(characters, (STRIP_WIDTH_PX / 2, STRIP_HEIGHT_PX / 2))
        )

    def _ask_second(self, image: Image, line: Line, number: Number, evidence: Evidence) -> Evidence:
        """Let the second reader read the number, and the number with its neighbours."""
        said: list[str] = []
        agreed, best = False, 0.0
        # a decimal point that only one reader saw is a doubt about the size of the number
        accepted = {number.digits} if number.has_point else {number.shown, number.digits}
        hopeful = (
            evidence.same >= 2 and self._limits.least_digits <= len(number.digits) <= self._limits.most_digits
        )
        pictures = second_pictures(image, line)
        # what is refused anyway is only asked once: it may still compete with another place
        for picture in pictures if hopeful else pictures[:1]:
            text = self._second(picture)
            said.append(text.text)
            runs = set(digit_runs(text.text))
            if text.score >= self._limits.second and accepted & runs:
                agreed, best = True, text.score
                break
            if any(len(run) == len(known) for run in runs for known in accepted):
                # it read as many digits and others: asking until it agrees would be choosing the answer
                break
        if not agreed or not hopeful:
            is_other = any(OTHER_WORDS.search(text) for text in said)
            return replace(evidence, second=tuple(said), agreed=agreed, is_other=is_other)
        pitch = line.width / max(len(number.shown), 1) / line.height
        near = self._second(line_picture(image, line, beside=1.2 * pitch, above=0.25))
        wide = self._second(line_picture(image, line, beside=3.0, above=0.25))
        said += [near.text, wide.text]
        return replace(
            evidence,
            second=tuple(said),
            second_score=best,
            agreed=True,
            contradicted=goes_on(digit_runs(near.text), number),
            is_other=bool(OTHER_WORDS.search(wide.text)) or any(is_divided(t, number) for t in said),
            unit=unit_in(wide.text),
        )


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
        return False
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


def most_agreed(cuts: list[Cut]) -> Cut:
    """The cut whose number most cuts show; among equals the first one that is surest of its digits."""

    def rank(cut: Cut) -> tuple[int, float]:
        assert cut.number is not None
        shown = cut.number.shown_as
        return sum(c.number is not None and c.number.shown_as == shown for c in cuts), cut.number.weakest

    return max(cuts, key=rank)


def closer_areas(image: Image, places: list[Place]) -> list[Box]:
    """Two parts of the photo, two and a half times smaller than it, round the likeliest places."""
    h, w = image.shape[:2]
    side = max(h, w) / 2.5
    areas: list[Box] = []
    for place in places:
        x, y = (place.box[0] + place.box[2]) / 2, (place.box[1] + place.box[3]) / 2
        if any(a[0] < x < a[2] and a[1] < y < a[3] for a in areas):
            continue
        areas.append(
            (max(x - side / 2, 0.0), max(y - side / 2, 0.0), min(x + side / 2, w), min(y + side / 2, h))
        )
    return areas[:2]


def number_line(cut: Cut) -> Line:
    """The line of the number that a cut found, in pixels of the photo, with its slope."""
    number = cut.number
    assert number is not None
    x0, y0, x1, y1 = number.box
    lean = math.atan(number.slope)
    tall = max((y1 - y0) - abs(number.slope) * (x1 - x0) * 0.8, 0.5 * (y1 - y0))
    middle = cut.strip.to_picture(np.array([[(x0 + x1) / 2, (y0 + y1) / 2]]))[0]
    scale = cut.strip.scale
    turned = math.degrees(math.atan2(-cut.strip.affine[1, 0], cut.strip.affine[0, 0]))
    return Line(
        float(middle[0]),
        float(middle[1]),
        (x1 - x0) / scale / math.cos(lean),
        tall / scale,
        turned + math.degrees(lean),
    )


def hull(line: Line) -> Box:
    """The level box round a sloping line."""
    angle = math.radians(line.slope_deg)
    half_w = (abs(math.cos(angle)) * line.width + abs(math.sin(angle)) * line.height) / 2
    half_h = (abs(math.sin(angle)) * line.width + abs(math.cos(angle)) * line.height) / 2
    return line.x - half_w, line.y - half_h, line.x + half_w, line.y + half_h


def line_picture(image: Image, line: Line, beside: float, above: float) -> Image:
    """The line alone, 48 px high, with margins in heights of the line."""
    tall = line.height * (1 + 2 * above)
    wide = line.width + 2 * beside * line.height
    width = min(max(32, round(48 * wide / tall)), 640)
    return cut_strip(image, line, width_px=width, height_px=48, above=above, beside=beside).image


def second_pictures(image: Image, line: Line) -> list[Image]:
    """Views of the number for the second reader, the plainest first; it is asked until it agrees."""
    plain = line_picture(image, line, beside=0.45, above=0.22)
    wider = line_picture(image, line, beside=0.6, above=0.4)
    return [
        plain,
        wider,
        stretched(wider),
        cv2.GaussianBlur(255 - stretched(plain), (0, 0), 1.0).astype(np.uint8),
    ]


def stretched(picture: Image) -> Image:
    """The channel with most contrast, spread over the whole range, as grey BGR."""
    low, high = np.percentile(picture.reshape(-1, 3), [2, 98], axis=0)
    channel = int(np.argmax(high - low))
    grey = (picture[..., channel].astype(np.float32) - low[channel]) * (
        255 / max(high[channel] - low[channel], 8)
    )
    return np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


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
    if number.digits.startswith("0") and len(number.digits) >= FULL_REGISTER:
        # nothing stands before the zeros of a full register; what seems to is the rim of the display
        runs = [run[1:] if run[1:] in exact else run for run in runs]
    if any(run in exact for run in runs):
        return False
    return any(len(run) > len(number.shown) and number.digits in run for run in runs)


def unit_in(text: str) -> str | None:
    """``km`` or ``mi`` when the line says so; speeds (km/h) and fuel figures do not count."""
    found = re.search(r"(?i)(?:\d|\b|\s)(km|mi(?:les?)?|mls)(?![a-z/])", text)
    if not found:
        return None
    return "km" if found.group(1).lower() == "km" else "mi"


def overlap(a: Box, b: Box) -> float:
    """Shared area as a share of the smaller box."""
    wide = min(a[2], b[2]) - max(a[0], b[0])
    tall = min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or tall <= 0:
        return 0.0
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return wide * tall / max(smaller, 1e-6)
