"""Drawn number plates of many countries' looks, set into photos: what a few hundred labelled plates cannot show.

Not copies of any country's plate: shape, colours, lines of text and bands vary at random around what Europe and the
world use, so that a detector learns "a small panel of large characters" and not one issuer's design.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw

from models.recipes import odometer_drawn

Image = NDArray[np.uint8]
Rng = np.random.Generator
Corners = NDArray[np.float32]
"""``(4, 2)``: where the plate's corners stand in the photo, from the upper left one clockwise."""

_HEIGHT_PX = 64
_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_COLOURS = (
    ((245, 245, 245), (15, 15, 15)), ((245, 245, 245), (15, 15, 15)), ((245, 245, 245), (150, 20, 20)),
    ((250, 205, 50), (15, 15, 15)), ((20, 20, 25), (235, 235, 235)), ((30, 70, 160), (240, 240, 240)),
    ((190, 25, 30), (240, 240, 240)), ((225, 240, 220), (20, 110, 50)),
)  # fmt: skip
"""Ground and characters, RGB."""
_SHAPES = ((4.7, 1, 0.62), (2.0, 1, 0.13), (1.4, 2, 0.15), (1.1, 2, 0.05), (3.3, 1, 0.05))
"""Width over height, lines of text, how often."""


def draw(rng: Rng) -> Image:
    """Draw one plate: ``(64, w, 3)`` uint8 BGR."""
    which = int(rng.choice(len(_SHAPES), p=[share for _, _, share in _SHAPES]))
    ratio, lines, _ = _SHAPES[which]
    height, width = _HEIGHT_PX, round(_HEIGHT_PX * ratio * rng.uniform(0.93, 1.07))
    ground, ink = _COLOURS[int(rng.integers(len(_COLOURS)))]
    sheet = Pillow.new("RGB", (width, height), ground)
    pen = ImageDraw.Draw(sheet)
    left = 3
    if rng.random() < 0.5:
        left = round(width * rng.uniform(0.07, 0.11))
        pen.rectangle((0, 0, left, height), fill=(20, 50, 150))
        if rng.random() < 0.3:
            pen.rectangle((width - left, 0, width, height), fill=(20, 50, 150))
    files = odometer_drawn.font_files()
    name = files[int(rng.integers(len(files)))] if files else ""
    line_height = (height - 8) / lines
    for line in range(lines):
        text = _text(rng, few=lines == 2)
        _write(
            sheet,
            text,
            name,
            (left + 3, 4 + line * line_height, width - 3, 4 + (line + 1) * line_height),
            ink,
        )
    if rng.random() < 0.6:
        pen.rectangle((0, 0, width - 1, height - 1), outline=ink, width=int(rng.integers(1, 4)))
    plate = np.asarray(sheet, np.float32)[..., ::-1]
    shade = np.linspace(rng.uniform(0.55, 1.05), rng.uniform(0.55, 1.05), height, dtype=np.float32)
    return np.asarray((plate * shade[:, None, None]).clip(0, 255), np.uint8)


def _text(rng: Rng, *, few: bool) -> str:
    parts = []
    for _ in range(int(rng.integers(1, 3)) if few else int(rng.integers(2, 4))):
        kind = _LETTERS if rng.random() < 0.5 else "0123456789"
        parts.append("".join(rng.choice(list(kind), int(rng.integers(1, 5)))))
    return str(rng.choice(["", " ", "-"])).join(parts)[:9]


def _write(
    sheet: Pillow.Image,
    text: str,
    font: str,
    box: tuple[float, float, float, float],
    ink: tuple[int, int, int],
) -> None:
    """Write a line as large as its box allows, stretched to it as plates' narrow letters are."""
    x0, y0, x1, y1 = box
    face = odometer_drawn.font(font, round(y1 - y0) + 8)
    left, top, right, bottom = face.getbbox(text)
    if right <= left or bottom <= top:
        return
    line = Pillow.new("L", (int(right - left) + 2, int(bottom - top) + 2))
    ImageDraw.Draw(line).text((1 - left, 1 - top), text, fill=255, font=face)
    high = max(4, round((y1 - y0) * 0.84))
    wide = max(4, min(round(x1 - x0), round(line.width * high / line.height)))
    line = line.resize((wide, high))
    at = (round((x0 + x1 - wide) / 2), round((y0 + y1 - high) / 2))
    sheet.paste(Pillow.new("RGB", line.size, ink), at, line)


def cover(image: Image, box: NDArray[np.float32], rng: Rng) -> None:
    """Set a drawn plate over a labelled one, in place, as light as what was there."""
    x0, y0, x1, y1 = (float(v) for v in box)
    w, h = x1 - x0, y1 - y0
    lean = rng.uniform(-0.06, 0.06) * w
    corners = np.array([[x0, y0], [x1, y0 + lean], [x1, y1 + lean], [x0, y1]], np.float32)
    corners += rng.uniform(-0.03, 0.03, (4, 2)).astype(np.float32) * np.array([w, h], np.float32)
    part = image[max(0, int(y0)) : int(y1) + 1, max(0, int(x0)) : int(x1) + 1]
    light = float(np.percentile(part, 85)) / 235 if part.size else 1.0
    _set_in(image, draw(rng), corners, max(0.2, light), rng)


def place(image: Image, rng: Rng) -> NDArray[np.float32]:
    """Set a drawn plate anywhere into a photo without any, in place; its box ``(4,)`` xyxy."""
    plate = draw(rng)
    high, wide = image.shape[:2]
    w = float(wide * np.exp(rng.uniform(np.log(0.05), np.log(0.4))))
    h = w * plate.shape[0] / plate.shape[1] * rng.uniform(0.8, 1.1)
    w *= rng.uniform(0.55, 1.0)  # seen from the side
    x, y = rng.uniform(0, max(1.0, wide - w)), rng.uniform(0, max(1.0, high - h))
    corners = np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], np.float32)
    corners[1:3, 1] += rng.uniform(-0.15, 0.15) * w
    turn = cv2.getRotationMatrix2D((x + w / 2, y + h / 2), float(rng.normal(0, 5)), 1.0)
    corners = (corners @ turn[:, :2].T + turn[:, 2]).astype(np.float32)
    _set_in(image, plate, corners, rng.uniform(0.35, 1.05), rng)
    edge = np.array([wide, high], np.float32)
    return np.concatenate([corners.min(0).clip(0, edge), corners.max(0).clip(0, edge)]).astype(np.float32)


def _set_in(image: Image, plate: Image, corners: Corners, light: float, rng: Rng) -> None:
    high, wide = plate.shape[:2]
    flat = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    matrix = cv2.getPerspectiveTransform(flat, corners)
    size = (image.shape[1], image.shape[0])
    lit = (plate * light + rng.uniform(-8, 8)).clip(0, 255).astype(np.uint8)
    # a plate far away is many pixels of it for one of the photo: area first, or the letters turn to dots
    scale = min(1.0, float(np.linalg.norm(corners[1] - corners[0])) / wide * 2)
    if scale < 1:
        small = cv2.resize(lit, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        matrix = matrix @ np.diag([wide / small.shape[1], high / small.shape[0], 1.0])
        lit = np.asarray(small, np.uint8)
    set_in = cv2.warpPerspective(lit, matrix, size, flags=cv2.INTER_LINEAR)
    mask = cv2.warpPerspective(np.full(lit.shape[:2], 255, np.uint8), matrix, size, flags=cv2.INTER_LINEAR)
    share = mask[..., None].astype(np.float32) / 255
    image[:] = (image * (1 - share) + set_in * share).astype(np.uint8)
