"""How well photos of one car are told from those of another, on car models that taught neither the view nor the look.

    python -m models.recipes.evaluate --only 'same car' --data DATA

Pairs of whole-car photos of one listing against pairs of two listings, and then what the product does with a whole
inspection: honest ones, and the same with one photo of another car put in. No torch here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inspection_service.vision.engine import Model
from inspection_service.vision.framing import Framing
from inspection_service.vision.pipeline import SMALL_PX, halved
from inspection_service.vision.same_car import CarLook, car_look, from_text, likeness, odd_ones
from inspection_service.vision.scene import Scene
from models.recipes import framing_data as data
from models.recipes.evaluate_framing import auc
from models.recipes.framing_listings import CarPhoto, car_photos

MODELS = Path(__file__).parent.parent
LEAST_PHOTOS = 3


@dataclass(frozen=True)
class Looked:
    """One photo and the look that the record would keep of it."""

    car: CarPhoto
    text: str

    @property
    def look(self) -> CarLook:
        """The look, with what keeping it as bytes costs."""
        found = from_text(self.text)
        assert found is not None
        return found


def looked_at(folder: Path, models: Path) -> tuple[list[Looked], int]:
    """Looks of the photos kept apart, and of how many of these no look is taken: no car found, or no whole one."""
    framing, scene = Framing(Model.open(models, "framing")), Scene(Model.open(models, "scene"))
    kept = {p.name for p in data.split(data.framing_photos(folder))[1]}
    found, none = [], 0
    for each in car_photos(folder):
        if each.photo.name not in kept:
            continue
        image = halved(np.asarray(cv2.imread(str(each.photo.path), cv2.IMREAD_COLOR), np.uint8), SMALL_PX)
        look = car_look(image, framing(image), scene(image), framing)
        none += look is None
        found += [] if look is None else [Looked(each, look.to_text())]
    return found, none


def pair_rows(looks: Sequence[Looked]) -> list[dict[str, Any]]:
    """How often a pair of one car is more alike than a pair of two; the same photo in two sizes is no pair."""
    same, other, twins = [], [], []
    for one, two in combinations(looks, 2):
        alike = likeness(one.look, two.look)
        if one.car.listing == two.car.listing:
            same += [alike] if one.car.number != two.car.number else []
        else:
            other.append(alike)
            twins += [alike] if one.car.photo.group == two.car.photo.group else []
    note = f"{len(same)} pairs of one car"
    return [
        _row(f"same car AUC ({note}, {len(other)} of two)", auc(same, other), len(same), aim=0.97),
        _row(f"same car AUC, two cars of one model ({len(twins)} pairs)", auc(same, twins), len(twins)),
    ]


def case_rows(looks: Sequence[Looked]) -> list[dict[str, Any]]:
    """What is named in honest inspections, and how often a photo of another car put among them is."""
    cases: dict[str, dict[str, Looked]] = defaultdict(dict)
    for each in looks:
        cases[each.car.listing][str(each.car.number)] = each
    full = {name: case for name, case in cases.items() if len(case) >= LEAST_PHOTOS}
    honest = [bool(odd_ones(_judged(case.values()))) for case in full.values()]
    named, wrong = [], []
    for listing, case in full.items():
        for stranger in looks:
            if stranger.car.listing != listing:
                odd = {o.capture_id for o in odd_ones(_judged([*case.values(), stranger]))}
                named.append(stranger.car.photo.name in odd)
                wrong.append(bool(odd - {stranger.car.photo.name}))
    return [
        _row(f"same car, honest cases with a photo named ({len(full)})", float(np.mean(honest)), len(full)),
        _row(f"same car, stranger named ({len(named)})", float(np.mean(named)), len(named)),
        _row("same car, another photo named beside or instead", float(np.mean(wrong)), len(wrong)),
    ]


def _judged(looks: Iterable[Looked]) -> dict[str, dict[str, str]]:
    return {each.car.photo.name: {"car_look": each.text} for each in looks}


def _row(name: str, value: float, n: int, aim: float | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(value, 4),
        "unit": "",
        "n": n,
        "reference": None,
        "reference_value": None,
        "ratio": None,
        "aim": aim,
        "met": None if aim is None else value >= aim,
    }


def same_car_metrics(folder: Path, models: Path = MODELS) -> list[dict[str, Any]]:
    """Figures of "all photos show one car" on the car models kept apart."""
    looks, none = looked_at(folder, models)
    total = len(looks) + none
    rows = [_row(f"same car, whole-car photos without a look ({total})", none / max(1, total), total)]
    return [*pair_rows(looks), *case_rows(looks), *rows]
