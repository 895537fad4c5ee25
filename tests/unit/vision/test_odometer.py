"""Odometer: what is printed, what is refused and why; on drawn displays only."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inspection_service.vision.engine import Model, Placement, letterbox
from inspection_service.vision.errors import ModelMissing
from inspection_service.vision.odometer import Odometer, OdometerReading, worth_a_vote
from inspection_service.vision.odometer_ballot import Quorum, carries
from inspection_service.vision.odometer_decision import Evidence, Limits, Place, decide, refusal
from inspection_service.vision.odometer_number import (
    CHARACTERS,
    Character,
    Number,
    find_characters,
    middle_number,
)
from inspection_service.vision.odometer_second import PaddleText, Text
from inspection_service.vision.odometer_strip import STRIP_HEIGHT_PX, STRIP_WIDTH_PX, Line, cut_strip
from inspection_service.vision.odometer_words import digit_runs, goes_on, is_dial, is_divided, unit_in

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
MIDDLE = (STRIP_WIDTH_PX / 2, STRIP_HEIGHT_PX / 2)
LIMITS = Limits()


def row(
    text: str, left: float = 60, top: float = 16, *, pitch: float = 22, drop: float = 0
) -> list[Character]:
    """Characters of 14 x 32 px in a row; ``.`` becomes a small low point, a blank a gap."""
    out = []
    x = left
    for i, c in enumerate(text):
        y = top + i * drop
        if c == ".":
            out.append(Character(",", 0.9, 0.0, 0.0, (x - 6, y + 28, x - 3, y + 32)))
            continue
        if c != " ":
            label = c if c.isdigit() else "X"
            out.append(Character(label, 0.9, 0.05, 0.0, (x, y, x + 14, y + 32)))
        x += pitch
    return out


def number(digits: str = "127506", decimals: str = "", *, has_point: bool = False) -> Number:
    return Number(digits, decimals, has_point, 0.9, 0.05, (60, 16, 190, 48), 0.0)


def evidence(digits: str = "127506", **changes: Any) -> Evidence:
    """Evidence that leads to a reading, unless something is changed."""
    values: dict[str, Any] = {
        "place": Place((10, 10, 60, 22), 0.7),
        "number": number(digits),
        "cuts": 3,
        "same": 3,
        "weakest": 0.9,
        "rival": 0.05,
        "agreed": True,
        "second_score": 0.98,
        "box": (10.0, 10.0, 60.0, 22.0),
        "digit_px": 12.0,
    }
    return Evidence(**(values | changes))


# ---------------------------------------------------------------- the number
def test_a_row_of_digits_is_the_number() -> None:
    found = middle_number(row("127506"), MIDDLE)
    assert found is not None
    assert (found.digits, found.decimals) == ("127506", "")


def test_letters_beside_the_number_end_it() -> None:
    found = middle_number(row("D 084213km", left=10), MIDDLE)
    assert found is not None
    assert found.digits == "084213"


def test_a_figure_before_a_sign_is_no_digit_of_the_number() -> None:
    """Lamp-height "3", headlight sign, then the odometer: the trap of Fiat's display."""
    found = middle_number(row("3X242775", left=20), MIDDLE)
    assert found is not None
    assert found.digits == "242775"


def test_a_wide_gap_ends_the_number() -> None:
    found = middle_number(row("3  242775", left=10), MIDDLE)
    assert found is not None
    assert found.digits == "242775"


def test_decimals_are_split_off() -> None:
    found = middle_number(row("127506.3", left=40), MIDDLE)
    assert found is not None
    assert (found.digits, found.decimals, found.has_point) == ("127506", "3", True)


def test_a_tenths_drum_is_not_counted() -> None:
    drums = row("018613")
    drums[-1] = Character("3", 0.9, 0.05, 0.95, drums[-1].box)
    found = middle_number(drums, MIDDLE)
    assert found is not None
    assert (found.digits, found.decimals, found.has_point) == ("01861", "3", False)


def test_the_line_in_the_middle_wins_over_its_neighbours() -> None:
    lines = [*row("10:24", top=-24), *row("127506"), *row("302.5", top=56)]
    found = middle_number(lines, MIDDLE)
    assert found is not None
    assert found.digits == "127506"


