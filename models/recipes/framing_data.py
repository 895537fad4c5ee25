"""Which photos teach and which examine the framing model, with what is known about each.

The examination photos are chosen by group (car model, original photo), never at random, and are listed by name in
``models/splits/framing.json``, so that every later figure is measured on the same ones.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.recipes import phone

RING = ("front", "front_left", "left_side", "rear_left", "rear", "rear_right", "right_side", "front_right")
VIEWS = (
    *RING, "wheel", "windscreen", "dashboard", "odometer", "front_seats", "rear_seats", "boot", "engine_bay",
    "vin_plate", "tyre_tread", "registration_document", "other",
)  # fmt: skip
FAULTS = ("blur", "dark", "glare", "cut_off", "too_small", "screen_photo")
FAULT_OF_QUALITY = {
    "blur": "blur", "dark": "dark", "glare": "glare", "crop": "cut_off", "truncated": "cut_off",
    "too_small": "too_small", "recapture": "screen_photo",
}  # fmt: skip
_SWAP = {"left": "right", "right": "left"}
MIRROR = tuple(VIEWS.index("_".join(_SWAP.get(p, p) for p in v.split("_"))) for v in VIEWS)
"""``MIRROR[i]``: the view that view ``i`` becomes in a mirror."""

SPLIT_FILE = Path(__file__).parent.parent / "splits" / "framing.json"
EXTRA_FILE = Path(__file__).with_name("framing_extra.json")
HELD_OUT_SHARE = 0.16
_SALT = 75
"""Of the first 400 salts the one that spreads the views most evenly; chosen before any training."""


@dataclass(frozen=True)
class Photo:
    """One photo and what is known about it.

    ``faults`` holds 1.0 or 0.0 for what is known and lacks what is not; ``car`` is xyxy in pixels of the file.
    """

    path: Path
    name: str
    view: str
    source: str
    group: str
    also: tuple[str, ...] = ()
    faults: dict[str, float] = field(default_factory=dict)
    car: tuple[float, float, float, float] | None = None
    acceptable: bool | None = None
    quality: str = "ok"
    may_spoil: bool = True


def _group(entry: dict[str, Any]) -> str:
    source = str(entry["source"])
    if source.startswith("dsmlr"):
        found = re.search(r"(trainingset|testset)/(\w+)\.jpg", source)
        return "dsmlr:" + (found.group(2) if found else entry["file"])
    if source.startswith("SultanovAR"):
        return "vin:" + re.sub(r" \[.*", "", source)
    return str(entry.get("group") or entry["file"])


def _framing_photo(folder: Path, entry: dict[str, Any]) -> Photo:
    quality = entry["quality"]
    faults: dict[str, float] = {}
    if quality in FAULT_OF_QUALITY:
        faults = {FAULT_OF_QUALITY[quality]: 1.0}
    elif entry["acceptable"] or entry["view"] == "other":
        faults = dict.fromkeys(FAULTS, 0.0)
    if entry["view"] not in RING:
        faults = {k: v for k, v in faults.items() if k not in ("cut_off", "too_small")}
    box = entry["car_bbox"]
    source = str(entry["source"])
    return Photo(
        path=folder / entry["file"],
        name="framing/" + entry["file"],
        view=entry["view"],
        source="ria" if source.startswith("usty") else source.split("/", maxsplit=1)[0],
        group=_group(entry),
        also=tuple(entry.get("also") or ()),
        faults=faults,
        car=(box[0], box[1], box[0] + box[2], box[1] + box[3]) if box else None,
        acceptable=entry["acceptable"],
        quality=quality,
        may_spoil=quality == "ok",
    )


def framing_photos(data: Path) -> list[Photo]:
    """Every labelled photo of the framing set below ``data``."""
    folder = data / "framing"
    entries = json.loads((folder / "labels.json").read_text())
    return [_framing_photo(folder, e) for e in entries]


def extra_photos(data: Path) -> list[Photo]:
    """Photos of the other sets that show one of the views: odometers, VIN plates, cars with plates, damage close-ups.

    Views of the last two come from ``framing_extra.json``: proposed by a first model, confirmed by eye.
    """
    good = dict.fromkeys(("blur", "glare", "screen_photo"), 0.0)
    photos: list[Photo] = []
    for entry in json.loads((data / "odometer" / "labels.json").read_text()):
        readable = entry["reading"] is not None
        photos.append(
            Photo(
                data / "odometer" / entry["file"], "odometer/" + entry["file"], "odometer", "odometer",
                "odometer:" + entry["file"], ("dashboard",), dict(good) if readable else {}, may_spoil=readable,
            )
        )  # fmt: skip
    for entry in json.loads((data / "vin_plate" / "labels.json").read_text()):
        if entry["kind"] == "vin":
            name = "vin_plate/" + entry["file"]
            photos.append(Photo(data / name, name, "vin_plate", "vin_plate", name, (), dict(good)))
    for view, names in json.loads(EXTRA_FILE.read_text())["views"].items():
        for name in names:
            photos.append(Photo(data / name, name, view, name.split("/")[0], name, (), dict(good)))
    return photos


def rendered_photos(folder: Path) -> list[Photo]:
    """Pictures of the demo car in ``folder/SET/VIEW.webp``, without the set that is kept for tests."""
    photos = []
    for path in sorted(folder.glob("*/*.webp")):
        name = path.stem.rstrip("_0123456789")  # odometer_2 is one more odometer
        view = name if name in VIEWS else "other"
        if path.parent.name == "silver_overcast":
            continue
        faults = {k: 0.0 for k in FAULTS if view in RING or k not in ("cut_off", "too_small")}
        photos.append(
            Photo(path, f"render/{path.parent.name}/{path.name}", view, "render", "render", (), faults)
        )
    return photos


def is_held_out(group: str) -> bool:
    """Whether a group of photos examines (the same answer on every machine)."""
    return hashlib.sha256(f"{_SALT}:{group}".encode()).digest()[0] < 256 * HELD_OUT_SHARE


def split(photos: list[Photo]) -> tuple[list[Photo], list[Photo]]:
    """Return (photos that teach, photos that examine) by the committed list, or by group where it says nothing."""
    held = set(json.loads(SPLIT_FILE.read_text())["held_out"]) if SPLIT_FILE.exists() else None
    examines = [p.name in held if held is not None else is_held_out(p.group) for p in photos]
    return [p for p, e in zip(photos, examines, strict=True) if not e], [
        p for p, e in zip(photos, examines, strict=True) if e
    ]


# ------------------------------------------------------------------ pictures for training
WORK_PX = 256


def _region(photo: Photo, w: int, h: int, rng: phone.Rng) -> tuple[NDArray[np.float32], str]:
    """Choose which part of the photo the camera sees: a ``(4, 2)`` quadrilateral, and what kind of choice it was."""
    kind = "whole"
    cx, cy, half_w, half_h = w / 2, h / 2, w / 2, h / 2
    draw = rng.random()
    if photo.car is not None and photo.view in RING and photo.may_spoil and draw < 0.16:
        kind = "cut"
        zoom = rng.uniform(1.25, 2.0)
        half_w, half_h = half_w / zoom * rng.uniform(0.85, 1.2), half_h / zoom * rng.uniform(0.85, 1.2)
        cx, cy = w * rng.uniform(0.25, 0.75), h * rng.uniform(0.3, 0.7)
    elif photo.view in RING and photo.may_spoil and draw < 0.22:
        kind = "far"
        zoom = rng.uniform(0.16, 0.3)
        half_w, half_h = half_w / zoom, half_h / zoom
        cx, cy = cx + half_w * rng.uniform(-0.5, 0.5), cy + half_h * rng.uniform(-0.4, 0.4)
    else:
        zoom = rng.uniform(0.86, 1.1) if rng.random() < 0.8 else rng.uniform(0.5, 0.86)
        half_w, half_h = (
            half_w / zoom * np.exp(rng.normal(0, 0.07)),
            half_h / zoom * np.exp(rng.normal(0, 0.07)),
        )
        cx, cy = cx + half_w * rng.uniform(-0.05, 0.05), cy + half_h * rng.uniform(-0.05, 0.05)
    a = np.deg2rad(rng.normal(0, 4))
    corners = np.float32([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * np.float32([half_w, half_h])
    turn = np.float32([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])
    quad = corners @ turn + np.float32([cx, cy])
    quad += rng.uniform(-0.035, 0.035, (4, 2)).astype(np.float32) * np.float32([half_w, half_h])
    return quad.astype(np.float32), kind


def _car_faults(photo: Photo, warp: NDArray[np.float64], faults: dict[str, float]) -> float:
    """Set ``cut_off`` and ``too_small`` from where the car's box lands; return the share of it that is visible."""
    assert photo.car is not None
    x1, y1, x2, y2 = photo.car
    points = cv2.perspectiveTransform(np.float32([[[x1, y1], [x2, y1], [x2, y2], [x1, y2]]]), warp)[0]
    lo, hi = points.min(0), points.max(0)
    seen = np.clip(hi, 0, WORK_PX) - np.clip(lo, 0, WORK_PX)
    visible = float(seen.prod() / max(1e-6, (hi - lo).prod()))
    if "cut_off" in faults and faults["cut_off"] == 0.0:
        if visible < 0.88:
            faults["cut_off"] = 1.0
        elif visible < 0.985:
            del faults["cut_off"]
    size = float(seen.prod()) / WORK_PX**2
    if "too_small" in faults:
        if size < 0.06:
            faults["too_small"] = 1.0
        elif size < 0.14:
            del faults["too_small"]
    return visible


