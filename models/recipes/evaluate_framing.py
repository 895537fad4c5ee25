"""How well the framing model and the pixel measures do on photos kept apart: views, acceptance, faults.

The photos are those named in ``models/splits/framing.json``; none of their car models, or of their originals, taught.
Run: ``python -m models.recipes.evaluate --only framing --data ../shared/data``; no torch needed.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection_service.vision import quality
from inspection_service.vision.engine import Model
from inspection_service.vision.framing import RING, Framing, Seen, decide, mirrored
from inspection_service.vision.pipeline import SMALL_PX, halved
from inspection_service.vision.scene import Scene, SceneObject
from models.recipes import framing_data as data
from models.recipes import phone

MODELS = Path(__file__).parent.parent
BASE = "linear layer on frozen EfficientNet-Lite0 features, on other photos"
COMMON = 20
"""A view with fewer photos in the whole set is reported, not aimed at."""
SPOILED_EACH = 120


@dataclass(frozen=True)
class Look:
    """Everything the product sees of one photo."""

    photo: data.Photo
    seen: Seen
    measures: quality.Measures
    scene: tuple[SceneObject, ...]
    size: tuple[int, int]

    def accepted(self, asked: str, limits: Mapping[str, float]) -> bool:
        """Whether the product accepts it for a step."""
        return decide(asked, self.seen, self.measures, self.scene, size=self.size, limits=limits).accepted


class Eyes:
    """The product's models, looking at photos."""

    def __init__(self, models: Path) -> None:
        self.framing = Framing(Model.open(models, "framing"))
        self.scene = Scene(Model.open(models, "scene"))

    def look(self, photo: data.Photo, image: NDArray[np.uint8] | None = None) -> Look:
        """Look at a photo, or at a spoiled copy of it."""
        if image is None:
            image = np.asarray(cv2.imread(str(photo.path), cv2.IMREAD_COLOR), np.uint8)
        image = halved(image, SMALL_PX)
        size = (image.shape[1], image.shape[0])
        return Look(photo, self.framing(image), quality.measure(image), self.scene(image), size)


def held_out(folder: Path) -> list[data.Photo]:
    """The photos kept apart."""
    return data.split(data.framing_photos(folder) + data.extra_photos(folder))[1]


def chose_thresholds(photo: data.Photo) -> bool:
    """Whether a photo kept apart helped to choose thresholds; the other half measures what they do."""
    return hashlib.sha256(f"thresholds:{photo.group}".encode()).digest()[0] < 128


def is_spoiled_copy(photo: data.Photo) -> bool:
    """Whether it is a degraded copy of another photo, which says nothing about views."""
    return photo.quality in data.FAULT_OF_QUALITY and photo.quality != "truncated"


# ------------------------------------------------------------------ acceptance
@dataclass(frozen=True)
class Ask:
    """One question put to the product, with the right answer."""

    look: Look
    asked: str
    truth: bool


def asks_of(looks: Sequence[Look]) -> list[Ask]:
    """Ask of every photo its own step, as ``score_framing.py`` does; a photo of no step must be refused."""
    out = []
    for look in looks:
        p = look.photo
        if p.acceptable is None:
            continue
        out.append(
            Ask(look, "other" if p.view == "other" else p.view, bool(p.acceptable) and p.view != "other")
        )
    return out


def wrong_asks_of(looks: Sequence[Look]) -> list[Ask]:
    """Ask of every photo what it does not show: the other side, the neighbours in the ring, an inside view."""
    out = []
    for look in looks:
        view = look.photo.view
        wrong = {mirrored(view), "dashboard" if view == "front_seats" else "front_seats", "wheel"}
        if view in RING:
            at = RING.index(view)
            wrong |= {RING[(at + 1) % 8], RING[(at - 1) % 8]}
        out += [Ask(look, v, False) for v in sorted(wrong - {view, *look.photo.also})]
    return out


def precision_recall(asks: Sequence[Ask], limits: Mapping[str, float]) -> tuple[float, float]:
    """Precision and recall of acceptance."""
    answers = [a.look.accepted(a.asked, limits) for a in asks]
    right = sum(a.truth and said for a, said in zip(asks, answers, strict=True))
    return right / max(1, sum(answers)), right / max(1, sum(a.truth for a in asks))


# ------------------------------------------------------------------ faults
def risk(code: str, look: Look, limits: Mapping[str, float]) -> float:
    """How near a photo is to being refused for a fault: 1 at the threshold, by pixels or by the model's eye."""
    by_eye = look.seen.faults[code] / limits[code]
    if code == "blur":
        return max(by_eye, limits["sharpness"] / max(1e-6, look.measures.sharpness))
    if code == "dark":
        dim = max(
            look.measures.brightness / limits["brightness"], look.measures.highlights / limits["highlights"]
        )
        return max(by_eye, 1 / max(1e-6, dim))
    return by_eye


def auc(bad: Sequence[float], good: Sequence[float]) -> float:
    """Probability that a bad photo has the higher risk."""
    b, g = np.asarray(bad)[:, None], np.asarray(good)[None]
    return float((b > g).mean() + 0.5 * (b == g).mean())


