"""The rules of a VIN (ISO 3779, 49 CFR 565.15)."""

from __future__ import annotations

import pytest

from inspection_service.vision.vin import as_vin, has_check_digit

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("read", "vin"),
    [
        ("WVWZZZ1JZ3W558842", "WVWZZZ1JZ3W558842"),
        ("*VF1 JP09F6 41501074*", "VF1JP09F641501074"),
        ("VIN: WVWZZZ1JZ3W558842", "WVWZZZ1JZ3W558842"),
        ("WOLOXCE7574O2191O", "W0L0XCE7574021910"),
        ("VFIJP09F64I501074", "VF1JP09F641501074"),
    ],
)
def test_a_line_with_a_vin_is_read_and_i_o_q_are_digits(read: str, vin: str) -> None:
    assert as_vin(read) == vin


@pytest.mark.parametrize(
    "read",
    [
        "",
        "WVWZZZ1JZ3W55884",
        "WVWZZZ1JZ3W5588421",
        "WVWZZZ1JZ3W55A842B",
        "12345678901234567",
        "TYPE APPROVAL NO 5",
    ],
)
def test_what_is_longer_shorter_or_ends_in_letters_is_no_vin(read: str) -> None:
    assert as_vin(read) is None


def test_the_check_digit_of_north_america_holds_where_it_is_one() -> None:
    assert has_check_digit("1M8GDM9AXKP042788")
    assert not has_check_digit("1M8GDM9A9KP042788")
    assert not has_check_digit("WVWZZZ1JZ3W558842")  # a European number need not have one


def test_a_street_with_its_postcode_is_no_number_of_a_car() -> None:
    """Seventeen characters, four digits at the end: on a document such a line is the holder's address."""
    assert as_vin("42 Rue Exemple 18602") is None
    assert as_vin("wVWZZZ1JZ3w558842") == "WVWZZZ1JZ3W558842"


def test_the_field_code_before_a_number_is_no_part_of_it() -> None:
    assert as_vin("E WVWZZZ1JZ3W558842") == "WVWZZZ1JZ3W558842"
