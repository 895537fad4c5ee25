"""Plates and VINs are given when cuts agree, and never as a guess."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
import zxingcpp
from numpy.typing import NDArray

from inspection_service.vision.car_text import PLATE_LOOK_PX, Plates, Vins, bar_codes
from inspection_service.vision.errors import UnusableImage
from inspection_service.vision.odometer_second import PaddleText, Text
from inspection_service.vision.odometer_strip import Line
from inspection_service.vision.text_lines import PaddleLines, lines_of

pytestmark = pytest.mark.unit

Image = NDArray[np.uint8]
BLANK = np.full((300, 600, 3), 200, np.uint8)
BOX = (200.0, 100.0, 400.0, 145.0)
VIN, OTHER = "WVWZZZ1JZ3W558842", "WVWZZZ1JZ3W558843"
AMERICAN, MISREAD = "1M8GDM9AXKP042788", "1M8GDM9AXKP042783"


class Says:
    """A reader that gives prepared answers, one cut after the other, then the last again."""

    def __init__(self, *texts: str, score: float = 0.97) -> None:
        self.texts, self.score, self.asked = texts, score, 0

    def __call__(self, line: Image) -> Text:
        text = self.texts[min(self.asked, len(self.texts) - 1)]
        self.asked += 1
        return Text(text, self.score)


def plate_line(image: Image) -> tuple[Line, ...]:
    """One line in the middle of what is shown."""
    height, width = image.shape[:2]
    return (Line(width / 2, height / 2, width * 0.6, height * 0.3),)


def vin_lines(*widths: float) -> tuple[Line, ...]:
    return tuple(Line(300.0, 40.0 + 50 * i, width, 20.0) for i, width in enumerate(widths))


def no_codes(image: Image) -> Sequence[str]:
    return ()


def test_a_plate_that_all_cuts_read_alike_is_given_with_its_countries() -> None:
    said = Plates(plate_line, Says("AB-123-CD")).read(BLANK, BOX)
    assert said.text == "AB123CD"
    assert said.why_not is None
    assert {"cuts", "pattern:FR"} <= set(said.evidence)
    assert said.confidence == pytest.approx(0.97)


@pytest.mark.parametrize(
    "texts",
    [
        ("AB123CD", "AB128CD"),  # four against one
        ("AB123CD", "AB123CD", "AB123CD", "XX987YY"),
        ("AB123CD", "", ""),
    ],
)
def test_a_plate_on_which_cuts_disagree_is_not_given(texts: tuple[str, ...]) -> None:
    said = Plates(plate_line, Says(*texts)).read(BLANK, BOX)
    assert said.text is None
    assert said.why_not == "readings_disagree"
    assert said.confidence == 0


def test_a_reader_that_is_unsure_of_every_cut_is_not_listened_to() -> None:
    assert Plates(plate_line, Says("AB123CD", score=0.5)).read(BLANK, BOX).text is None


SQUARE = (200.0, 60.0, 340.0, 160.0)


def two_lines(image: Image) -> tuple[Line, ...]:
    """Two lines below one another in the middle of what is shown, the lower one longer and so found first."""
    height, width = image.shape[:2]
    return (
        Line(width / 2, height * 0.62, width * 0.45, height * 0.16),
        Line(width / 2, height * 0.4, width * 0.2, height * 0.16),
    )


def test_a_square_plate_is_read_from_its_upper_line_to_its_lower_one() -> None:
    said = Plates(two_lines, Says(*("AB", "123 CD") * 5)).read(BLANK, SQUARE)
    assert said.text == "AB123CD"
    assert "cuts" in said.evidence
    assert said.box is not None
    assert said.box[3] - said.box[1] > 50  # round both lines


def test_a_line_above_the_plate_that_makes_no_country_s_plate_is_not_taken_for_its_half() -> None:
    """A dealer's name in the frame, of which a part is read."""
    said = Plates(two_lines, Says(*("HAUS", "12 AB") * 5)).read(BLANK, SQUARE)
    assert said.text is None


def test_one_unsure_line_makes_a_plate_unsure() -> None:
    class Unsure(Says):
        def __call__(self, line: Image) -> Text:
            text = super().__call__(line).text
            return Text(text, 0.6 if text == "AB" else 0.97)

    assert Plates(two_lines, Unsure(*("AB", "123 CD") * 5)).read(BLANK, SQUARE).text is None