def spoiled(eyes: Eyes, good: Sequence[Look], code: str) -> list[Look]:
    """The same good photos, spoiled by the phone model with a fixed seed, at full scale."""
    rng = np.random.default_rng([1, *code.encode()])
    chosen = list(good)
    rng.shuffle(chosen)  # type: ignore[arg-type]
    return [
        eyes.look(g.photo, phone.FAULTS[code](data.as_seen(g.photo, 1280), rng))
        for g in chosen[:SPOILED_EACH]
    ]


# ------------------------------------------------------------------ rows
def row(
    name: str,
    value: float,
    n: int,
    *,
    reference: float | None = None,
    aim: float | None = None,
    at_most: bool = False,
) -> dict[str, Any]:
    """One line of the evaluation; ``ratio`` is ours over the reference's."""
    return {
        "name": name,
        "value": round(value, 4),
        "unit": "",
        "n": n,
        "reference": BASE if reference is not None else None,
        "reference_value": reference,
        "ratio": round(value / reference, 3) if reference else None,
        "aim": aim,
        "met": None if aim is None else bool(value <= aim if at_most else value >= aim),
    }


def view_rows(looks: Sequence[Look], common: set[str]) -> list[dict[str, Any]]:
    """How often the view is right, and how often a side is swapped."""
    often = [x for x in looks if x.photo.view in common]
    strict = [x.seen.view == x.photo.view for x in often]
    tolerant = [x.seen.view == x.photo.view or x.seen.view in x.photo.also for x in looks]
    sided = [x for x in looks if mirrored(x.photo.view) != x.photo.view]
    swapped = [x.seen.view == mirrored(x.photo.view) for x in sided]
    own = [x for x in looks if x.photo.name.startswith("framing/") and x.photo.view in common]
    rows = [
        row(f"framing top-1, views with {COMMON} photos or more", float(np.mean(strict)), len(often),
            reference=0.83, aim=0.95),
        row("framing top-1, photos of the framing set alone",
            float(np.mean([x.seen.view == x.photo.view for x in own])), len(own), reference=0.83),
        row("framing top-1, views that also serve count", float(np.mean(tolerant)), len(looks)),
        row("framing sides swapped", float(np.mean(swapped)), len(sided), aim=0.01, at_most=True),
    ]  # fmt: skip
    by_view = Counter(x.photo.view for x in looks)
    for view, n in sorted(by_view.items()):
        right = sum(x.seen.view == view for x in looks if x.photo.view == view)
        rows.append(row(f"framing recall, {view}", right / n, n))
    return rows


def framing_metrics(folder: Path, models: Path = MODELS) -> list[dict[str, Any]]:
    """Figures of framing and quality on the photos kept apart."""
    eyes = Eyes(models)
    limits = eyes.framing.thresholds
    everything = data.framing_photos(folder)
    counts = Counter(p.view for p in everything)
    common = {v for v, n in counts.items() if n >= COMMON}
    looks = [eyes.look(p) for p in held_out(folder)]
    as_taken = [x for x in looks if not is_spoiled_copy(x.photo)]
    rows = view_rows(as_taken, common)

    fresh = [x for x in looks if not chose_thresholds(x.photo)]
    asks = asks_of(fresh)
    precision, recall = precision_recall(asks, limits)
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    rows += [
        row("framing accept precision", precision, len(asks), aim=0.95),
        row("framing accept recall", recall, len(asks), aim=0.95),
        row("framing accept F1", f1, len(asks), reference=0.79),
    ]
    wrong = wrong_asks_of([x for x in fresh if not is_spoiled_copy(x.photo) and x.photo.view != "other"])
    refused = [not a.look.accepted(a.asked, limits) for a in wrong]
    rows.append(row("framing wrong step refused", float(np.mean(refused)), len(wrong)))
    return rows + fault_rows(eyes, good_ones(fresh), limits)


def good_ones(looks: Sequence[Look]) -> list[Look]:
    """Photos of the framing set that a person accepted."""
    return [x for x in looks if x.photo.acceptable and x.photo.quality == "ok"]


def fault_rows(eyes: Eyes, good: Sequence[Look], limits: Mapping[str, float]) -> list[dict[str, Any]]:
    """How well spoiled copies are told from the good photos they were made of."""
    worst = [max(risk(code, x, limits) for code in phone.FAULTS) for x in good]
    refused = float(np.mean([w >= 1 for w in worst]))
    rows = [row("quality good photos refused", refused, len(good), aim=0.05, at_most=True)]
    for code in phone.FAULTS:
        risks = [risk(code, x, limits) for x in spoiled(eyes, good, code)]
        apart = auc(risks, [risk(code, x, limits) for x in good])
        rows.append(row(f"quality AUC, {code}", apart, len(risks), aim=0.95))
        rows.append(row(f"quality caught, {code}", float(np.mean([r >= 1 for r in risks])), len(risks)))
    return rows
