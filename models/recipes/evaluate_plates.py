"""How many number plates are found, and how many are hidden in a public copy as the service makes it.

    python -m models.recipes.evaluate --only plate --data DATA

The photos kept apart are named in ``detection_split.json``; a plate is hidden when one box covers 80 % of it, as
`score_boxes.py` of the data kit counts. No torch here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from inspection_service.privacy.hiding import Seen, propose
from inspection_service.vision.engine import Model
from inspection_service.vision.hideable import Hideable
from inspection_service.vision.scene import SceneObject
from models.recipes.evaluate_detection import (
    at_least,
    average_precision,
    false_boxes,
    false_boxes_threshold,
    hidden,
    plate_photos,
    row,
    things,
)

MODELS = Path(__file__).parents[1]


def plate_metrics(data: Path, models: Path = MODELS) -> list[dict[str, Any]]:
    """Figures of the plate model on the photos kept apart: one look, and as photos are covered for the public."""
    model = Model.open(models, "plate")
    plates = plate_photos(data, "plate", things(model))
    shipped, one = float(model.thresholds["plate"]), false_boxes_threshold(plates, 1.0)
    public = plate_photos(data, "plate", _covered_by(Hideable.open(models)))
    rows = [
        row(f"plates hidden at 1 false box per photo ({len(plates)} photos)", hidden(plates, one), "", None, 0.99),
        row(f"plates hidden at the shipped threshold {shipped}", hidden(plates, shipped), "", None, None),
        row("plates of 24 px or more hidden, 1 false box", hidden(at_least(plates, 24), one), "", None, 0.99),
        row("plate AP50", average_precision(plates, 0.5), "", None, None),
        row("plates hidden in a public copy as shipped", hidden(public, 0.0, 0.0), "", None, 0.99),
        row("plates of 24 px or more, public copy", hidden(at_least(public, 24), 0.0, 0.0), "", None, 0.99),
        row("false boxes a photo, public copy", false_boxes(public), "", None, None),
    ]  # fmt: skip
    for source in ("oi", "alpr"):
        part = [p for p in plates if p.source == source]
        rows.append(
            row(f"plates hidden at 1 false box per photo, {source}", hidden(part, one), "", None, None)
        )
    return rows


def _covered_by(hideable: Hideable) -> Callable[[bytes], Iterable[SceneObject]]:
    """What a public copy covers as plates, of a photo of which nobody knows what it shows."""

    def covered(photo: bytes) -> list[SceneObject]:
        found = hideable.find(photo)
        seen = [Seen(o.kind, o.box, o.score, o in found.sure) for o in found.objects]
        regions = propose(seen, None, (found.width, found.height)).regions
        return [
            SceneObject("plate", (float(x1), float(y1), float(x2), float(y2)), 1.0)
            for region in regions
            if region.kind == "plate"
            for x1, y1, x2, y2 in [region.box]
        ]

    return covered
