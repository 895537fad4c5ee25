"""Training pictures for the odometer locator: photos, display crops and drawn displays, seen as phones see them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.recipes import odometer_drawn
from models.recipes.odometer_data import Picture
from models.recipes.odometer_manifest import LETTERBOX_PX

Image = NDArray[np.uint8]
Boxes = NDArray[np.float32]


@dataclass
class PictureStore:
    """Keeps decoded pictures, so that a training run decodes each file once."""

    longest_px: int = 1280

    def __post_init__(self) -> None:
        self._kept: dict[Path, tuple[Image, float]] = {}

    def get(self, path: Path) -> tuple[Image, float]:
        """The picture, at most ``longest_px`` long, and the scale that was applied to it."""
        if path not in self._kept:
            image = cv2.imread(str(path))
            if image is None:
                raise FileNotFoundError(path)
            scale = min(1.0, self.longest_px / max(image.shape[:2]))
            if scale < 1:
                image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            self._kept[path] = (image.astype(np.uint8, copy=False), scale)
        return self._kept[path]


def window(
    image: Image, boxes: Boxes, rng: np.random.Generator, size_px: int, *, scale: float, angle_deg: float
) -> tuple[Image, Boxes]:
    """A ``size_px`` square cut from the scaled and turned picture, with its boxes (those that are still whole enough).

    The square shows one of the boxes where there is one, mostly; grey fills what lies outside the picture.
    """
    h, w = image.shape[:2]
    turn = cv2.getRotationMatrix2D((w / 2, h / 2), angle_deg, scale)
    moved = move_boxes(boxes, turn)
    if len(moved) and rng.random() < 0.9:
        box = moved[rng.integers(len(moved))]
        margin = 8.0
        low = np.array([box[2] + margin - size_px, box[3] + margin - size_px])
        high = np.array([box[0] - margin, box[1] - margin])
        corner = np.where(low < high, low + rng.random(2) * (high - low), (low + high) / 2)
    else:
        spare = np.array([w * scale - size_px, h * scale - size_px])
        corner = np.array([w / 2, h / 2]) - np.array([w, h]) * scale / 2 + rng.random(2) * spare
    turn[:, 2] -= corner
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    if scale < 0.6:
        # warpAffine does not average; shrink first so that thin strokes survive as they do in a letterbox
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        shrink = np.array([w / small.shape[1], h / small.shape[0]])
        turn_small = turn.copy()
        turn_small[:, :2] = turn[:, :2] * shrink
        out = cv2.warpAffine(
            small, turn_small, (size_px, size_px), flags=cv2.INTER_LINEAR, borderValue=(114, 114, 114)
        )
    else:
        out = cv2.warpAffine(
            image, turn, (size_px, size_px), flags=interpolation, borderValue=(114, 114, 114)
        )
    return out.astype(np.uint8, copy=False), keep_visible(move_boxes(boxes, turn), size_px)


def move_boxes(boxes: Boxes, affine: NDArray[np.float64]) -> Boxes:
    """Upright hulls of the boxes after an affine map; a little loose where the map turns them."""
    if not len(boxes):
        return np.zeros((0, 4), np.float32)
    corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
    moved = corners @ affine[:, :2].T + affine[:, 2]
    return np.concatenate([moved.min(1), moved.max(1)], 1).astype(np.float32)


def keep_visible(boxes: Boxes, size_px: int, share: float = 0.75) -> Boxes:
    """Boxes cut to the picture, without those of which less than ``share`` is left."""
    if not len(boxes):
        return boxes
    cut = boxes.clip(0, size_px)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    left = (cut[:, 2:] - cut[:, :2]).prod(1)
    return cut[(left > share * area) & (left > 20)]


def seen_by_phone(image: Image, rng: np.random.Generator, strength: float = 1.0) -> Image:
    """Light, colour, blur, noise and compression as phones add them; colours of displays are swapped now and then."""
    if rng.random() < 0.25:
        image = image[..., rng.permutation(3)]
    if rng.random() < 0.15:
        image = np.repeat(image.mean(2, keepdims=True), 3, 2).astype(np.uint8)
    x = image.astype(np.float32) / 255
    x = x ** float(np.exp(rng.normal(0, 0.25 * strength)))
    x = x * rng.uniform(1 - 0.35 * strength, 1 + 0.3 * strength) + rng.uniform(-0.08, 0.08) * strength
    x *= (1 + rng.normal(0, 0.06 * strength, 3)).astype(np.float32)
    if rng.random() < 0.3:
        x = with_glare(x, rng)
    if rng.random() < 0.35:
        sigma = rng.uniform(0.3, 1.3) * strength
        x = cv2.GaussianBlur(x, (0, 0), sigma)
    if rng.random() < 0.12:
        x = with_shake(x, rng, int(rng.integers(3, 7)))
    if rng.random() < 0.5:
        x = x + rng.normal(0, rng.uniform(0.005, 0.04) * strength, x.shape).astype(np.float32)
    out = (x.clip(0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.5:
        ok, coded = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 92))])
        if ok:
            out = cv2.imdecode(coded, cv2.IMREAD_COLOR).astype(np.uint8, copy=False)
    return out


def with_glare(x: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A soft bright patch or a veil, as a window mirrored in the glass of the display."""
    h, w = x.shape[:2]
    yy, xx = np.mgrid[:h, :w].astype(np.float32)
    cy, cx = rng.random(2) * (h, w)
    ry, rx = rng.uniform(0.1, 0.7, 2) * (h, w)
    patch = np.exp(-(((yy - cy) / ry) ** 2 + ((xx - cx) / rx) ** 2))[..., None] * rng.uniform(0.1, 0.5)
    return (x + patch * rng.uniform(0.5, 1, 3)).astype(np.float32)


