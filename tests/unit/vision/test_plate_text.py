"""What a plate may say: patterns of countries, and lookalikes that only a pattern can tell apart."""

from __future__ import annotations

import pytest

from inspection_service.vision.plate_text import PATTERNS, Plate, as_plate, folded

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("country", "read"),
    [
        ("FR", "AB-123-CD"),
        ("DE", "M AB 1234"),
        ("ES", "1234 BCD"),
        ("IT", "AB 123 CD"),
        ("BE", "1-ABC-234"),
        ("NL", "12-ABC-3"),
        ("GB", "AB12 CDE"),
        ("PL", "WA 12345"),
        ("PT", "AA-12-BB"),
    ],
)
def test_the_series_now_issued_is_known_with_its_country(country: str, read: str) -> None:
    plate = as_plate(read)
    assert plate is not None
    assert country in plate.countries


def test_every_pattern_is_of_letters_and_digits_and_has_both() -> None:
    for patterns in PATTERNS.values():
        assert all(set(p) == {"L", "D"} for p in patterns)


@pytest.mark.parametrize(
    ("read", "meant"),
    [("RKO99AN", "RKO99AN"), ("PP587A0", "PP587AO"), ("0Y09FEU", "OY09FEU"), ("RK6O5AB", "RK605AB")],
)
def test_a_nought_and_an_o_are_what_the_pattern_says(read: str, meant: str) -> None:
    plate = as_plate(read)
    assert plate is not None
    assert plate.text == meant
    assert plate.changed == 0


def test_another_lookalike_is_counted_as_a_mistake_of_the_reader() -> None:
    plate = as_plate("AB1Z3CD")
    assert plate == Plate("AB123CD", plate.countries if plate else (), 1)


@pytest.mark.parametrize("read", ["", "SALE", "2015 km 127506 service", "GWAGEN", "中文"])
def test_what_has_no_digit_or_is_no_plate_by_length_is_none(read: str) -> None:
    assert as_plate(read) is None


def test_plates_that_look_the_same_on_the_metal_are_the_same() -> None:
    assert folded("AB-1O1-CI") == folded("ab 101 c1")
    assert folded("AB-123-CD") != folded("AB-128-CD")
