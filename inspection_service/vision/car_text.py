"""The text of a number plate and of a VIN from a photo, or the reason why none is given.

Each line is read from several cuts by PP-OCR's recogniser. One score is no evidence (it is 1.00 on wrong readings,
too); a text is given when cuts that differ say the same, the rules of such a text allow it, and nothing as likely
stands against it. A bar code that carries a VIN speaks for itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import zxingcpp
from numpy.typing import NDArray

from inspection_service.vision.detector import BoxXyxy
from inspection_service.vision.odometer import hull, line_picture, stretched
from inspection_service.vision.odometer_second import Text, TextReader
from inspection_service.vision.odometer_strip import Line
from inspection_service.vision.plate_text import Plate, as_plate, bare, folded
from inspection_service.vision.text_lines import LineFinder
from inspection_service.vision.vin import LENGTH, as_vin, has_check_digit

Image = NDArray[np.uint8]

LEAST_SCORE = 0.8
"""Mean probability of the characters of a cut that is listened to."""
PLATE_VOTES, VIN_VOTES = 3, 3
"""Cuts that must say the same; one fewer is enough for a VIN whose check digit holds."""
LEAST_PLATE_PX = 9
"""Height of a plate under which nobody reads it."""
PLATE_LOOK_PX = 320
"""Longer side at which the surroundings of a plate are searched."""
AROUND = (0.35, 0.6)
"""How much of them, in widths and heights of the detector's box, on each side."""
PLATE_SHARE, HALF_SHARE = 0.5, 0.2
"""Least width of the line, in widths of the detector's box; and of each of the two lines of a square plate."""
SQUARE = 2.6
"""Widths in heights under which a plate may have two lines; those with one are some 4.7 wide, seen askew 3."""
LINE_STEP = 0.6
"""How far below one another two lines of a plate lie at least, in their height; less is one line in two parts."""
VIN_LINES = 8
"""Lines of a photo that are tried, longest first: a VIN is among the longest on its sticker."""
VIN_SHAPE = 4.0
"""Least width of a line of seventeen characters, in its heights; photos may be stretched to half of that."""
BAR_CODES = "Code39|Code128|DataMatrix|QRCode|PDF417"