def test_two_lines_in_a_long_box_or_beside_one_another_are_left_to_people() -> None:
    def beside(image: Image) -> tuple[Line, ...]:
        height, width = image.shape[:2]
        return tuple(Line(width * at, height / 2, width * 0.2, height * 0.3) for at in (0.38, 0.62))

    def long(image: Image) -> tuple[Line, ...]:
        height, width = image.shape[:2]
        return tuple(Line(width / 2, height * at, width * 0.6, height * 0.15) for at in (0.4, 0.6))

    said = Says(*("AB", "123 CD") * 5)
    assert Plates(long, said).read(BLANK, BOX).why_not == "not_found"
    assert Plates(beside, said).read(BLANK, SQUARE).why_not == "not_found"


def test_half_a_square_plate_is_no_plate() -> None:
    def upper_alone(image: Image) -> tuple[Line, ...]:
        return two_lines(image)[1:]

    assert Plates(upper_alone, Says("AB12")).read(BLANK, SQUARE).why_not == "not_found"


def test_the_first_plate_that_can_be_read_is_given_and_tiny_ones_are_passed_over() -> None:
    tiny = (10.0, 10.0, 30.0, 16.0)
    reader = Says("", "", "", "", "", "AB123CD")
    said = Plates(plate_line, reader)(BLANK, [tiny, (10.0, 100.0, 150.0, 130.0), BOX])
    assert said.text == "AB123CD"
    assert Plates(plate_line, reader)(BLANK, [tiny]).why_not == "not_found"


def test_once_a_plate_is_read_no_other_box_is_looked_at() -> None:
    """A detector gives several boxes for one plate, and every cut costs as much as a look at a live frame."""
    looked: list[Image] = []

    def finder(image: Image) -> tuple[Line, ...]:
        looked.append(image)
        return plate_line(image)

    reader = Says("AB123CD")
    plates = Plates(finder, reader)
    assert plates(BLANK, [BOX, BOX, BOX]).text == "AB123CD"
    assert (len(looked), reader.asked) == (1, 5)


def test_two_readings_that_could_both_be_plates_end_the_reading() -> None:
    """No later cut could make one of them sure."""
    reader = Says("AB123CD", "AB128CD", "AB123CD")
    said = Plates(plate_line, reader).read(BLANK, BOX)
    assert (said.text, said.why_not, reader.asked) == (None, "readings_disagree", 2)


def test_a_reading_that_is_no_country_s_plate_does_not_end_it() -> None:
    reader = Says("AB123CD", "8AB123CD8", "AB123CD")
    assert Plates(plate_line, reader).read(BLANK, BOX).text == "AB123CD"
    assert reader.asked == 5


def test_where_no_plate_can_be_read_the_likeliest_says_why() -> None:
    disagree, nothing = ("AB123CD", "AB128CD"), [""] * 5
    said = Plates(plate_line, Says(*disagree, *nothing))(BLANK, [BOX, (10.0, 100.0, 150.0, 130.0)])
    assert (said.text, said.why_not) == (None, "readings_disagree")


def test_a_vin_that_cuts_read_alike_is_given() -> None:
    said = Vins(lambda _: vin_lines(300.0), Says(VIN), no_codes)(BLANK)
    assert (said.text, said.evidence) == (VIN, ("cuts",))


def test_a_vin_on_which_cuts_disagree_is_not_given() -> None:
    said = Vins(lambda _: vin_lines(300.0), Says(VIN, OTHER, VIN, VIN), no_codes)(BLANK)
    assert (said.text, said.why_not) == (None, "readings_disagree")


def test_a_check_digit_that_holds_decides_between_two_readings() -> None:
    said = Vins(lambda _: vin_lines(300.0), Says(AMERICAN, MISREAD, AMERICAN, ""), no_codes)(BLANK)
    assert (said.text, said.evidence) == (AMERICAN, ("cuts", "check_digit"))


def test_two_numbers_that_both_read_well_leave_it_open_which_is_meant() -> None:
    said = Vins(lambda _: vin_lines(300.0, 290.0), Says(VIN, VIN, VIN, VIN, AMERICAN), no_codes)(BLANK)
    assert (said.text, said.why_not) == (None, "readings_disagree")


def test_short_and_square_lines_are_not_read_at_all() -> None:
    reader = Says(VIN)
    said = Vins(lambda _: (Line(100.0, 100.0, 60.0, 40.0),), reader, no_codes)(BLANK)
    assert (said.why_not, reader.asked) == ("not_found", 0)


