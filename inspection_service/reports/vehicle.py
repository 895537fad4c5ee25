"""What is known of the car, item by item, and how: from the order, and from photos on which a model read the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from inspection_service.inspections.records import Capture, Vehicle
from inspection_service.reports.seen import capture_order, is_in_report

READ_ITEMS: Final = ("plate", "vin")
"""Items that a model may read from a photo; a judgement has a member of the same name."""


def vehicle_entry(vehicle: Vehicle, captures: Sequence[Capture]) -> dict[str, Any]:
    """Say each item and how it is known; a plate seen but not read is evidence, not confirmation.

    ``read_in`` names the photos on which the model read what was ordered, ``other_in`` those on which it read
    something else: a doubt. Either is absent when there is no such photo.
    """
    standing = [c for c in sorted(captures, key=capture_order) if is_in_report(c) and c.judgement]
    values: dict[str, str | None] = {
        "make": vehicle.make,
        "model": vehicle.model,
        "plate": vehicle.plate,
        "vin": vehicle.vin,
        "first_registration": vehicle.first_registration.isoformat() if vehicle.first_registration else None,
        "fuel": vehicle.fuel,
    }
    return {
        name: {
            "value": value,
            "known_by": "unknown" if value is None else "platform",
            "seen_in": [c.id for c in standing if name == "plate" and _shows_plate(c)],
            **_read(name, standing),
        }
        for name, value in values.items()
    }


def _shows_plate(capture: Capture) -> bool:
    return any(s.get("kind") == "plate" for s in (capture.judgement or {}).get("scene", ()))


def _read(name: str, captures: Sequence[Capture]) -> dict[str, list[str]]:
    if name not in READ_ITEMS:
        return {}
    said = [(c.id, ((c.judgement or {}).get(name) or {}).get("matches_order")) for c in captures]
    found = {
        "read_in": [str(id_) for id_, answer in said if answer == "yes"],
        "other_in": [str(id_) for id_, answer in said if answer == "no"],
    }
    return {key: ids for key, ids in found.items() if ids}
