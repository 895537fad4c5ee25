"""What earlier inspections of the same car read on its odometer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

KM_PER_MILE: Final = 1.609344
"""Source: international yard and pound agreement of 1959."""
_MOST_DIGITS: Final = 7
"""No car's odometer has more."""


@dataclass(frozen=True, slots=True)
class EarlierReading:
    """A mileage that somebody established before this inspection."""

    km: int
    at: datetime
    source: str
    """``inspection``: a sealed one of the same platform; others may follow."""
    report_sha256: str | None = None
    """Of the record it stands in, for whoever has it."""


def reading_km(reading: Any, unit: Any) -> int | None:
    """Return a reading in kilometres; one without a unit counts as kilometres, what is not a number as ``None``."""
    text = str(reading)
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        return None
    return round(int(text) * (KM_PER_MILE if unit == "mi" else 1.0))


def settled_reading(statements: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, Any] | None:
    """Choose the reading that counts: the operator's last one, else the model's.

    Args:
        statements: Voice and value of each odometer statement, oldest first.
    """
    listed = list(statements)
    for voice in ("operator", "model"):
        found = [value for said_by, value in listed if said_by == voice and value.get("reading")]
        if found:
            return {"reading": found[-1]["reading"], "unit": found[-1].get("unit"), "voice": voice}
    return None


def plate_key(plate: str | None) -> str | None:
    """Write a plate so that spaces and dashes do not make it another one; ``None`` when nothing of it is left."""
    return "".join(sign for sign in plate.upper() if sign.isalnum()) or None if plate else None