def test_a_bar_code_speaks_for_itself_and_is_refused_when_the_letters_say_another_number() -> None:
    def code(_: Image) -> Sequence[str]:
        return ("4006381333931", VIN)

    assert Vins(lambda _: (), Says(""), code)(BLANK).evidence == ("barcode",)
    both = Vins(lambda _: vin_lines(300.0), Says(VIN), code)(BLANK)
    assert both.evidence == ("barcode", "cuts")
    other = Vins(lambda _: vin_lines(300.0), Says(OTHER), code)(BLANK)
    assert (other.text, other.why_not) == (None, "readings_disagree")


@pytest.mark.parametrize("kind", ["Code39", "DataMatrix", "QRCode"])
def test_a_vin_in_a_bar_code_is_read(kind: str) -> None:
    made = zxingcpp.create_barcode(VIN, zxingcpp.barcode_format_from_str(kind))
    grey = np.asarray(made.to_image(scale=4), np.uint8)
    grey = np.pad(grey, 40, constant_values=255)
    assert bar_codes(np.repeat(grey[..., None], 3, 2)) == [VIN]


def test_a_patch_of_text_becomes_a_line_grown_to_its_letters_in_pixels_of_the_photo() -> None:
    text = np.zeros((100, 200), np.float32)
    text[40:50, 60:160] = 0.9
    text[10:12, 10:12] = 0.9  # a speck
    text[70:80, 60:160] = 0.4  # hardly text
    (line,) = lines_of(text, 2.0, 3.0)
    assert (line.x, line.y) == pytest.approx((219.0, 133.5), abs=1.5)
    assert 200 < line.width < 250
    assert 30 < line.height < 90
    assert line.slope_deg == pytest.approx(0.0)


def test_a_picture_that_is_no_photo_is_refused_before_it_is_searched() -> None:
    with pytest.raises(UnusableImage):
        PaddleLines.installed()(np.zeros((4, 400, 3), np.uint8))


@pytest.fixture(scope="module")
def networks() -> tuple[PaddleLines, PaddleText]:
    """The real ones."""
    return PaddleLines.installed(), PaddleText.installed()


def drawn(text: str, size: float = 1.6) -> tuple[Image, tuple[float, float, float, float]]:
    """A grey street with a white plate on it."""
    image = np.full((400, 800, 3), 90, np.uint8)
    (wide, high), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 3)
    box = (150, 180, 150 + wide + 40, 180 + high + 30)
    cv2.rectangle(image, box[:2], box[2:], (245, 245, 245), -1)
    cv2.putText(image, text, (170, 180 + high + 14), cv2.FONT_HERSHEY_SIMPLEX, size, (20, 20, 20), 3)
    return image, (float(box[0]), float(box[1]), float(box[2]), float(box[3]))


def test_a_drawn_plate_is_read_by_the_networks_also_from_a_loose_box(
    networks: tuple[PaddleLines, PaddleText],
) -> None:
    image, (x0, y0, x1, y1) = drawn("AB-123-CD")
    plates = Plates(networks[0].looking_at(PLATE_LOOK_PX), networks[1])
    assert plates.read(image, (x0 + 25, y0 + 5, x1 - 45, y1 + 8)).text == "AB123CD"


def test_a_drawn_square_plate_is_read_by_the_networks(networks: tuple[PaddleLines, PaddleText]) -> None:
    image = np.full((300, 500, 3), 90, np.uint8)
    cv2.rectangle(image, (150, 80), (320, 200), (245, 245, 245), -1)
    for text, corner in (("AB", (200, 132)), ("123 CD", (168, 188))):
        cv2.putText(image, text, corner, cv2.FONT_HERSHEY_SIMPLEX, 1.3, (20, 20, 20), 3)
    plates = Plates(networks[0].looking_at(PLATE_LOOK_PX), networks[1])
    assert plates.read(image, (145.0, 76.0, 326.0, 205.0)).text == "AB123CD"


def test_a_drawn_vin_is_found_and_read_by_the_networks(networks: tuple[PaddleLines, PaddleText]) -> None:
    image, _ = drawn(VIN, 1.2)
    cv2.putText(image, "TYPE 8E5  1840 KG", (170, 330), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (230, 230, 230), 2)
    assert Vins(*networks)(image).text == VIN


def test_an_empty_street_has_neither(networks: tuple[PaddleLines, PaddleText]) -> None:
    image = np.full((400, 800, 3), 90, np.uint8)
    assert Vins(*networks)(image).why_not == "not_found"
    assert Plates(*networks).read(image, BOX).text is None