def test_a_sloping_row_is_one_number() -> None:
    found = middle_number(row("127506", top=8, drop=3), MIDDLE)
    assert found is not None
    assert found.digits == "127506"
    assert found.slope == pytest.approx(3 / 22, rel=0.05)


def test_no_digits_no_number() -> None:
    assert middle_number(row("TRIP km"), MIDDLE) is None


def score_maps(text: str) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """What the character network would say of characters 5 cells apart."""
    classes = np.zeros((len(CHARACTERS), 16, 64), np.float32)
    boxes = np.zeros((4, 16, 64), np.float32)
    for i, c in enumerate(text):
        x = 10 + 5 * i
        classes[CHARACTERS.index(c), 8, x] = 0.9
        classes[CHARACTERS.index(c), 8, x + 1] = 0.5
        for j in (x, x + 1):
            boxes[:, 8, j] = (x * 4 - 6, 20, x * 4 + 10, 48)
    return classes, np.zeros((1, 16, 64), np.float32), boxes


def test_each_peak_is_one_character() -> None:
    found = find_characters(*score_maps("127506"), 0.3)
    assert "".join(c.label for c in found) == "127506"


def test_a_second_reading_of_the_same_place_is_kept_as_rival() -> None:
    classes, tenths, boxes = score_maps("127506")
    classes[8, 8, 10] = 0.7
    found = find_characters(classes, tenths, boxes, 0.3)
    assert found[0].label == "1"
    assert found[0].rival == pytest.approx(0.7)


# ---------------------------------------------------------------- the decision
def test_agreement_gives_the_reading_with_its_zeros() -> None:
    answer = decide([evidence("084213")], LIMITS)
    assert answer.reading == "084213"
    assert answer.why_not is None
    assert 0.5 < answer.confidence <= 1


@pytest.mark.parametrize(
    ("changes", "why_not"),
    [
        ({"agreed": False}, "readers_disagree"),
        ({"contradicted": True}, "readers_disagree"),
        ({"same": 1}, "blurred"),
        ({"weakest": 0.1}, "blurred"),
        ({"same": 2, "digit_px": 7.0}, "blurred"),
        ({"rival": 0.8}, "blurred"),
        ({"cut_off": True}, "cut_off"),
        ({"half_marked": True}, "blurred"),
        ({"is_other": True}, "implausible"),
        ({"number": None}, "not_found"),
        ({"place": Place((10, 10, 60, 22), 0.15)}, "not_found"),
        ({"number": number("2029")}, "implausible"),
        ({"number": number("12345678")}, "implausible"),
        ({"number": number("302", "5", has_point=True)}, "implausible"),
        ({"number": number("1302", "5", has_point=True)}, "implausible"),
    ],
)
def test_every_doubt_has_its_code_and_no_number(changes: dict[str, Any], why_not: str) -> None:
    """A number that was only guessed never gets into a report."""
    answer = decide([evidence(**changes)], LIMITS)
    assert answer.reading is None
    assert answer.confidence == 0.0
    assert answer.why_not == why_not


def test_tenths_after_a_point_are_left_out() -> None:
    answer = decide([evidence(number=number("127506", "3", has_point=True))], LIMITS)
    assert answer.reading == "127506"


def test_nothing_found_says_so() -> None:
    assert decide([], LIMITS) == OdometerReading(None, 0.0, None, None, "not_found")


def test_two_places_that_read_differently_are_a_doubt() -> None:
    other = evidence("004711", place=Place((10, 50, 60, 62), 0.68), box=(10, 50, 60, 62))
    assert decide([evidence(), other], LIMITS).why_not == "readers_disagree"


def test_a_trip_meter_does_not_stand_in_for_an_odometer_that_was_not_read() -> None:
    """The trip's point was missed by both readers; the line beside it has six digits on which they differ."""
    trip = evidence("11584", place=Place((10, 50, 60, 62), 0.5), box=(10, 50, 60, 62))
    unread = evidence("057803", agreed=False, second=("057883",), place=Place((10, 10, 60, 22), 0.5))
    assert decide([trip, unread], LIMITS).reading is None


def test_two_views_of_one_place_do_not_compete() -> None:
    other = evidence("12750", agreed=False, place=Place((11, 10, 58, 22), 0.7), box=(11, 10, 58, 22))
    assert decide([evidence(), other], LIMITS).reading == "127506"


