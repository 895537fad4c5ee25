"""The plate on a registration document: found among its lines, and nothing of its holder."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from inspection_service.vision.car_text import Vins
from inspection_service.vision.document import MOST_LINES, Documents
from inspection_service.vision.odometer_second import PaddleText, Text
from inspection_service.vision.odometer_strip import Line
from inspection_service.vision.text_lines import PaddleLines

pytestmark = pytest.mark.unit

Image = NDArray[np.uint8]
FIELDS = (
    ("A", "AB-123-CD"),
    ("B", "13.11.2019"),
    ("C.1.1", "MUSTER ERIKA"),
    ("C.1.3", "12 RUE HAUTE 75011 PARIS"),
    ("D.1", "RENAULT"),
    ("E", "VF1JP09F641501074"),
    ("F.1", "1530"),
    ("P.3", "DIESEL"),
)


def drawn(fields: Sequence[tuple[str, str]] = FIELDS) -> Image:
    """A sheet of paper on a dark seat, one field a line, its code small before it."""
    image = np.full((700, 1000, 3), 60, np.uint8)
    cv2.rectangle(image, (60, 40), (940, 660), (225, 232, 228), -1)
    for i, (code, value) in enumerate(fields):
        foot = 110 + 70 * i
        cv2.putText(image, code, (90, foot), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (60, 60, 60), 1)
        cv2.putText(image, value, (230, foot), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (25, 25, 25), 2)
    return image


class Says:
    """A reader that gives one text after the other."""

    def __init__(self, *texts: str, score: float = 0.97) -> None:
        self.texts, self.score, self.asked = texts, score, 0

    def __call__(self, line: Image) -> Text:
        self.asked += 1
        return Text(self.texts[(self.asked - 1) % len(self.texts)], self.score)


class LinesOf:
    """A finder of prepared lines."""

    def __init__(self, found: tuple[Line, ...]) -> None:
        self.found = found

    def __call__(self, image: Image) -> tuple[Line, ...]:
        return self.found


def lines(count: int, width: float = 120.0) -> LinesOf:
    return LinesOf(tuple(Line(200.0, 30.0 + 20 * i, width, 20.0) for i in range(count)))


def plates(finder: LinesOf, reader: Says) -> set[str | None]:
    return {each.text for each in Documents(finder, reader)(drawn()).among}


def test_lines_that_are_a_country_s_plate_are_given_and_all_others_forgotten() -> None:
    reader = Says("AB-123-CD", "MUSTER ERIKA", "75011", "13.11.2019", "RENAULT", "Diesel")
    assert plates(lines(6), reader) == {"AB123CD"}


def test_the_field_code_before_the_plate_is_no_part_of_it() -> None:
    assert "BC123DE" in plates(lines(1), Says("A BC123DE"))


def test_what_was_read_poorly_is_not_given() -> None:
    assert plates(lines(1), Says("AB-123-CD", score=0.5)) == set()


def test_long_lines_are_not_read_and_a_page_of_text_is_bounded() -> None:
    reader = Says("AB-123-CD")
    assert plates(lines(3, width=400.0), reader) == set()
    assert reader.asked == 0
    plates(lines(60), reader)
    assert reader.asked == MOST_LINES


def test_a_drawn_document_gives_its_plate_and_its_number_and_no_name() -> None:
    finder, reader = PaddleLines.installed(), PaddleText.installed()
    found = {each.text for each in Documents(finder, reader)(drawn()).among}
    assert "AB123CD" in found
    assert not any("MUSTER" in str(text) or "HAUTE" in str(text) for text in found)
    assert Vins(finder, reader)(drawn()).text == "VF1JP09F641501074"


@pytest.mark.parametrize("image", [np.zeros((40, 60, 3), np.uint8), np.full((700, 1000, 3), 255, np.uint8)])
def test_an_empty_sheet_has_no_plate(image: Image) -> None:
    found = Documents(PaddleLines.installed(), PaddleText.installed())(image)
    assert (found.text, found.among) == (None, ())
