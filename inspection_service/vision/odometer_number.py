"""From single characters on a strip to the one number that stands in its middle: geometry only, no network."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

CHARACTERS = "0123456789X,"
"""Classes of the character network: ten digits, any other character, the decimal point."""
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Character:
    """One character; ``box`` xyxy in pixels of the strip, ``score`` and ``tenths`` 0..1.

    ``rival`` is the score of the second-best class at the same place: how nearly it was read otherwise; ``digits`` are
    the scores of all ten digits at or beside its middle, empty where they are not known.
    """

    label: str
    score: float
    rival: float
    tenths: float
    box: Box
    digits: tuple[float, ...] = ()

    @property
    def height(self) -> float:
        """Pixels."""
        return self.box[3] - self.box[1]

    @property
    def is_digit(self) -> bool:
        """True for 0..9."""
        return self.label.isdigit()


@dataclass(frozen=True)
class Number:
    """A row of digits as it stands there.

    Attributes:
        digits: All of them, left to right, without decimals after a point and without a tenths drum.
        decimals: Digits after a decimal point, or of a tenths drum; usually empty.
        has_point: A decimal point was seen.
        weakest: Score of the digit that is least sure.
        closest_rival: Highest score of a second reading of any digit.
        box: Round all digits, decimals too; pixels of the strip.
        slope: Rise of the row, pixels down for a pixel right.
        mark: Score that the last digit stands on a tenths drum, 0..1.
        parts: The digits' characters, decimals too.
    """

    digits: str
    decimals: str
    has_point: bool
    weakest: float
    closest_rival: float
    box: Box
    slope: float
    mark: float = 0.0
    parts: tuple[Character, ...] = field(default=(), compare=False, repr=False)

    @property
    def shown(self) -> str:
        """Every digit, decimals too."""
        return self.digits + self.decimals

    @property
    def shown_as(self) -> tuple[str, str]:
        """What two views of one number must share."""
        return self.digits, self.decimals


def find_characters(
    classes: NDArray[np.float32],
    tenths: NDArray[np.float32],
    boxes: NDArray[np.float32],
    least_score: float,
) -> list[Character]:
    """Characters at the peaks of the score maps, each place named once.

    Args:
        classes: ``(12, h, w)`` scores 0..1, classes as in `CHARACTERS`.
        tenths: ``(1, h, w)`` scores 0..1.
        boxes: ``(4, h, w)`` xyxy in pixels of the strip.
        least_score: Peaks below are no characters.

    Returns:
        From left to right.
    """
    top = classes.max(0)
    h, w = top.shape
    padded = np.pad(top, 1)
    around = np.max([padded[i : i + h, j : j + w] for i in range(3) for j in range(3)], axis=0)
    ys, xs = np.nonzero((top >= around) & (top > least_score))
    found: list[Character] = []
    for k in np.argsort(-top[ys, xs]):
        y, x = int(ys[k]), int(xs[k])
        order = np.argsort(classes[:, y, x])
        box = boxes[:, y, x]
        new = Character(
            CHARACTERS[int(order[-1])],
            float(classes[order[-1], y, x]),
            float(classes[order[-2], y, x]),
            float(tenths[0, y, x]),
            (float(box[0]), float(box[1]), float(box[2]), float(box[3])),
            tuple(classes[:10, max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].max((1, 2)).tolist()),
        )
        rival = next((i for i, old in enumerate(found) if _same_place(old.box, new.box)), None)
        if rival is None:
            found.append(new)
        elif found[rival].label != new.label:
            old = found[rival]
            found[rival] = replace(old, rival=max(old.rival, new.score))
    return sorted(found, key=lambda c: c.box[0])


def _same_place(a: Box, b: Box) -> bool:
    """True when one box covers most of the other."""
    wide = min(a[2], b[2]) - max(a[0], b[0])
    tall = min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or tall <= 0:
        return False
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return wide * tall > 0.45 * smaller


def middle_number(characters: list[Character], centre: tuple[float, float]) -> Number | None:
    """The row of digits nearest to the middle of the strip, bounded by gaps, other characters and the rim.

    A sign or a word beside the number ends it (a lamp-height "3" before a headlight sign is no digit of it). A dot
    splits decimals off; so does a drum that is marked as tenths.
    """
    digits = [c for c in characters if c.is_digit]
    if not digits:
        return None
    rows = _rows(digits)
    best: list[Character] | None = None
    least = np.inf
    for row in rows:
        for part in _split_at_gaps(row, characters):
            tall = float(np.median([c.height for c in part]))
            x0, x1 = part[0].box[0], part[-1].box[2]
            nearest = min(part, key=lambda c: abs((c.box[0] + c.box[2]) / 2 - centre[0]))
            off_y = abs((nearest.box[1] + nearest.box[3]) / 2 - centre[1])
            off_x = max(x0 - centre[0], centre[0] - x1, 0.0)
            # more digits in the middle of the strip win over fewer
            cost = off_y / max(tall, 1) * 2 + off_x / max(tall, 1) - 0.25 * min(len(part), 6)
            if off_y < 0.75 * max(tall, 1) and cost < least:
                best, least = part, cost
    return None if best is None else _number(best, characters)


def _rows(digits: list[Character]) -> list[list[Character]]:
    """Digits that follow each other at one height and of one size."""
    rows: list[list[Character]] = []
    for c in sorted(digits, key=lambda c: c.box[0]):
        fitting = None
        closest = np.inf
        for row in rows:
            last = row[-1]
            shared = min(c.box[3], last.box[3]) - max(c.box[1], last.box[1])
            ratio = c.height / max(last.height, 1.0)
            gap = c.box[0] - last.box[2]
            if shared > 0.55 * min(c.height, last.height) and 0.6 < ratio < 1.67 and gap < closest:
                fitting, closest = row, gap
        if fitting is None:
            rows.append([c])
        else:
            fitting.append(c)
    return rows


def _split_at_gaps(row: list[Character], characters: list[Character]) -> list[list[Character]]:
    """Parts of a row between wide gaps and foreign characters."""
    if len(row) == 1:
        return [row]
    tall = float(np.median([c.height for c in row]))
    gaps = [b.box[0] - a.box[2] for a, b in itertools.pairwise(row)]
    widest = max(0.68 * tall, 1.9 * float(np.median(gaps)))
    parts = [[row[0]]]
    for gap, a, b in zip(gaps, row, row[1:], strict=False):
        foreign = any(
            c.label == "X"
            and a.box[2] - 0.2 * tall < (c.box[0] + c.box[2]) / 2 < b.box[0] + 0.2 * tall
            and min(c.box[3], b.box[3]) - max(c.box[1], b.box[1]) > 0.25 * tall
            for c in characters
        )
        if gap > widest or foreign:
            parts.append([])
        parts[-1].append(b)
    return parts


def _number(part: list[Character], characters: list[Character]) -> Number:
    """Name the digits of a row, and what of them is decimals."""
    tall = float(np.median([c.height for c in part]))
    point = None
    for i, (a, b) in enumerate(itertools.pairwise(part)):
        for c in characters:
            middle = (c.box[0] + c.box[2]) / 2
            sunk = (c.box[1] + c.box[3]) / 2 - (a.box[1] + a.box[3]) / 2
            # at the foot of the digits: neither in their middle nor on the line below
            low = 0.15 * tall < sunk < 0.8 * tall
            if c.label == "," and low and a.box[2] - 0.25 * tall < middle < b.box[0] + 0.25 * tall:
                point = i + 1
    text = "".join(c.label for c in part)
    decimals = len(text) - point if point is not None else 0
    if not decimals and len(part) > 1 and part[-1].tenths > 0.5:
        decimals = 1
    xs = np.array([(c.box[0] + c.box[2]) / 2 for c in part])
    ys = np.array([(c.box[1] + c.box[3]) / 2 for c in part])
    slope = float(np.polyfit(xs, ys, 1)[0]) if len(part) > 2 else 0.0
    boxes = np.array([c.box for c in part])
    read = part[: len(part) - decimals]
    return Number(
        text[: len(text) - decimals],
        text[len(text) - decimals :],
        point is not None,
        min((c.score for c in read), default=0.0),
        max((c.rival for c in read), default=1.0),
        (
            float(boxes[:, 0].min()),
            float(boxes[:, 1].min()),
            float(boxes[:, 2].max()),
            float(boxes[:, 3].max()),
        ),
        slope,
        part[-1].tenths,
        tuple(part),
    )