@dataclass(frozen=True, slots=True)
class CarText:
    """What a plate or a VIN says.

    Attributes:
        text: Letters and digits; None when it would be a guess.
        confidence: 0..1, share of the cuts that say so times their mean score; 0 without a text.
        box: xyxy round the line, pixels of the photo; None when none was found.
        why_not: ``not_found``, ``readings_disagree``, ``implausible``; None with a text.
        evidence: What speaks for it: ``cuts``, ``barcode``, ``check_digit``, and of a plate the countries whose
            pattern it fits, as ``pattern:FR``; ``document`` where it stands on the registration document.
        among: Texts of a document of which one may be meant; which one, only the order can tell.
    """

    text: str | None
    confidence: float
    box: BoxXyxy | None
    why_not: str | None
    evidence: tuple[str, ...] = ()
    among: tuple[CarText, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As the judgement carries it."""
        return {
            "text": self.text,
            "confidence": round(self.confidence, 3),
            "box": [round(v, 1) for v in self.box] if self.box else None,
            "why_not": self.why_not,
            "evidence": list(self.evidence),
            **({"among": [each.to_json() for each in self.among]} if self.among else {}),
        }


NOT_FOUND = CarText(None, 0.0, None, "not_found")


class Plates:
    """Reads number plates whose boxes are known; safe to use from several threads."""

    def __init__(self, finder: LineFinder, reader: TextReader) -> None:
        """Use a finder of lines for the surroundings of a plate (``PLATE_LOOK_PX``), and a reader of lines."""
        self._finder = finder
        self._reader = reader

    def __call__(self, image: Image, boxes: Sequence[BoxXyxy]) -> CarText:
        """Read the first of several plates that can be read.

        Args:
            image: ``(H, W, 3)`` uint8 BGR, upright.
            boxes: Plates in its pixels, likeliest first.
        """
        first: CarText | None = None
        for box in boxes:
            if box[3] - box[1] < LEAST_PLATE_PX:
                continue
            answer = self.read(image, box)
            # the other boxes mostly lie on the same plate, and reading one costs a tenth of a second
            if answer.text:
                return answer
            first = first or answer
        return first or NOT_FOUND

    def read(self, image: Image, box: BoxXyxy) -> CarText:
        """Read one plate: the detector's box is loose, so the line itself is looked for in and around it."""
        lines = self._lines(image, box)
        if not lines:
            return CarText(None, 0.0, box, "not_found")
        said: list[Text] = []
        plates: list[tuple[Plate, float]] = []
        for both in zip(*(plate_cuts(image, line) for line in lines), strict=True):
            text = joined([self._reader(cut) for cut in both])
            said.append(text)
            plate = as_plate(text.text) if text.score >= LEAST_SCORE else None
            # what stands above or below may be a dealer's name: two lines are a plate by a country's pattern alone
            if plate is None or (len(lines) == 2 and not plate.countries):
                continue
            plates.append((plate, text.score))
            if is_contested([plate for plate, _ in plates]):
                break
        corners = np.array([hull(line) for line in lines])
        x0, y0 = (float(v) for v in corners[:, :2].min(0))
        x1, y1 = (float(v) for v in corners[:, 2:].max(0))
        return decided_plate(said, plates, (x0, y0, x1, y1))

    def _lines(self, image: Image, box: BoxXyxy) -> tuple[Line, ...]:
        """The line of a plate, or both of a square one, the upper first; nothing where neither is clear."""
        left, top, right, bottom = box
        wide, high = right - left, bottom - top
        x0, y0 = max(0, int(left - AROUND[0] * wide)), max(0, int(top - AROUND[1] * high))
        x1, y1 = int(right + AROUND[0] * wide) + 1, int(bottom + AROUND[1] * high) + 1
        part = image[y0:y1, x0:x1]
        if min(part.shape[:2]) < LEAST_PLATE_PX or max(part.shape[:2]) > 8 * min(part.shape[:2]):
            return ()
        found = [replace(line, x=line.x + x0, y=line.y + y0) for line in self._finder(part)]
        least = (HALF_SHARE if wide < SQUARE * high else PLATE_SHARE) * wide
        inside = [f for f in found if left < f.x < right and top < f.y < bottom and f.width >= least]
        tall = max((f.height for f in inside), default=0.0)
        large = sorted((f for f in inside if f.height >= 0.5 * tall), key=lambda f: f.y)
        if len(large) == 1:
            return (large[0],) if large[0].width >= PLATE_SHARE * wide else ()
        return tuple(large) if len(large) == 2 and wide < SQUARE * high and _stacked(*large) else ()


def _stacked(upper: Line, lower: Line) -> bool:
    """Whether one line stands below the other, and not beside it."""
    beside = abs(upper.x - lower.x) >= (upper.width + lower.width) / 2
    return not beside and lower.y - upper.y >= LINE_STEP * max(upper.height, lower.height)


def joined(parts: Sequence[Text]) -> Text:
    """One text of the lines of a plate; it is as sure as the least sure of them."""
    return Text("".join(part.text for part in parts), min(part.score for part in parts))


def is_contested(plates: Sequence[Plate]) -> bool:
    """Whether two readings fit a country's pattern and differ: :func:`decided_plate` gives none then, come what may."""
    return len({folded(plate.text) for plate in plates if plate.countries}) > 1


def decided_plate(said: Sequence[Text], plates: Sequence[tuple[Plate, float]], box: BoxXyxy) -> CarText:
    """Say what cuts of one plate amount to."""
    votes = Counter(folded(plate.text) for plate, _ in plates)
    if not votes:
        return CarText(None, 0.0, box, "implausible" if any(bare(t.text) for t in said) else "not_found")
    ranked = sorted(votes, key=lambda key: (-votes[key], key))
    best = [(plate, score) for plate, score in plates if folded(plate.text) == ranked[0]]
    plate = max(best, key=lambda p: (len(p[0].countries) > 0, -p[0].changed, p[1]))[0]
    rivals = [p for p, _ in plates if folded(p.text) != ranked[0] and (p.countries or not plate.countries)]
    if len(best) < PLATE_VOTES or rivals or plate.changed > 0:
        return CarText(None, 0.0, box, "readings_disagree")
    confidence = len(best) / len(said) * float(np.mean([score for _, score in best]))
    return CarText(plate.text, confidence, box, None, ("cuts", *(f"pattern:{c}" for c in plate.countries)))


class Vins:
    """Finds and reads a VIN anywhere on a photo; safe to use from several threads."""

    def __init__(
        self,
        finder: LineFinder,
        reader: TextReader,
        codes: Callable[[Image], Sequence[str]] | None = None,
    ) -> None:
        """Use a finder of lines, a reader of lines, and a reader of bar codes (zxing-cpp when not given)."""
        self._finder = finder
        self._reader = reader
        self._codes = codes or bar_codes

    def __call__(self, image: Image) -> CarText:
        """Read the VIN on an upright photo, ``(H, W, 3)`` uint8 BGR.

        Two numbers that are both read well leave it open which one is meant.
        """
        coded = sorted({vin for code in self._codes(image) if (vin := as_vin(code)) is not None})
        lines = [line for line in self._finder(image) if line.width >= VIN_SHAPE * line.height][:VIN_LINES]
        answers = [answer for line in lines if (answer := self._read(image, line)) is not None]
        read = {answer.text: answer for answer in answers if answer.text}
        if len(coded) == 1:
            vin = coded[0]
            if not read or vin in read:
                box = read[vin].box if vin in read else None
                seen = ("barcode", *(("cuts",) if vin in read else ()), *_checked(vin))
                return CarText(vin, 0.99, box, None, seen)
            return CarText(None, 0.0, next(iter(read.values())).box, "readings_disagree")
        if coded or len(read) > 1:
            return CarText(None, 0.0, None, "readings_disagree")
        if read:
            return next(iter(read.values()))
        return answers[0] if answers else NOT_FOUND

    def _read(self, image: Image, line: Line) -> CarText | None:
        """Read one line; None when it is no VIN by any cut."""
        first = self._reader(vin_cuts(image, line, 1)[0])
        # a line of many other characters is no VIN; one character lost or too many may be one
        if not LENGTH - 3 <= len(bare(first.text)) <= LENGTH + 6:
            return None
        said = [first, *(self._reader(cut) for cut in vin_cuts(image, line)[1:])]
        vins = [(vin, t.score) for t in said if t.score >= LEAST_SCORE and (vin := as_vin(t.text))]
        return decided(said, vins, hull(line))


def decided(said: Sequence[Text], vins: Sequence[tuple[str, float]], box: BoxXyxy) -> CarText:
    """Say what cuts of one line amount to."""
    if not vins:
        return CarText(None, 0.0, box, "implausible")
    votes = Counter(vin for vin, _ in vins)
    best = min(votes, key=lambda vin: (-votes[vin], not has_check_digit(vin), vin))
    rivals = [vin for vin in votes if vin != best]
    sure = has_check_digit(best) and not any(has_check_digit(vin) for vin in rivals)
    needed = VIN_VOTES - 1 if sure else VIN_VOTES
    if votes[best] < needed or (rivals and not sure):
        return CarText(None, 0.0, box, "readings_disagree")
    confidence = votes[best] / len(said) * float(np.mean([score for vin, score in vins if vin == best]))
    return CarText(best, confidence, box, None, ("cuts", *_checked(best)))


def _checked(vin: str) -> tuple[str, ...]:
    return ("check_digit",) if has_check_digit(vin) else ()


def plate_cuts(image: Image, line: Line) -> list[Image]:
    """Five views of a plate's line: as found, taller, wider, narrower, with more contrast.

    Those that differ most come first: where they disagree, the others are not read.
    """
    return [
        line_picture(image, line, beside=0.1, above=0.0),
        line_picture(image, line, beside=0.15, above=0.18),
        line_picture(image, line, beside=0.25, above=0.08),
        line_picture(image, line, beside=-0.05, above=-0.05),
        stretched(line_picture(image, line, beside=0.12, above=0.03)),
    ]


def vin_cuts(image: Image, line: Line, most: int = 4) -> list[Image]:
    """Up to four views of a line: as found, wider, taller, with more contrast."""
    margins = ((0.25, 0.0), (0.6, 0.12), (0.4, 0.25))[:most]
    cuts = [line_picture(image, line, beside=beside, above=above) for beside, above in margins]
    return [*cuts, stretched(line_picture(image, line, beside=0.45, above=0.06))][:most]


def bar_codes(image: Image) -> list[str]:
    """Texts of the bar codes on a photo of the kinds that carry VINs."""
    return [
        found.text for found in zxingcpp.read_barcodes(image, zxingcpp.barcode_formats_from_str(BAR_CODES))
    ]
