"""The functions behind ``inspection-service predict``: a folder of photos in, one JSON list out, for scorers.

The models and rules are the ones that judge an inspection; only what the task needs is run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from inspection_service.errors import InvalidInput
from inspection_service.vision import quality
from inspection_service.vision.car_text import PLATE_LOOK_PX, CarText, Plates, Vins
from inspection_service.vision.damage import Damage, Detection
from inspection_service.vision.decode import Photo, decode_photo
from inspection_service.vision.detector import BoxXyxy
from inspection_service.vision.engine import Model
from inspection_service.vision.framing import VIEWS, Framing, decide
from inspection_service.vision.headers import read_header
from inspection_service.vision.hideable import Found, Hideable
from inspection_service.vision.odometer import Odometer, OdometerReading
from inspection_service.vision.odometer_second import PaddleText
from inspection_service.vision.pipeline import (
    ENOUGH_PX,
    MOST_PLATES,
    SMALL_PRINT_PX,
    SMALL_PX,
    Image,
    halved,
    scaled_box,
)
from inspection_service.vision.scene import Scene, SceneObject
from inspection_service.vision.text_lines import PaddleLines

Task = Literal["framing", "damage", "odometer", "plate", "person", "face", "platetext", "vin"]
TASKS: tuple[Task, ...] = ("framing", "damage", "odometer", "plate", "person", "face", "platetext", "vin")
HIDES = {"face": "person"}
"""There is no model of faces: a public copy hides a face with all of its person."""
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif"})

LEAST_DAMAGE_SCORE = 0.001
"""A scorer draws the whole curve, so it gets far more boxes than the product would show."""

Entry = dict[str, Any]
Progress = Callable[[int, int], None]
Asks = Mapping[str, list[str]]
Predictor = Callable[[bytes, str], list[Entry]]
"""The bytes of a photo and its name in, its entries out."""


@dataclass(frozen=True)
class Counts:
    """What was done: photos found, entries written, photos that could not be read."""

    photos: int
    entries: int
    unreadable: int


class AsksInvalid(InvalidInput):
    """The file of asked views is not a list of {file, asked}."""

    slug = "asks-invalid"


def run(
    task: Task,
    images: Path,
    out: Path,
    asks: Path | None,
    progress: Progress | None = None,
    *,
    models_dir: Path,
) -> Counts:
    """Predict for every photo below a folder and write the list.

    Args:
        task: What to predict.
        images: Folder, searched recursively for JPEG, PNG, WebP and HEIC.
        out: JSON file to write; ``file`` in it is the path below ``images``, with forward slashes.
        asks: JSON list of ``{file, asked}``, for framing: one entry for each pair.
        progress: Called with (photos done, photos found).
        models_dir: The models.

    Returns:
        The counts.

    Raises:
        AsksInvalid: ``asks`` is not such a list, or names a view that does not exist.
        ModelMissing, ModelCorrupt: A model cannot be used.
    """
    wanted = read_asks(asks) if asks is not None else {}
    return write(task, _predictor(task, models_dir, wanted), images, out, wanted=wanted, progress=progress)


def write(
    task: Task,
    predict: Predictor,
    images: Path,
    out: Path,
    *,
    wanted: Asks,
    progress: Progress | None = None,
) -> Counts:
    """Run ``predict`` over every photo below ``images`` and write the list; see :func:`run`."""
    files = sorted(p for p in images.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    names = [p.relative_to(images).as_posix() for p in files]
    entries: list[Entry] = []
    unreadable = 0
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        for done, found in enumerate(pool.map(partial(_one, predict, task, wanted), files, names), 1):
            entries += found
            unreadable += any("error" in e for e in found)
            if progress is not None:
                progress(done, len(files))
    for name in sorted(set(wanted) - set(names)):
        entries += _unreadable(task, name, "no such file", wanted)
        unreadable += 1
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(entries, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return Counts(len(files), len(entries), unreadable)


def read_asks(path: Path) -> dict[str, list[str]]:
    """Return file -> views asked of it, from a JSON list of ``{file, asked}``.

    Raises:
        AsksInvalid: It is not such a list, or names a view that does not exist.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        wanted: dict[str, list[str]] = {}
        for row in rows:
            wanted.setdefault(str(row["file"]), []).append(str(row["asked"]))
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise AsksInvalid(f"{path.name} is not a list of {{file, asked}}: {exc!r}") from exc
    unknown = {v for views in wanted.values() for v in views} - set(VIEWS)
    if unknown:
        raise AsksInvalid(f"{path.name} asks for views that do not exist: {', '.join(sorted(unknown))}")
    return wanted


def _predictor(task: Task, models_dir: Path, wanted: Asks) -> Predictor:
    if task == "framing":
        scene, framing = Scene(Model.open(models_dir, "scene")), Framing(Model.open(models_dir, "framing"))
        return partial(framing_entries, scene, framing, wanted)
    if task == "damage":
        return partial(damage_entries, Damage.of(Model.open(models_dir, "damage"), LEAST_DAMAGE_SCORE))
    if task == "odometer":
        find, read = Model.open(models_dir, "odometer_find"), Model.open(models_dir, "odometer_read")
        return partial(odometer_entries, Odometer(find, read, PaddleText.installed()))
    if task == "vin":
        return partial(text_entries, Vins(PaddleLines.installed(), PaddleText.installed()))
    hideable = Hideable.open(models_dir)
    if task == "platetext":
        plates = Plates(PaddleLines.installed().looking_at(PLATE_LOOK_PX), PaddleText.installed())
        return partial(plate_text_entries, hideable.find, plates)
    return partial(hidden_entries, hideable.find, HIDES.get(task, task))


