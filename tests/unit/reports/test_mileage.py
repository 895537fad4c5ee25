"""Whether a mileage fits what else is known: three answers, each with its reasons, and no more than is known."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_service.inspections.mileages import EarlierReading, plate_key, reading_km, settled_reading
from inspection_service.reports.build import build
from inspection_service.reports.mileage import mileage_verdict
from tests.unit.reports.dossiers import MODELS, SEALED_AT, dossier

pytestmark = pytest.mark.unit
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
REGISTERED = date(2016, 3, 14)


def earlier(km: int, **ago: float) -> EarlierReading:
    return EarlierReading(km, NOW - timedelta(**ago), "inspection")


def verdict(reading: Any, unit: Any = "km", **known: Any) -> tuple[str, tuple[str, ...]]:
    facts: dict[str, Any] = {"declared_km": None, "earlier": (), "first_registration": None} | known
    found = mileage_verdict(reading, unit, at=NOW, **facts)
    return found.verdict, found.reasons


@pytest.mark.parametrize(
    ("reading", "unit", "known", "expected"),
    [
        (None, None, {"declared_km": 1}, ("not_checkable", ("no_reading",))),
        ("12?4", "km", {"declared_km": 1}, ("not_checkable", ("no_reading",))),
        ("٣٤٥", "km", {"declared_km": 1}, ("not_checkable", ("no_reading",))),
        ("99999999", "km", {"declared_km": 1}, ("not_checkable", ("no_reading",))),
        ("127506", "km", {}, ("not_checkable", ("nothing_to_compare",))),
        ("127506", "km", {"declared_km": 127000}, ("consistent", ("fits_declared",))),
        ("127000", "km", {"declared_km": 129540}, ("consistent", ("fits_declared",))),
        ("126999", "km", {"declared_km": 129600}, ("inconsistent", ("below_declared",))),
        ("227506", "km", {"declared_km": 127000}, ("inconsistent", ("above_declared",))),
        ("79000", "mi", {"declared_km": 127138}, ("consistent", ("fits_declared",))),
        ("127506", "km", {"earlier": (earlier(127000, days=30),)}, ("consistent", ("fits_earlier",))),
        ("127506", "km", {"earlier": (earlier(127508, days=30),)}, ("consistent", ("fits_earlier",))),
        ("127506", "km", {"earlier": (earlier(127509, days=30),)}, ("inconsistent", ("below_earlier",))),
        (
            "127506",
            "km",
            {"earlier": (earlier(100000, days=3),)},
            ("inconsistent", ("too_far_since_earlier",)),
        ),
        ("127506", "km", {"earlier": (earlier(126100, hours=2),)}, ("consistent", ("fits_earlier",))),
        (
            "127506",
            "km",
            {"earlier": (earlier(900000, days=-2),)},
            ("not_checkable", ("nothing_to_compare",)),
        ),
        ("127506", "km", {"first_registration": REGISTERED}, ("consistent", ("fits_age",))),
        ("1900000", "km", {"first_registration": REGISTERED}, ("inconsistent", ("too_far_for_age",))),
        (
            "10",
            "km",
            {"first_registration": date(2027, 1, 1)},
            ("inconsistent", ("read_before_registration",)),
        ),
        (
            "90000",
            "km",
            {"declared_km": 90000, "earlier": (earlier(120000, days=90),), "first_registration": REGISTERED},
            ("inconsistent", ("below_earlier",)),
        ),
        (
            "90000",
            "km",
            {"declared_km": 90000, "earlier": (earlier(80000, days=90),), "first_registration": REGISTERED},
            ("consistent", ("fits_declared", "fits_earlier", "fits_age")),
        ),
        ("127506", None, {"declared_km": 127000}, ("not_checkable", ("unit_unknown",))),
        ("127506", None, {"first_registration": REGISTERED}, ("consistent", ("fits_age",))),
        ("127506", None, {"declared_km": 900000}, ("inconsistent", ("below_declared",))),
    ],
)
def test_the_verdict(
    reading: Any, unit: Any, known: dict[str, Any], expected: tuple[str, tuple[str, ...]]
) -> None:
    """A rounded declaration fits; less than before does not; nothing to compare with is said, not guessed."""
    assert verdict(reading, unit, **known) == expected


@given(st.integers(0, 9_999_999), st.integers(0, 9_999_999), st.integers(1, 4000))
def test_less_than_before_is_never_consistent(km: int, before_km: int, days: int) -> None:
    """Whatever else is known."""
    known = {
        "earlier": (earlier(before_km, days=days),),
        "declared_km": km,
        "first_registration": date(1990, 1, 1),
    }
    said, reasons = verdict(str(km), **known)
    if km < before_km - 2:
        assert said == "inconsistent"
        assert "below_earlier" in reasons
    else:
        assert "below_earlier" not in reasons


def test_the_operators_last_reading_settles() -> None:
    """Else the model's; a reading nobody could make settles nothing."""
    model = ("model", {"reading": "1", "unit": "km"})
    first, second = ("operator", {"reading": "2", "unit": "km"}), ("operator", {"reading": "3", "unit": None})
    assert settled_reading([first, model, second]) == {"reading": "3", "unit": None, "voice": "operator"}
    assert settled_reading([("model", {"reading": None}), model]) == {
        "reading": "1",
        "unit": "km",
        "voice": "model",
    }
    assert settled_reading([("seller", {"reading": "9"}), ("model", {"reading": None})]) is None
    assert reading_km("100", "mi") == 161


def test_a_plate_is_the_same_however_it_is_written() -> None:
    """Spaces, dashes, case."""
    assert plate_key("ab 123-cd") == plate_key("AB-123-CD") == "AB123CD"
    assert plate_key(" - ") is None
    assert plate_key(None) is None


def test_the_dossier_stands_in_the_record() -> None:
    """Verdict, reasons, earlier readings with the report they stand in, and the age of the car in months."""
    case, _ = dossier("en")
    before = EarlierReading(200000, SEALED_AT - timedelta(days=10), "inspection", "a" * 64)
    made = build(case, sealed_at=SEALED_AT, models=MODELS, has_development_keys=True, earlier=[before])
    mileage = made.record["mileage"]
    assert (mileage["verdict"], mileage["reasons"]) == ("inconsistent", ["below_earlier"])
    assert mileage["earlier"] == [
        {"km": 200000, "at": "2026-11-12T10:00:00.000Z", "source": "inspection", "report_sha256": "a" * 64}
    ]
    assert mileage["age_months"] == 128
