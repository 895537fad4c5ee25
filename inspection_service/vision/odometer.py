"""The odometer's reading from a photo of the dashboard, or the reason why none is given.

A locator finds the line, our character network and PP-OCR's recogniser read it independently, and a reading is only
given when both say the same of more than one cut of the picture and it can be an odometer's. A number that was only
guessed is worse in a report than none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection_service.vision.engine import Placement
from inspection_service.vision.odometer_ballot import Ballot, Quorum, decide_by_vote
from inspection_service.vision.odometer_decision import (
    HALF_MARKED,
    Evidence,
    Limits,
    OdometerReading,
    Place,
    decide,
    overlap,
)
from inspection_service.vision.odometer_number import Box, Character, Number, find_characters, middle_number
from inspection_service.vision.odometer_second import Text, TextReader
from inspection_service.vision.odometer_strip import (
    STRIP_HEIGHT_PX,
    STRIP_WIDTH_PX,
    Line,
    Strip,
    cut_strip,
)
from inspection_service.vision.odometer_vote import elect, look_of_number, look_of_text
from inspection_service.vision.odometer_words import OTHER_WORDS, digit_runs, goes_on, is_divided, unit_in

__all__ = ["Odometer", "OdometerReading"]

Image = NDArray[np.uint8]

MOST_VOTES, MOST_VIEWS = 3, 2
"""Numbers of one photo that are voted on, and places of one number that are looked at for it."""
MOST_PLACES = 5
"""Places that are read; the readers, not the locator, tell an odometer from a clock."""


class Network(Protocol):
    """One loaded model: `engine.Model` fits."""

    def prepare(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], Placement]:
        """Bring a photo to the network's input, and say where it lies in it."""
        ...

    def run(self, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Outputs by name for ``(1, 3, H, W)`` BGR 0..255."""
        ...


@dataclass(frozen=True)
class Cut:
    """One strip and what our character network sees on it."""

    strip: Strip
    characters: tuple[Character, ...]
    number: Number | None


class Odometer:
    """Reads odometers with three networks: locator, character network, second reader."""

    def __init__(
        self,
        find: Network,
        read: Network,
        second: TextReader,
        limits: Limits | None = None,
        quorum: Quorum | None = None,
    ) -> None:
        self._find = find
        self._read = read
        self._second = second
        self._limits = limits or Limits()
        self._quorum = quorum or Quorum()

    def __call__(self, image: Image) -> OdometerReading:
        """Read the odometer on an upright photo, ``(H, W, 3)`` uint8 BGR.

        When the whole photo gives no reading, its likeliest parts are searched again, larger; when that does not help
        either, both readers look many times at the likeliest numbers and vote on every digit.
        """
        places = self.places(image)[:MOST_PLACES]
        evidence = [self.weigh(image, place) for place in places]
        answer = decide(evidence, self._limits)
        if answer.reading is not None or not places:
            return answer
        closer = [place for area in closer_areas(image, places) for place in self.places(image, area)[:2]]
        evidence += [self.weigh(image, place) for place in closer]
        answer = decide(evidence, self._limits)
        if answer.reading is not None:
            return answer
        ballots = [self.look_again(image, group) for group in worth_a_vote(evidence, self._limits)]
        return decide_by_vote(ballots, evidence, self._limits, self._quorum) or answer

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

    def look_again(self, image: Image, group: Sequence[Evidence]) -> Ballot:
        """Let both readers look many times at one number.

        Args:
            image: The photo.
            group: Evidence of places that overlap, with a number each, likeliest first.
        """
        own: list[Number | None] = []
        texts: list[Text] = []
        beside: list[str] = []
        for e in group:
            first = self._cut(image, Line.of_box(e.place.box))
            if first.number is None:
                continue
            line = number_line(first)
            own += [first.number, *(self._cut(image, varied).number for varied in variations(line))]
            texts += [self._second(picture) for picture in second_pictures(image, line)]
            pitch = line.width / max(len(first.number.shown), 1) / line.height
            near = self._second(line_picture(image, line, beside=1.2 * pitch, above=0.25))
            wide = self._second(line_picture(image, line, beside=3.0, above=0.25))
            texts.append(near)
            beside += [near.text, wide.text]
        vote = elect([look_of_number(n) for n in own], [look_of_text(t) for t in texts])
        if vote is None:
            return Ballot(group[0], None)
        seen = [n for n in own if n is not None and len(n.shown) == len(vote.text)]
        number = replace(seen[0], digits=vote.text, decimals="", has_point=False)
        said = [*(t.text for t in texts), *beside]
        return Ballot(
            replace(group[0], number=number),
            vote,
            pointed=sum(n.has_point for n in own if n is not None) / len(own),
            mark=sum(n.mark for n in seen) / len(seen),
            is_other=any(OTHER_WORDS.search(text) for text in said),
            is_divided=any(is_divided(text, number) for text in said),
            goes_on=any(goes_on(digit_runs(text), number) for text in beside[::2]),
            unit=next((unit for text in beside if (unit := unit_in(text))), None),
        )

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


def worth_a_vote(evidence: Sequence[Evidence], limits: Limits) -> list[list[Evidence]]:
    """Places with enough digits to be an odometer's, those that overlap together, likeliest groups first."""
    groups: list[list[Evidence]] = []
    for e in sorted(evidence, key=lambda e: -e.place.score):
        if e.number is None or not hopeful_length(e, limits):
            continue
        box = e.box or e.place.box
        group = next((g for g in groups if overlap(g[0].box or g[0].place.box, box) > 0.5), None)
        if group is None:
            groups.append([e])
        elif len(group) < MOST_VIEWS:
            group.append(e)
    return groups[:MOST_VOTES]


def hopeful_length(e: Evidence, limits: Limits) -> bool:
    """True when one of the readers saw as many digits as an odometer has, or one more."""
    seen = [run for text in e.second for run in digit_runs(text)]
    if e.number is not None:
        seen.append(e.number.shown)
    return any(limits.least_digits <= len(run) <= limits.most_digits + 1 for run in seen)


def variations(line: Line) -> list[Line]:
    """The line as other locators could have found it: tighter, looser, turned a little."""
    turned = [replace(line, slope_deg=line.slope_deg + degrees) for degrees in (-2.0, 2.0)]
    return [line, line.grown(0.12), line.grown(0.25), line.grown(-0.06), *turned]


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