def test_a_much_weaker_second_place_does_not_matter() -> None:
    other = evidence("004711", place=Place((10, 50, 60, 62), 0.2), box=(10, 50, 60, 62))
    assert decide([evidence(), other], LIMITS).reading == "127506"


@given(weakest=st.floats(0, 1), rival=st.floats(0, 1), score=st.floats(0, 1), same=st.integers(2, 3))
def test_confidence_is_a_probability(weakest: float, rival: float, score: float, same: int) -> None:
    e = evidence(weakest=weakest, rival=rival, same=same, place=Place((0, 0, 9, 9), score))
    answer = decide([e], LIMITS)
    assert 0 <= answer.confidence <= 1
    assert (answer.reading is None) == (refusal(e, LIMITS) is not None)


# ---------------------------------------------------------------- words of the second reader
@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("127506km", ["127506"]),
        ("O84213 km", ["084213"]),
        ("127 506", ["127506"]),
        ("TRIP 12.5", ["12", "5"]),
        ("ODO", []),
        ("", []),
    ],
)
def test_digit_runs(text: str, runs: list[str]) -> None:
    assert digit_runs(text) == runs


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("127506km", "km"),
        ("127506 mi", "mi"),
        ("98000 miles", "mi"),
        ("0 km/h", None),
        ("min", None),
        ("", None),
    ],
)
def test_unit(text: str, unit: str | None) -> None:
    assert unit_in(text) == unit


@pytest.mark.parametrize(
    ("text", "divided"),
    [
        ("127506 km", False),
        ("127,506 km", False),
        ("12750.6", True),
        ("12:75:06", True),
        ("1275/06", True),
        ("10:24 127506", False),
    ],
)
def test_colons_and_points_inside_the_number(text: str, divided: bool) -> None:
    """Clock, trip meter and date are told by what divides their digits."""
    assert is_divided(text, number()) is divided


def test_a_wider_view_that_goes_on_contradicts() -> None:
    assert goes_on(["1275063"], number())
    assert not goes_on(["127506"], number())
    assert not goes_on(["1024", "127506"], number())


def test_nothing_stands_before_the_zeros_of_a_full_register() -> None:
    """The rim of a display looks like a 1; before 034207 it cannot be one, before 34207 it can."""
    assert not goes_on(["1034207"], number("034207"))
    assert goes_on(["134207"], number("34207"))


def test_a_zero_before_a_full_number_makes_it_no_larger() -> None:
    """The second reader sees the unlit place of a display as a zero."""
    assert not goes_on(["0241187"], number("241187"))
    assert goes_on(["1241187"], number("241187"))
    # of a short number the zero may be a digit that one reader lost
    assert goes_on(["024118"], number("24118"))


def test_a_clock_that_was_clearly_read_does_not_compete() -> None:
    clock = evidence(
        "2347", second=("22347",), weakest=0.8, place=Place((10, 50, 60, 62), 0.6), box=(10, 50, 60, 62)
    )
    assert decide([evidence(), clock], LIMITS).reading == "127506"


def test_a_short_number_at_the_likelier_place_is_not_passed_over() -> None:
    """The odometer of a new car has four digits; a longer number elsewhere must not take its place."""
    elsewhere = {"box": (10, 50, 60, 62), "weakest": 0.8}
    likelier = evidence("3107", place=Place((10, 50, 60, 62), 0.8), **elsewhere)
    assert decide([evidence("180105"), likelier], LIMITS).reading is None
    less_likely = evidence("3107", place=Place((10, 50, 60, 62), 0.6), **elsewhere)
    assert decide([evidence("180105"), less_likely], LIMITS).reading == "180105"


@pytest.mark.parametrize(
    ("digits", "is_two"),
    [
        ("80100", True),
        ("100120", True),
        ("180200", True),
        ("80123", False),
        ("10020", False),
        ("127506", False),
    ],
)
def test_two_figures_of_a_dial_are_no_number(digits: str, is_two: bool) -> None:
    assert is_dial(digits) is is_two
    assert refusal(evidence(digits), LIMITS) == ("implausible" if is_two else None)


