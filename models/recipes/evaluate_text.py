"""Measure how plates and VINs are read, with the classes the service runs, beside plain PP-OCR on the given box.

    python -m models.recipes.evaluate --only text --data DATA

No network was trained for it, so no photo is kept apart; but the rules (cuts, votes, patterns) were written while these
photos were looked at, and the figures flatter. Ours finds the text; the peer is shown where it stands. Compared as
``score_text.py`` of the data kit does. ``wrong printed`` also counts labels that break their country's rule (an O
among the digits of a Slovak plate): beside it stands what is wrong when O is 0 and I is 1. No torch here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection_service.vision.car_text import PLATE_LOOK_PX, Plates, Vins
from inspection_service.vision.hideable import Hideable
from inspection_service.vision.odometer_second import PaddleText
from inspection_service.vision.plate_text import bare, folded
from inspection_service.vision.predict import plate_text_entries, text_entries
from inspection_service.vision.text_lines import PaddleLines

MODELS = Path(__file__).parents[1]
PEER = "PP-OCRv6 on the box that is given, same photos"
AIMS = {"vin": 0.95, "plate": None}


@dataclass(frozen=True)
class Outcome:
    """What stands on a photo, what we say, and what plain PP-OCR says when shown the box; None is an abstention."""

    truth: str
    said: str | None
    peer: str


def outcomes(data: Path, kind: str, models: Path = MODELS) -> list[Outcome]:
    """Answers for every labelled photo of a kind, ``vin`` or ``plate``."""
    reader, lines = PaddleText.installed(), PaddleLines.installed()
    find, plates = Hideable.open(models).find, Plates(lines.looking_at(PLATE_LOOK_PX), reader)
    vins = Vins(lines, reader)
    folder, out = data / "vin_plate", []
    for row in json.loads((folder / "labels.json").read_text()):
        if row["kind"] != kind or not row["text"]:
            continue
        content = (folder / row["file"]).read_bytes()
        (entry,) = (
            text_entries(vins, content, row["file"])
            if kind == "vin"
            else plate_text_entries(find, plates, content, row["file"])
        )
        image = np.asarray(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR), np.uint8)
        peer = bare(reader(_part(image, row["bbox"])).text)
        if kind == "vin":
            peer = peer.translate(str.maketrans("OIQ", "010"))
        out.append(Outcome(bare(row["text"]), entry["text"], peer))
    return out


def _part(image: NDArray[np.uint8], box: Sequence[float]) -> NDArray[np.uint8]:
    x, y, w, h = (round(v) for v in box)
    margin = round(0.06 * h)
    return image[max(0, y - margin) : y + h + margin, max(0, x - margin) : x + w + margin]


def rows_of(kind: str, results: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Lay the figures of one kind out."""
    n = len(results)

    def share(test: Callable[[Outcome], bool]) -> float:
        return round(sum(test(r) for r in results) / max(n, 1), 4)

    exact, aim = share(lambda r: r.said == r.truth), AIMS[kind]
    peer = share(lambda r: r.peer == r.truth)
    wrong = share(lambda r: r.said is not None and r.said != r.truth)
    peer_wrong = share(lambda r: r.peer not in ("", r.truth))
    other = share(lambda r: r.said is not None and folded(r.said) != folded(r.truth))
    abstains = share(lambda r: r.said is None)
    name = {"vin": "VIN", "plate": "plate text"}[kind]
    return [
        _row(f"{name} exact ({n} photos)", exact, peer, aim),
        _row(f"{name} exact or not said", round(exact + abstains, 4), peer, aim),
        _row(f"{name} wrong printed, by the labels as they are", wrong, peer_wrong, None),
        _row(f"{name} wrong printed, O as 0 and I as 1", other, None, None),
        _row(f"{name} not said", abstains, None, None),
    ]


def _row(name: str, value: float, peer: float | None, aim: float | None) -> dict[str, Any]:
    return {
        "name": name,
        "value": value,
        "unit": "",
        "reference": None if peer is None else PEER,
        "reference_value": peer,
        "ratio": round(value / peer, 3) if peer else None,
        "aim": aim,
        "met": None if aim is None else value >= aim,
    }


def text_metrics(data: Path, models: Path = MODELS) -> list[dict[str, Any]]:
    """Figures of plates and VINs."""
    return [row for kind in ("vin", "plate") for row in rows_of(kind, outcomes(data, kind, models))]
