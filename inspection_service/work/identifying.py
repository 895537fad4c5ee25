"""Holds what stands on the car against what was ordered, and lets the text itself go.

A judgement is kept for years and read by many; a plate and a VIN are personal. So the record says whether a photo
shows the ordered car, where to look, and how surely that was read, and nothing that would have to be erased later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from inspection_service.inspections.records import Vehicle
from inspection_service.vision.plate_text import folded

KEPT: Final = ("confidence", "box", "why_not", "evidence")
"""What stays of a text that was read."""


def identified(judgement: Mapping[str, Any], vehicle: Vehicle) -> dict[str, Any]:
    """Return the judgement with the plate's and the VIN's text replaced by ``matches_order``.

    ``yes`` or ``no`` where it was read and one was ordered, ``not_read`` where none was read, ``not_stated`` where the
    order names none. ``no`` is a doubt to be looked at: a reader errs, too.

    Args:
        judgement: A ``vision.Judgement`` as JSON values.
        vehicle: The car as it was ordered.
    """
    return {
        **judgement,
        "plate": _compared(judgement.get("plate"), vehicle.plate),
        "vin": _compared(judgement.get("vin"), vehicle.vin),
    }


def _compared(read: Mapping[str, Any] | None, ordered: str | None) -> dict[str, Any] | None:
    if read is None:
        return None
    # Many lines of a document may be the plate: that the ordered one is among them counts, that it is not does not.
    among = [each for each in read.get("among", ()) if ordered and folded(each["text"]) == folded(ordered)]
    read = among[0] if among else read
    text = read.get("text")
    kept = {name: read.get(name) for name in KEPT}
    # the countries whose pattern fits would tell half of a plate
    kept["evidence"] = [each for each in kept["evidence"] or () if not str(each).startswith("pattern:")]
    if not ordered or not folded(ordered):
        return {"matches_order": "not_stated", **kept}
    if not text:
        return {"matches_order": "not_read", **kept}
    return {"matches_order": "yes" if folded(text) == folded(ordered) else "no", **kept}