def test_no_odometer_has_seven_digits_before_its_tenths() -> None:
    assert refusal(evidence(number=number("200203", "8")), LIMITS) is None
    assert refusal(evidence(number=number("2000203", "8")), LIMITS) == "implausible"


# ---------------------------------------------------------------- geometry
@given(
    x=st.floats(40, 360),
    y=st.floats(40, 260),
    width=st.floats(20, 200),
    height=st.floats(6, 50),
    slope=st.floats(-8, 8),
)
def test_strip_maps_back_to_the_photo(x: float, y: float, width: float, height: float, slope: float) -> None:
    """The middle of the strip is the middle of the line, and the scale is even."""
    strip = cut_strip(np.zeros((300, 400, 3), np.uint8), Line(x, y, width, height, slope))
    assert strip.image.shape == (STRIP_HEIGHT_PX, STRIP_WIDTH_PX, 3)
    assert strip.to_picture(np.array([MIDDLE]))[0] == pytest.approx([x, y], abs=1e-3)
    assert height * strip.scale * 2 <= STRIP_HEIGHT_PX + 1e-6


def test_a_large_photo_gives_the_same_strip_as_a_small_part_of_it() -> None:
    """Only the surroundings of the line are looked at."""
    rng = np.random.default_rng(1)
    photo = cv2.resize(rng.integers(0, 255, (30, 40, 3), np.uint8), (4000, 3000)).astype(np.uint8)
    large = cut_strip(photo, Line(2000, 1500, 120, 30))
    small = cut_strip(photo[1300:1700, 1700:2300], Line(300, 200, 120, 30))
    assert np.abs(large.image.astype(int) - small.image.astype(int)).max() <= 2


