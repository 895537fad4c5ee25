"""The mileage dossier: every statement about the odometer, and whether it fits the past and the car's age.

Three answers only: ``consistent`` with what it was compared with, ``inconsistent``, ``not_checkable``. None of them
says that nobody altered the odometer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, Literal

from inspection_service.clock import isoformat
from inspection_service.inspections.mileages import EarlierReading, reading_km, settled_reading
from inspection_service.inspections.records import Capture, Dossier
from inspection_service.reports.plain import actor, plain

DECLARED_TOLERANCE_KM: Final = 1000
DECLARED_TOLERANCE_SHARE: Final = 0.02
"""People round what they declare, and the car is driven until it is handed over: our own bound, the larger counts."""
ROUNDING_KM: Final = 2
"""Two readings turned from miles into kilometres may differ by this much without the odometer having moved."""
MOST_KM_PER_DAY: Final = 1500
"""Our own bound: more is about eighteen hours at motorway speed, every day."""
MOST_KM_PER_YEAR: Final = 120_000
"""Our own bound over a car's life: a taxi in two shifts stays below."""
DAYS_PER_YEAR: Final = 365.25

Verdict = Literal["consistent", "inconsistent", "not_checkable"]


@dataclass(frozen=True, slots=True)
class MileageVerdict:
    """Whether a reading fits what else is known, and why."""

    verdict: Verdict
    reasons: tuple[str, ...]
    """Codes. Consistent: what it fits (``fits_declared fits_earlier fits_age``). Inconsistent: what it contradicts
    (``below_declared above_declared below_earlier too_far_since_earlier too_far_for_age read_before_registration``).
    Not checkable: ``no_reading``, ``nothing_to_compare`` or ``unit_unknown``."""


def mileage_verdict(
    reading: Any,
    unit: Any,
    *,
    declared_km: int | None,
    earlier: Sequence[EarlierReading],
    first_registration: date | None,
    at: datetime,
) -> MileageVerdict:
    """Compare a reading with what was declared, with earlier readings, and with the car's age.

    A reading whose unit nobody knows is compared as kilometres and as miles, and only an answer that is the same for
    both is given.

    Args:
        reading: Digits; ``None`` when nobody could read it.
        unit: ``km``, ``mi`` or ``None``.
        declared_km: What the platform was told.
        earlier: Readings of earlier inspections.
        first_registration: Of the car.
        at: When it was read.
    """
    if reading_km(reading, unit) is None:
        return MileageVerdict("not_checkable", ("no_reading",))
    found = []
    for assumed in (unit,) if unit in ("km", "mi") else ("km", "mi"):
        km = reading_km(reading, assumed)
        assert km is not None
        found.append(_compare(km, declared_km, earlier, first_registration, at))
    if any(other.verdict != found[0].verdict for other in found):
        return MileageVerdict("not_checkable", ("unit_unknown",))
    return found[0]


def _compare(
    km: int,
    declared_km: int | None,
    earlier: Sequence[EarlierReading],
    first_registration: date | None,
    at: datetime,
) -> MileageVerdict:
    fits: list[str] = []
    wrong: list[str] = []
    if declared_km is not None:
        tolerance_km = max(DECLARED_TOLERANCE_KM, declared_km * DECLARED_TOLERANCE_SHARE)
        if abs(km - declared_km) <= tolerance_km:
            fits.append("fits_declared")
        else:
            wrong.append("below_declared" if km < declared_km else "above_declared")
    before = [one for one in earlier if one.at <= at]
    if before:
        is_less = any(km + ROUNDING_KM < one.km for one in before)
        is_far = any(km - one.km > MOST_KM_PER_DAY * _days(one.at, at) for one in before)
        wrong += ["below_earlier"] * is_less + ["too_far_since_earlier"] * is_far
        fits += [] if is_less or is_far else ["fits_earlier"]
    if first_registration is not None:
        registered = datetime(
            first_registration.year, first_registration.month, first_registration.day, tzinfo=UTC
        )
        if registered > at:
            wrong.append("read_before_registration")
        elif km > MOST_KM_PER_YEAR * max(1.0, (at - registered).days / DAYS_PER_YEAR):
            wrong.append("too_far_for_age")
        else:
            fits.append("fits_age")
    if wrong:
        return MileageVerdict("inconsistent", tuple(wrong))
    if not fits:
        return MileageVerdict("not_checkable", ("nothing_to_compare",))
    return MileageVerdict("consistent", tuple(fits))


def _days(start: datetime, end: datetime) -> float:
    """Days between two readings; a part of a day counts as a whole one."""
    return max(1.0, (end - start).total_seconds() / 86400)


def mileage_entry(
    dossier: Dossier, evidence: Mapping[str, Capture], earlier: Sequence[EarlierReading], sealed_at: datetime
) -> dict[str, Any]:
    """Gather every odometer statement; the operator's reading settles it, else the model's; then compare."""
    readings = [
        {
            "voice": s.voice,
            "reading": s.value.get("reading"),
            "unit": s.value.get("unit"),
            "confidence": plain(s.value.get("confidence")),
            "why_not": s.value.get("why_not"),
            "note": s.value.get("note"),
            "by": actor(s.actor),
            "at": isoformat(s.at),
            "evidence": list(s.evidence),
        }
        for s in dossier.statements
        if s.control_point == "odometer"
    ]
    if not any(r["voice"] == "model" for r in readings):
        readings += [r for c in evidence.values() if (r := _model_reading(c)) is not None]
    settled = settled_reading((str(r["voice"]), r) for r in readings)
    vehicle = dossier.inspection.vehicle
    declared_km = vehicle.declared_mileage_km
    km = None if settled is None else reading_km(settled["reading"], settled["unit"])
    verdict = mileage_verdict(
        None if settled is None else settled["reading"],
        None if settled is None else settled["unit"],
        declared_km=declared_km,
        earlier=earlier,
        first_registration=vehicle.first_registration,
        at=sealed_at,
    )
    return {
        "declared_km": declared_km,
        "readings": readings,
        "settled": settled,
        "difference_km": None if km is None or declared_km is None else km - declared_km,
        "verdict": verdict.verdict,
        "reasons": list(verdict.reasons),
        "earlier": [
            {"km": one.km, "at": isoformat(one.at), "source": one.source, "report_sha256": one.report_sha256}
            for one in sorted(earlier, key=lambda one: one.at)
        ],
        "age_months": _months(vehicle.first_registration, sealed_at),
    }


def _months(first_registration: date | None, at: datetime) -> int | None:
    if first_registration is None:
        return None
    months = (at.year - first_registration.year) * 12 + at.month - first_registration.month
    return max(0, months - (at.day < first_registration.day))


def _model_reading(capture: Capture) -> dict[str, Any] | None:
    odometer = capture.judgement.get("odometer") if capture.judgement else None
    if not odometer:
        return None
    return {
        "voice": "model",
        "reading": odometer.get("reading"),
        "unit": odometer.get("unit"),
        "confidence": plain(odometer.get("confidence")),
        "why_not": odometer.get("why_not"),
        "note": None,
        "by": {"kind": "service", "name": ""},
        "at": isoformat(capture.received_at),
        "evidence": [capture.id],
    }