def with_shake(x: NDArray[np.float32], rng: np.random.Generator, length_px: int) -> NDArray[np.float32]:
    """Motion blur along a random direction."""
    kernel = np.zeros((length_px, length_px), np.float32)
    angle = rng.random() * math.pi
    c = (length_px - 1) / 2
    d = np.array([math.cos(angle), math.sin(angle)]) * c
    cv2.line(kernel, (round(c - d[0]), round(c - d[1])), (round(c + d[0]), round(c + d[1])), 1.0)
    return cv2.filter2D(x, -1, kernel / max(kernel.sum(), 1e-6)).astype(np.float32)


def photo_window(
    picture: Picture, store: PictureStore, rng: np.random.Generator, size_px: int
) -> tuple[Image, Boxes]:
    """A part of a whole photo, at about the scale of the run-time letterbox."""
    image, shrunk = store.get(picture.path)
    boxes = np.array([picture.odometer] if picture.odometer else [], np.float32).reshape(-1, 4) * shrunk
    scale = LETTERBOX_PX / max(image.shape[:2]) * math.exp(rng.uniform(math.log(0.6), math.log(1.8)))
    if len(boxes):
        width = float(boxes[0, 2] - boxes[0, 0])
        scale = min(max(scale, 14 / width), 230 / width)
    return window(image, boxes, rng, size_px, scale=scale, angle_deg=float(rng.normal(0, 4)))


def crop_mosaic(
    crops: list[Picture], store: PictureStore, rng: np.random.Generator, size_px: int
) -> tuple[Image, Boxes]:
    """Four display crops in the quarters of one picture: many displays in one pass."""
    out = np.full((size_px, size_px, 3), 114, np.uint8)
    cut = rng.uniform(0.35, 0.65, 2) * size_px
    boxes: list[Boxes] = []
    for k in range(4):
        x0, x1 = (0, int(cut[0])) if k % 2 == 0 else (int(cut[0]), size_px)
        y0, y1 = (0, int(cut[1])) if k < 2 else (int(cut[1]), size_px)
        picture = crops[int(rng.integers(len(crops)))]
        image, shrunk = store.get(picture.path)
        own = np.array([picture.odometer] if picture.odometer else [], np.float32).reshape(-1, 4) * shrunk
        side = max(x1 - x0, y1 - y0)
        scale = side / min(image.shape[:2]) * rng.uniform(0.7, 1.15)
        if len(own):
            scale = min(scale, 0.85 * (x1 - x0) / float(own[0, 2] - own[0, 0]))
        part, moved = window(image, own, rng, side, scale=scale, angle_deg=float(rng.normal(0, 4)))
        out[y0:y1, x0:x1] = part[: y1 - y0, : x1 - x0]
        if len(moved):
            inside = (moved[:, 2] <= x1 - x0 + 2) & (moved[:, 3] <= y1 - y0 + 2)
            boxes.append(moved[inside] + np.float32([x0, y0, x0, y0]))
            for box in moved[~inside] + np.float32([x0, y0, x0, y0]):
                # a cut number is neither an example nor a counter-example
                a, b, c, d = (int(v) for v in box)
                out[max(y0, b) : min(y1, d + 1), max(x0, a) : min(x1, c + 1)] = 114
    found = np.concatenate(boxes) if boxes else np.zeros((0, 4), np.float32)
    return out, found.astype(np.float32)