# ---------------------------------------------------------------- the whole, with fakes
class FakeLocator:
    """Says that the line stands at fixed places of a 64 px square."""

    def __init__(self, boxes: Sequence[Sequence[float]], scores: Sequence[float]) -> None:
        self._out = {
            "boxes": np.array([boxes], np.float32).reshape(1, -1, 4),
            "scores": np.array([scores], np.float32).reshape(1, -1, 1),
        }

    def prepare(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], Placement]:
        fitted, placement = letterbox(image, 64, 64)
        return np.asarray(fitted.transpose(2, 0, 1)[None], np.float32), placement

    def run(self, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        return self._out


class FakeReader(FakeLocator):
    """Sees the same characters on every strip."""

    def __init__(self, text: str) -> None:
        classes, tenths, boxes = score_maps(text)
        self._out = {"classes": classes[None], "tenths": tenths[None], "boxes": boxes[None]}


def says(text: str) -> Callable[[NDArray[np.uint8]], Text]:
    return lambda _line: Text(text, 0.99)


PHOTO = np.full((640, 640, 3), 90, np.uint8)


def test_both_readers_agree() -> None:
    odometer = Odometer(FakeLocator([[20, 30, 44, 36]], [0.8]), FakeReader("27506"), says("27506 km"))
    answer = odometer(PHOTO)
    assert (answer.reading, answer.unit, answer.why_not) == ("27506", "km", None)
    assert answer.box is not None
    assert json.loads(json.dumps(answer.to_json()))["reading"] == "27506"


def test_the_second_reader_says_otherwise() -> None:
    odometer = Odometer(FakeLocator([[20, 30, 44, 36]], [0.8]), FakeReader("27506"), says("27508 km"))
    assert odometer(PHOTO).why_not == "readers_disagree"


@pytest.mark.parametrize(("text", "reading"), [("27506.3", "27506"), ("275063", None)])
def test_a_point_that_one_reader_missed_is_a_doubt(text: str, reading: str | None) -> None:
    """Without the point the number would be ten times as large."""
    classes, tenths, boxes = score_maps("275063")
    classes[CHARACTERS.index(","), 10, 33] = 0.8
    boxes[:, 10, 33] = (131, 43, 134, 47)
    network = FakeReader("")
    network._out = {"classes": classes[None], "tenths": tenths[None], "boxes": boxes[None]}
    odometer = Odometer(FakeLocator([[20, 30, 44, 36]], [0.8]), network, says(text))
    assert odometer(PHOTO).reading == reading


def test_the_second_reader_is_not_asked_until_it_agrees() -> None:
    """As many digits, one of them another one: that is its answer, whatever it would say of another cut."""
    answers = iter(["27508", "27506", "27506", "27506", "27506", "27506"])
    odometer = Odometer(
        FakeLocator([[20, 30, 44, 36]], [0.8]),
        FakeReader("27506"),
        lambda _line: Text(next(answers, "27508"), 0.99),
    )
    first = odometer.weigh(PHOTO, odometer.places(PHOTO)[0])
    assert first.second == ("27508",)
    assert not first.agreed


def test_no_place_no_reading() -> None:
    odometer = Odometer(FakeLocator([[20, 30, 44, 36]], [0.01]), FakeReader("27506"), says("27506"))
    assert odometer(PHOTO) == OdometerReading(None, 0.0, None, None, "not_found")


def test_overlapping_places_are_one() -> None:
    boxes = [[20, 30, 44, 36], [21, 30, 45, 36], [20, 50, 44, 56]]
    odometer = Odometer(FakeLocator(boxes, [0.8, 0.7, 0.6]), FakeReader("27506"), says("27506"))
    assert [p.score for p in odometer.places(PHOTO)] == pytest.approx([0.8, 0.6])


# ---------------------------------------------------------------- the whole, with the shipped models
@pytest.fixture(scope="module")
def shipped() -> Odometer:
    models = ROOT / "models"
    return Odometer(
        Model.open(models, "odometer_find"), Model.open(models, "odometer_read"), PaddleText.installed()
    )


def test_the_demo_car_is_read(shipped: Odometer) -> None:
    """A rendered photo that was never trained on; it shows 127506 km, a clock, a temperature and dials."""
    image = cv2.imread(str(ROOT / "tests/data/demo_car/odometer.webp"))
    assert image is not None
    answer = shipped(np.asarray(image, np.uint8))
    assert answer.reading == "127506"


def test_many_looks_at_the_demo_car_vote_for_the_same_number(shipped: Odometer) -> None:
    image = np.asarray(cv2.imread(str(ROOT / "tests/data/demo_car/odometer.webp")), np.uint8)
    seen = [shipped.weigh(image, place) for place in shipped.places(image)[:1]]
    ballot = shipped.look_again(image, seen)
    assert ballot.vote is not None
    assert ballot.vote.text == "127506"
    assert carries(ballot, LIMITS, Quorum())


def test_places_worth_a_vote_have_an_odometers_digits_and_overlapping_ones_go_together() -> None:
    def at(left: float, score: float, digits: str) -> Evidence:
        box = (left, 10.0, left + 50, 22.0)
        return evidence(digits, place=Place(box, score), box=box)

    groups = worth_a_vote(
        [at(10, 0.4, "27506"), at(14, 0.6, "127506"), at(200, 0.3, "18245"), at(400, 0.9, "1000")], LIMITS
    )
    assert [[e.place.score for e in group] for group in groups] == [[0.6, 0.4], [0.3]]


def test_a_picture_without_a_display_has_no_reading(shipped: Odometer) -> None:
    y, x = np.mgrid[0:600, 0:800]
    picture = np.stack([x % 255, y % 255, (x + y) % 255], 2).astype(np.uint8)
    assert shipped(picture).reading is None


def test_a_trip_meter_is_never_the_reading(shipped: Odometer) -> None:
    picture = np.full((480, 640, 3), 20, np.uint8)
    cv2.putText(
        picture, "TRIP 302.5 km", (180, 250), cv2.FONT_HERSHEY_DUPLEX, 1.2, (230, 230, 230), 2, cv2.LINE_AA
    )
    assert shipped(picture).reading is None


def test_a_smeared_display_is_refused_or_right(shipped: Odometer) -> None:
    """The more a display is smeared the less is read, and what is read stays right."""
    image = cv2.imread(str(ROOT / "tests/data/demo_car/odometer.webp"))
    assert image is not None
    answers = [
        shipped(np.asarray(cv2.GaussianBlur(image, (0, 0), s), np.uint8)).reading for s in (2.0, 4.0, 8.0)
    ]
    assert all(a in (None, "127506") for a in answers)
    assert answers[-1] is None


def test_missing_second_reader_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ModelMissing, match="rapidocr"):
        PaddleText.installed()
