"""Draws a tiny data folder in the layout of the real one, so that every recipe can be tried without a photo of anybody.

Cars are boxes with wheels, damage is a dark blot, digits are letters of OpenCV. Nothing good can be learnt from it, but
a recipe can show that it reads its data, goes on where it stopped and writes what the service opens.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Rng = np.random.Generator
HERE = Path(__file__).parent
VIEWS = (
    "front", "front_left", "left_side", "rear_left", "rear", "rear_right", "right_side", "front_right", "wheel",
    "windscreen", "dashboard", "odometer", "front_seats", "rear_seats", "boot", "engine_bay", "vin_plate",
    "tyre_tread", "registration_document", "other",
)  # fmt: skip
CAR = (60, 90, 260, 190)
"""xyxy of the drawn car in a picture of 320 x 240."""
HELD_OUT_FRAMING = 12


def write(folder: Path, seed: int = 1) -> None:
    """Write the folders ``framing damage plates odometer odometer_digits vin_plate`` below ``folder``.

    Some pictures carry names of the committed splits, so that there is something to examine, too.
    """
    rng = np.random.default_rng(seed)
    _framing(folder / "framing", rng)
    _damage(folder / "damage", rng)
    _plates(folder / "plates", rng)
    _odometer(folder, rng)
    _vins(folder / "vin_plate", rng)
    _extra(folder, rng)


def car(rng: Rng, plate: str | None = None) -> Image:
    """Draw a street with a car."""
    image = rng.integers(60, 200, (6, 8, 3), np.uint8)
    image = np.asarray(cv2.resize(image, (320, 240), interpolation=cv2.INTER_CUBIC), np.uint8)
    colour = [int(c) for c in rng.integers(20, 235, 3)]
    x0, y0, x1, y1 = CAR
    cv2.rectangle(image, (x0, y0 + 30), (x1, y1), colour, -1)
    cv2.rectangle(image, (x0 + 40, y0), (x1 - 50, y0 + 30), colour, -1)
    for x in (x0 + 40, x1 - 40):
        cv2.circle(image, (x, y1), 20, (25, 25, 25), -1)
    if plate is not None:
        cv2.rectangle(image, (130, 150), (200, 166), (240, 240, 240), -1)
        cv2.putText(image, plate, (133, 163), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (10, 10, 10), 1)
    return image


def _save(path: Path, image: Image) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), image, [cv2.IMWRITE_WEBP_QUALITY, 85]):
        raise OSError(f"{path} cannot be written")


def _json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def _framing(folder: Path, rng: Rng) -> None:
    held = json.loads((HERE.parent / "splits" / "framing.json").read_text())["held_out"]
    held = [name.removeprefix("framing/") for name in held if name.startswith("framing/")][:HELD_OUT_FRAMING]
    rows = []
    names = [*(f"images/{view}_{n}.webp" for view in VIEWS for n in range(2)), *held]
    for k, name in enumerate(names):
        view = VIEWS[k // 2] if k < 2 * len(VIEWS) else name.split("/")[-1].rsplit("_", 1)[0]
        _save(folder / name, car(rng))
        box = [CAR[0], CAR[1], CAR[2] - CAR[0], CAR[3] - CAR[1]]
        rows.append(
            {
                "file": name, "view": view if view in VIEWS else "other", "car_bbox": box, "truncated": False,
                "source": "drawn", "width": 320, "height": 240, "acceptable": True, "quality": "ok",
                "also": [], "group": f"drawn_{k}",
            }
        )  # fmt: skip
    _json(folder / "labels.json", rows)
    panel = [70.0, 125.0, 250.0, 125.0, 250.0, 180.0, 70.0, 180.0]
    _json(
        folder / "parts.json",
        {
            "categories": [{"id": 1, "name": "front_left_door"}],
            "images": [{"id": 1, "file_name": rows[4]["file"]}],
            "annotations": [{"image_id": 1, "category_id": 1, "segmentation": [panel]}],
        },
    )


def _damage(folder: Path, rng: Rng) -> None:
    held = json.loads((HERE / "detection_split.json").read_text())["damage"]
    names = [f"bilgi-roboflow/drawn{n}.webp" for n in range(6)]
    names += [f"lensor-roboflow-A/drawn{n}.webp" for n in range(4)]
    names += [f"openimages-plates-roboflow/drawn{n}.webp" for n in range(4)]
    for source in ("bilgi", "lensor", "openimages"):
        names += [name for name in held if name.startswith(source)][:3]
    images: list[dict[str, Any]] = []
    boxes: list[dict[str, Any]] = []
    for k, name in enumerate(names, 1):
        source, damaged = name.split("/")[0], not name.startswith("openimages")
        image = car(rng)
        if damaged:
            x, y = (int(v) for v in (rng.integers(80, 200), rng.integers(125, 160)))
            cv2.ellipse(image, (x + 16, y + 12), (14, 10), 20, 0, 360, (15, 15, 15), -1)
            boxes.append({"image_id": k, "category_id": 1, "bbox": [x, y, 32, 24]})
        _save(folder / "images" / name, image)
        images.append(
            {
                "id": k, "file_name": name, "source": source, "damaged": damaged,
                "phash": f"{rng.integers(2**62):016x}", "original_file": f"{k:06d}_drawn.jpg",
            }
        )  # fmt: skip
    categories = [
        {"id": n, "name": c}
        for n, c in enumerate(("dent", "scratch", "glass_shatter", "lamp_broken", "other_damage"), 1)
    ]
    _json(folder / "annotations.json", {"images": images, "annotations": boxes, "categories": categories})


def _plates(folder: Path, rng: Rng) -> None:
    held = json.loads((HERE / "detection_split.json").read_text())["plates"]
    names = [f"images/oi_drawn{n}.webp" for n in range(8)] + [
        f"images/alpr_eu_drawn{n}.webp" for n in range(4)
    ]
    for kind in ("images/oi", "images/alpr"):
        names += [name for name in held if name.startswith(kind)][:3]
    rows = []
    for name in names:
        _save(folder / name, car(rng, "AB123CD"))
        european = "alpr" in name
        cars = None if european else [[CAR[0], CAR[1], CAR[2] - CAR[0], CAR[3] - CAR[1]]]
        rows.append({"file": name, "plates": [[130, 150, 70, 16]], "vehicles": cars, "text": ["AB123CD"]})
    _json(folder / "labels.json", rows)


def _digits(image: Image, text: str, at: tuple[int, int]) -> list[dict[str, Any]]:
    """Write digits one by one and return their boxes."""
    out = []
    for k, digit in enumerate(text):
        x, y = at[0] + 22 * k, at[1]
        cv2.putText(image, digit, (x, y + 26), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (235, 235, 235), 2)
        out.append({"label": digit, "bbox": [x, y + 2, 20, 26]})
    return out


def _odometer(folder: Path, rng: Rng) -> None:
    photos, crops = [], []
    for k in range(12):
        value = str(rng.integers(100_000, 999_999))
        image = np.asarray(rng.integers(10, 45, (240, 320, 3)), np.uint8)
        boxes = _digits(image, value, (70, 110))
        name = f"{'ir' if k < 6 else 'tr'}_drawn{k}.webp"
        kind = "mechanical" if k in (10, 11) else "digital"
        _save(folder / "odometer" / name, image)
        photos.append(
            {"file": name, "reading": value, "unit": "km", "kind": kind, "bbox": [70, 110, 132, 30]}
        )
        crop = image[95:155, 50:230]
        digits = [{**b, "bbox": [b["bbox"][0] - 50, b["bbox"][1] - 95, *b["bbox"][2:]]} for b in boxes]
        is_trip = k % 4 == 3
        _save(folder / "odometer_digits" / "images" / f"drawn{k}.webp", crop)
        crops.append(
            {
                "file": f"images/drawn{k}.webp", "digits": digits, "kind": "mechanical" if k % 4 == 2 else "digital",
                "mileage_field": "0" if is_trip else value,
            }
        )  # fmt: skip
    _json(folder / "odometer" / "labels.json", photos)
    _json(folder / "odometer_digits" / "labels.json", crops)


def _vins(folder: Path, rng: Rng) -> None:
    rows = []
    for k in range(2):
        image = np.full((256, 256, 3), 225, np.uint8)
        vin = f"WVWZZZ1JZ3W{rng.integers(100_000, 999_999)}"
        cv2.putText(image, vin, (20, 130), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (15, 15, 15), 1)
        _save(folder / f"vin_drawn{k}.webp", image)
        rows.append({"file": f"vin_drawn{k}.webp", "kind": "vin", "text": vin, "bbox": [18, 112, 215, 24]})
    plate = car(rng, "AB123CD")
    _save(folder / "plate_drawn.webp", plate)
    rows.append({"file": "plate_drawn.webp", "kind": "plate", "text": "AB123CD", "bbox": [130, 150, 70, 16]})
    _json(folder / "labels.json", rows)


def _extra(folder: Path, rng: Rng) -> None:
    """Photos of other sets that the framing recipe names one by one."""
    for names in json.loads((HERE / "framing_extra.json").read_text())["views"].values():
        for name in names:
            if not (folder / name).exists():
                _save(folder / name, car(rng))