def _one(predict: Predictor, task: Task, wanted: Asks, path: Path, name: str) -> list[Entry]:
    try:
        return predict(path.read_bytes(), name)
    except InvalidInput as exc:
        return _unreadable(task, name, exc.message, wanted)
    except OSError as exc:
        return _unreadable(task, name, exc.strerror or "cannot be read", wanted)


def _unreadable(task: Task, name: str, error: str, wanted: Asks) -> list[Entry]:
    """Give the answers of a photo that cannot be read: nothing seen, nothing claimed."""
    if task == "framing":
        entry: Entry = {"file": name, "view": "other", "accepted": False, "error": error}
        return _for_each_ask(entry, wanted.get(name, []))
    if task == "odometer":
        return [{"file": name, "reading": None, "confidence": 0.0, "unit": None, "error": error}]
    if task in ("platetext", "vin"):
        return [{"file": name, "text": None, "confidence": 0.0, "error": error}]
    if task in ("plate", "person", "face"):
        return [{"file": name, "boxes": [], "error": error}]
    nothing = {"bbox": [0.0, 0.0, 0.0, 0.0], "score": 0.0, "error": error}
    return [{"file": name, "category": "other_damage", **nothing}]


def _for_each_ask(entry: Entry, asked: list[str]) -> list[Entry]:
    return [{**entry, "asked": view} for view in asked] if asked else [entry]


def framing_entries(
    scene: Callable[[Image], tuple[SceneObject, ...]], framing: Framing, wanted: Asks, data: bytes, name: str
) -> list[Entry]:
    """Which view, and accepted or not for each view asked (for the view found when none was)."""
    image = halved(decode_photo(data, ENOUGH_PX).pixels, SMALL_PX)
    measures, objects, seen = quality.measure(image), scene(image), framing(image)
    size = (image.shape[1], image.shape[0])
    entries = []
    asked: list[str | None] = [*wanted.get(name, [])] or [None]
    for view in asked:
        verdict = decide(view, seen, measures, objects, size=size, limits=framing.thresholds)
        entry: Entry = {
            "file": name,
            "view": seen.view,
            "accepted": verdict.accepted,
            "score": round(seen.score, 4),
            "reasons": list(verdict.reasons),
        }
        entries.append(entry if view is None else {**entry, "asked": view})
    return entries


def damage_entries(damage: Callable[[Image], tuple[Detection, ...]], data: bytes, name: str) -> list[Entry]:
    """Damage boxes in pixels of the file as stored."""
    photo = decode_photo(data, ENOUGH_PX)
    found = [(d.kind, d.box, d.score) for d in damage(photo.pixels)]
    return [_boxed(name, photo, *f) for f in found]


def hidden_entries(find: Callable[[bytes], Found], kind: str, data: bytes, name: str) -> list[Entry]:
    """All boxes that would be hidden in a public copy, ``[x, y, w, h, score]`` in pixels of the file as stored."""
    found, stored = find(data), read_header(data)
    # HEIC is turned by its decoder, and stored as it is seen
    turned = 1 if stored.format == "heic" else stored.orientation
    boxes = [
        [*_as_stored(thing.box, (found.width, found.height), turned), thing.score]
        for thing in found.objects
        if thing.kind == kind
    ]
    return [{"file": name, "boxes": boxes}]


def plate_text_entries(find: Callable[[bytes], Found], plates: Plates, data: bytes, name: str) -> list[Entry]:
    """What the product would say stands on the likeliest plate, or null."""
    found, photo = find(data), decode_photo(data, SMALL_PRINT_PX)
    boxes = sorted((o for o in found.objects if o.kind == "plate"), key=lambda o: -o.score)[:MOST_PLATES]
    inner = [scaled_box(o.box, 1 / photo.scale) for o in boxes]
    return [_said(name, plates(photo.pixels, inner))]


def text_entries(read: Callable[[Image], CarText], data: bytes, name: str) -> list[Entry]:
    """The VIN that the product would print, or null."""
    return [_said(name, read(decode_photo(data, SMALL_PRINT_PX).pixels))]


def _said(name: str, said: CarText) -> Entry:
    return {"file": name, "text": said.text, "confidence": round(said.confidence, 4)}


def _boxed(name: str, photo: Photo, kind: str, box: BoxXyxy, score: float) -> Entry:
    upright = [v * photo.scale for v in box]
    bbox = _as_stored(upright, (photo.width, photo.height), photo.orientation)
    return {"file": name, "category": kind, "bbox": bbox, "score": score}


def odometer_entries(odometer: Callable[[Image], OdometerReading], data: bytes, name: str) -> list[Entry]:
    """The reading that the product would print, or null."""
    said = odometer(decode_photo(data, SMALL_PRINT_PX).pixels)
    return [
        {"file": name, "reading": said.reading, "confidence": round(said.confidence, 4), "unit": said.unit}
    ]


def _as_stored(box: Iterable[float], size: tuple[int, int], orientation: int) -> list[float]:
    """Turn an xyxy box on the upright photo into ``[x, y, w, h]`` in pixels of the file as stored.

    Args:
        box: xyxy.
        size: ``(width, height)`` of the upright photo.
        orientation: EXIF orientation, 1 to 8.
    """
    x1, y1, x2, y2 = box
    width, height = size
    if orientation in (2, 3, 6, 7):
        x1, x2 = width - x2, width - x1
    if orientation in (3, 4, 7, 8):
        y1, y2 = height - y2, height - y1
    if orientation >= 5:
        x1, y1, x2, y2 = y1, x1, y2, x2
    return [round(v, 1) for v in (x1, y1, x2 - x1, y2 - y1)]