def training_picture(photo: Photo, image: NDArray[np.uint8], rng: phone.Rng, size_px: int) -> tuple[Any, ...]:
    """Make one training example.

    Returns:
        ``(size_px, size_px, 3)`` uint8 BGR; view target ``(20,)``; weight of the view;
        fault targets ``(6,)``; which of them are known ``(6,)``.
    """
    h, w = image.shape[:2]
    faults = dict(photo.faults)
    if photo.source == "ria" and rng.random() < 0.75:
        image = phone.without_corner(image, rng)
    quad, kind = _region(photo, w, h, rng)
    square = np.float32([[0, 0], [WORK_PX, 0], [WORK_PX, WORK_PX], [0, WORK_PX]])
    warp = cv2.getPerspectiveTransform(quad, square)
    if kind == "far":
        back = cv2.resize(cv2.GaussianBlur(image, (0, 0), max(h, w) / 25), (WORK_PX, WORK_PX))
        out = cv2.warpPerspective(image, warp, (WORK_PX, WORK_PX), dst=back, flags=cv2.INTER_AREA,
                                  borderMode=cv2.BORDER_TRANSPARENT)  # fmt: skip
    else:
        border = (cv2.BORDER_REFLECT_101, cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT)[
            int(rng.choice(3, p=(0.5, 0.35, 0.15)))
        ]
        out = cv2.warpPerspective(image, warp, (WORK_PX, WORK_PX), flags=cv2.INTER_LINEAR, borderMode=border,
                                  borderValue=[int(c) for c in rng.integers(0, 256, 3)])  # fmt: skip
    view_weight = 1.0
    if photo.car is not None and photo.view in RING:
        visible = _car_faults(photo, warp, faults)
        view_weight = 1.0 if visible > 0.8 else 0.4 if visible > 0.5 else 0.0
    elif kind == "far":
        faults["too_small"] = 1.0
    out = np.asarray(out, np.uint8)
    if photo.may_spoil:
        out = phone.ordinary(out, rng)
        if rng.random() < 0.28:
            code = list(phone.FAULTS)[int(rng.integers(0, len(phone.FAULTS)))]
            out = phone.FAULTS[code](out, rng)
            faults[code] = 1.0
            view_weight *= 0.5
    elif rng.random() < 0.5:
        out = phone.compression(out, rng)
    out = cv2.resize(out, (size_px, size_px), interpolation=cv2.INTER_AREA)
    target = np.zeros(len(VIEWS), np.float32)
    target[VIEWS.index(photo.view)] = 1.0
    if photo.also and photo.view in ("front_seats", "tyre_tread"):
        target[VIEWS.index(photo.view)] = 0.8
        target[VIEWS.index(photo.also[0])] = 0.2
    if rng.random() < 0.5:
        out = out[:, ::-1]
        target = target[list(MIRROR)]
    known = np.float32([1.0 if f in faults else 0.0 for f in FAULTS])
    values = np.float32([faults.get(f, 0.0) for f in FAULTS])
    return np.ascontiguousarray(out), target, np.float32(view_weight), values, known


def as_seen(photo: Photo, car_px: int = 512) -> NDArray[np.uint8]:
    """Read a photo, shrunk to at most ``car_px`` on its longer side; boxes are not moved (see :func:`load`)."""
    image = cv2.imread(str(photo.path), cv2.IMREAD_COLOR)
    if image is None:
        raise SystemExit(f"cannot read {photo.path}")
    s = car_px / max(image.shape[:2])
    return np.asarray(
        cv2.resize(image, None, fx=s, fy=s, interpolation=cv2.INTER_AREA) if s < 1 else image, np.uint8
    )


def load(photo: Photo) -> tuple[Photo, NDArray[np.uint8]]:
    """Read a photo small enough for training, with its box in the pixels of what is returned."""
    image = as_seen(photo)
    if photo.car is None:
        return photo, image
    full = cv2.imread(str(photo.path), cv2.IMREAD_COLOR)
    s = image.shape[1] / full.shape[1]
    x1, y1, x2, y2 = photo.car
    return replace(photo, car=(x1 * s, y1 * s, x2 * s, y2 * s)), image