def drawn_scene(background: Image, rng: np.random.Generator, size_px: int) -> tuple[Image, Boxes]:
    """A drawn cluster: dials with figures and a display, on a dark panel in front of some photo."""
    side = max(background.shape[:2])
    scale = size_px / side * rng.uniform(1.0, 2.5)
    out, _ = window(
        background,
        np.zeros((0, 4), np.float32),
        rng,
        size_px,
        scale=scale,
        angle_deg=float(rng.normal(0, 10)),
    )
    out = out.copy()
    panel = rng.uniform(5, 70) * (1 + rng.normal(0, 0.08, 3))
    x0, y0 = (rng.random(2) * size_px * 0.25).astype(int)
    x1, y1 = size_px - (rng.random(2) * size_px * 0.25).astype(int)
    cv2.rectangle(out, (int(x0), int(y0)), (int(x1), int(y1)), [float(v) for v in panel.clip(0, 255)], -1)
    boxes = []
    for _ in range(int(rng.integers(1, 4))):
        radius = rng.uniform(0.12, 0.3) * size_px
        _draw_dial(out, tuple(rng.uniform(0.1, 0.9, 2) * size_px), radius, rng)  # type: ignore[arg-type]
    for _ in range(1 if rng.random() < 0.75 else 2):
        display = odometer_drawn.draw(rng)
        line = np.array([display.odometer], np.float32)
        width = math.exp(rng.uniform(math.log(22), math.log(200)))
        zoom = width / float(line[0, 2] - line[0, 0])
        small = cv2.resize(display.image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
        small = small[: size_px - 8, : size_px - 8]
        h, w = small.shape[:2]
        at = (rng.random(2) * (size_px - np.array([w, h]))).astype(int)
        moved = line * zoom + np.array([at[0], at[1], at[0], at[1]], np.float32)
        if moved[0, 2] > at[0] + w or any(_touch(moved[0], b, h) for b in boxes):
            continue
        out[at[1] : at[1] + h, at[0] : at[0] + w] = small
        boxes.append(moved[0])
    return out, np.array(boxes, np.float32).reshape(-1, 4)


def _touch(a: NDArray[np.float32], b: NDArray[np.float32], margin: float) -> bool:
    """True when two displays could cover each other."""
    return not (
        a[2] + 2 * margin < b[0] or b[2] + 2 * margin < a[0] or a[3] + margin < b[1] or b[3] + margin < a[1]
    )


def _draw_dial(out: Image, centre: tuple[float, float], radius: float, rng: np.random.Generator) -> None:
    """A dial with ticks and figures: numbers that are no odometer."""
    colour = [float(v) for v in (rng.uniform(90, 255) * (1 + rng.normal(0, 0.1, 3))).clip(0, 255)]
    middle = (int(centre[0]), int(centre[1]))
    cv2.circle(out, middle, int(radius), [float(v) for v in rng.uniform(0, 60, 3)], -1, cv2.LINE_AA)
    if rng.random() < 0.6:
        cv2.circle(out, middle, int(radius), colour, 2, cv2.LINE_AA)
    n, step = int(rng.integers(6, 14)), int(rng.choice([1, 10, 20]))
    for i in range(n):
        angle = math.radians(135 + 270 * i / (n - 1))
        d = np.array([math.cos(angle), math.sin(angle)])
        tip, foot, text = (np.array(centre) + d * radius * f for f in (0.95, 0.84, 0.66))
        cv2.line(out, [int(v) for v in foot], [int(v) for v in tip], colour, 2, cv2.LINE_AA)
        size = radius / 160
        cv2.putText(
            out,
            str(i * step),
            (int(text[0] - 12 * size * 2), int(text[1] + 6)),
            int(rng.choice([0, 2])),
            max(0.3, size),
            colour,
            1,
            cv2.LINE_AA,
        )
    hand = math.radians(rng.uniform(135, 405))
    end = (int(centre[0] + math.cos(hand) * radius * 0.8), int(centre[1] + math.sin(hand) * radius * 0.8))
    cv2.line(out, middle, end, (40, 60, 230) if rng.random() < 0.5 else colour, 3, cv2.LINE_AA)
