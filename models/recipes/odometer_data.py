"""What the odometer recipes learn from: whole photos, display crops, and which vehicles are kept for measuring.

The split is by vehicle: ``odometer_split.json`` names ranges of mileage (a van is photographed every day, so its
readings lie close together) and single photos. Whatever falls into a range is never trained on, neither as a whole
photo nor as a display crop.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]
SPLIT = Path(__file__).with_name("odometer_split.json")
MAX_SLOPE = 0.6
"""Displays turned further than this (rise over run) count as sideways photos and are left out."""


@dataclass(frozen=True)
class Character:
    """One boxed character of a display; ``box`` is xyxy in pixels of its picture."""

    label: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class Picture:
    """A photo or crop with what is known of it; boxes are xyxy pixels.

    ``odometer`` is the line of the reading, None where the picture shows none. ``tenths`` says that the last
    drum of the reading counts tenths (white drum of a mechanical odometer).
    """

    path: Path
    odometer: tuple[float, float, float, float] | None
    reading: str | None
    characters: tuple[Character, ...] = ()
    mechanical: bool = False
    line: tuple[int, ...] = field(default=())

    def read(self) -> NDArray[np.uint8]:
        """``(H, W, 3)`` uint8 BGR."""
        image = cv2.imread(str(self.path))
        if image is None:
            raise FileNotFoundError(self.path)
        return image.astype(np.uint8, copy=False)


@dataclass(frozen=True)
class Split:
    """Which photos are only ever measured on."""

    ranges: tuple[tuple[int, int], ...]
    photos: frozenset[str]

    def holds(self, stem: str, reading: str | None) -> bool:
        """True when the photo is kept for measuring."""
        if stem in self.photos:
            return True
        return reading is not None and any(low <= int(reading) <= high for low, high in self.ranges)


def read_split(part: str = "held_out", path: Path = SPLIT) -> Split:
    """The committed split: ``held_out`` is only measured on, ``validation`` is what limits are chosen on."""
    content = json.loads(path.read_text())
    return Split(
        tuple((int(low), int(high)) for low, high in content[f"{part}_km"]),
        frozenset(content[f"{part}_photos"]),
    )


def whole_photos(data: Path) -> list[Picture]:
    """All photos of ``data/odometer``, readable or not."""
    pictures = []
    for row in json.loads((data / "odometer" / "labels.json").read_text()):
        box = row["bbox"]
        pictures.append(
            Picture(
                data / "odometer" / row["file"],
                (box[0], box[1], box[0] + box[2], box[1] + box[3]) if box else None,
                row["reading"],
                mechanical=row["kind"] == "mechanical",
            )
        )
    return pictures


def display_crops(data: Path) -> list[Picture]:
    """The display crops of ``data/odometer_digits`` whose boxes and truth tell one story.

    A crop is used when the odometer line can be found among its boxes, or when its truth is a trip value (then it
    shows no odometer). ``reading`` leaves the tenths drum of mechanical odometers out, ``line`` still has it.
    """
    pictures = []
    for row in json.loads((data / "odometer_digits" / "labels.json").read_text()):
        characters = tuple(
            Character(
                d["label"],
                (d["bbox"][0], d["bbox"][1], d["bbox"][0] + d["bbox"][2], d["bbox"][1] + d["bbox"][3]),
            )
            for d in row["digits"]
        )
        mechanical = row["kind"] == "mechanical"
        path = data / "odometer_digits" / row["file"]
        value = str(row["mileage_field"])
        if not re.fullmatch(r"\d+", value) or value == "0":
            pictures.append(Picture(path, None, None, characters, mechanical))
            continue
        line = find_line(characters, value)
        if line is None:
            continue
        boxes = np.array([characters[i].box for i in line])
        reading = "".join(characters[i].label for i in line)
        box = (boxes[:, 0].min(), boxes[:, 1].min(), boxes[:, 2].max(), boxes[:, 3].max())
        pictures.append(
            Picture(
                path,
                tuple(float(v) for v in box),
                reading[:-1] if mechanical else reading,
                characters,
                mechanical,
                line,
            )  # type: ignore[arg-type]
        )
    return pictures


def with_even_characters(picture: Picture) -> Picture:
    """Box the characters of a photo whose reading and line are known: digits of a display stand at even distances."""
    if picture.odometer is None or picture.reading is None:
        return picture
    x0, y0, x1, y1 = picture.odometer
    pitch = (x1 - x0) / len(picture.reading)
    boxes = [(x0 + i * pitch, y0, x0 + (i + 1) * pitch, y1) for i in range(len(picture.reading))]
    return replace(picture, characters=tuple(map(Character, picture.reading, boxes)))


def text_lines(characters: tuple[Character, ...]) -> list[list[int]]:
    """Indexes of the characters, one list a line of text, each from left to right."""
    order = sorted(range(len(characters)), key=lambda i: characters[i].box[0])
    lines: list[list[int]] = []
    for i in order:
        best, gap = None, 0.0
        for line in lines:
            j = line[-1]
            overlap = _overlap(characters[i].box, characters[j].box)
            if overlap > max(gap, 0.4):
                best, gap = line, overlap
        if best is None:
            lines.append([i])
        else:
            best.append(i)
    return lines


def find_line(characters: tuple[Character, ...], value: str) -> tuple[int, ...] | None:
    """The characters that show ``value`` (with or without leading zeros) in one row, or None."""
    wanted = value.lstrip("0")
    for line in text_lines(characters):
        digits = [i for i in line if characters[i].label != ","]
        text = "".join(characters[i].label for i in digits)
        match = re.search(r"0*" + wanted + r"(?!\d)", text)
        if match and (match.start() == 0 or not text[match.start() - 1].isdigit()):
            return tuple(digits[match.start() : match.end()])
    return None


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Vertical overlap as a share of the lower of the two boxes; 0 when they lie far apart sideways."""
    shared = min(a[3], b[3]) - max(a[1], b[1])
    return shared / max(1.0, min(a[3] - a[1], b[3] - b[1]))


def split_pictures(pictures: list[Picture], held: Split) -> tuple[list[Picture], list[Picture]]:
    """(to train on, to measure on)."""
    train = [p for p in pictures if not held.holds(stem(p), p.reading)]
    return train, [p for p in pictures if held.holds(stem(p), p.reading)]


def stem(picture: Picture) -> str:
    """A name that a whole photo and the display crop cut from it share."""
    return re.sub(r"\D", "", picture.path.stem)[-22:] if picture.path.stem[:2] != "ir" else picture.path.stem
