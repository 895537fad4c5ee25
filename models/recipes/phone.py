"""What phones, weather and websites do to a picture, as functions of an image and a random source.

Every recipe may use these. Each function takes and returns ``(H, W, 3)`` uint8 BGR and leaves its argument alone.
Strengths that make a photo unfit for an inspection are separate functions (``blurred``, ``dark`` ...), so that a
recipe can label what it has spoiled.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Rng = np.random.Generator


def _u8(values: NDArray[np.floating]) -> Image:
    return np.clip(values, 0, 255).astype(np.uint8)


# ------------------------------------------------------------------ what is normal and must not matter
def tone(image: Image, rng: Rng) -> Image:
    """Vary exposure, gamma, contrast, white balance and saturation as phones and weather do."""
    x = image.astype(np.float32) / 255
    x = x ** rng.uniform(0.65, 1.5)
    x *= rng.uniform(0.75, 1.2) * (1 + rng.uniform(-0.08, 0.08, 3).astype(np.float32))
    grey = x.mean(2, keepdims=True)
    x = grey + (x - grey) * rng.uniform(0.3, 1.4)
    mean = x.mean()
    return _u8((mean + (x - mean) * rng.uniform(0.75, 1.25)) * 255)


def noise(image: Image, rng: Rng) -> Image:
    """Add sensor noise, part of it coarse, as after in-camera denoising."""
    h, w = image.shape[:2]
    fine = rng.standard_normal((h, w, 3), dtype=np.float32) * rng.uniform(1, 9)
    if rng.random() < 0.5:
        coarse = rng.standard_normal((h // 3 + 1, w // 3 + 1, 3), dtype=np.float32) * rng.uniform(1, 9)
        fine += cv2.resize(coarse, (w, h))
    return _u8(image + fine)


def compression(image: Image, rng: Rng) -> Image:
    """Save as JPEG or WebP at the quality of a messenger or a listing site."""
    kind, low = (
        (".jpg", cv2.IMWRITE_JPEG_QUALITY) if rng.random() < 0.7 else (".webp", cv2.IMWRITE_WEBP_QUALITY)
    )
    data = cv2.imencode(kind, image, [low, int(rng.uniform(22, 92))])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def small_copy(image: Image, rng: Rng) -> Image:
    """Shrink to a thumbnail and back, so that the source's resolution tells nothing."""
    h, w = image.shape[:2]
    s = rng.uniform(170, 330) / max(h, w)
    if s >= 1:
        return image
    little = cv2.resize(image, None, fx=s, fy=s, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(little, (w, h), interpolation=cv2.INTER_LINEAR), np.uint8)


def softness(image: Image, rng: Rng) -> Image:
    """A little blur that a person would still accept (at most 0.15 % of the longer side)."""
    return np.asarray(
        cv2.GaussianBlur(image, (0, 0), max(image.shape[:2]) * rng.uniform(0.0004, 0.0015)), np.uint8
    )


def rain(image: Image, rng: Rng) -> Image:
    """Slanting bright streaks and a loss of contrast."""
    h, w = image.shape[:2]
    streaks = (rng.random((h, w), dtype=np.float32) > 0.995).astype(np.float32) * 255
    length = max(5, h // 25)
    kernel = np.zeros((length, length), np.float32)
    lean = int(rng.uniform(0, length - 1))
    cv2.line(kernel, (lean, 0), (length - 1 - lean, length - 1), 1.0)
    streaks = cv2.filter2D(streaks, -1, kernel / max(1.0, float(kernel.sum())) * 4)
    return _u8(image * 0.85 + 18 + streaks[:, :, None] * rng.uniform(0.2, 0.6))


def shadow(image: Image, rng: Rng) -> Image:
    """The hard edge of a shadow, or a lamp's pool of light, across the picture."""
    h, w = image.shape[:2]
    angle = rng.uniform(0, 2 * np.pi)
    yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
    side = (xx - w * rng.uniform(0.2, 0.8)) * np.cos(angle) + (yy - h * rng.uniform(0.2, 0.8)) * np.sin(angle)
    mask = 1 / (1 + np.exp(-side / (max(h, w) * rng.uniform(0.005, 0.1))))
    return _u8(image * (1 - mask[:, :, None] * rng.uniform(0.2, 0.55)))


def sticker(image: Image, rng: Rng) -> Image:
    """A logo or a date stamp near a corner, as websites and cameras add them."""
    out = image.copy()
    h, w = out.shape[:2]
    bw, bh = int(w * rng.uniform(0.08, 0.3)), int(h * rng.uniform(0.03, 0.1))
    x = int(rng.uniform(0, 0.05) * w) if rng.random() < 0.5 else w - bw - int(rng.uniform(0, 0.05) * w)
    y = int(rng.uniform(0, 0.05) * h) if rng.random() < 0.6 else h - bh - int(rng.uniform(0, 0.05) * h)
    colour = [int(c) for c in rng.integers(0, 256, 3)]
    if rng.random() < 0.6:
        cv2.rectangle(out, (x, y), (x + bw, y + bh), colour, -1)
        colour = [255 - c for c in colour]
    text = "".join(rng.choice(list("autoRIA.com0123456789:/"), 6))
    cv2.putText(out, text, (x, y + bh), cv2.FONT_HERSHEY_SIMPLEX, bh / 26, colour, max(1, bh // 12))
    return out


def without_corner(image: Image, rng: Rng) -> Image:
    """Hide the top right corner, where the listing site of the training photos prints its mark."""
    out = image.copy()
    h, w = out.shape[:2]
    bh = int(max(h, w) * rng.uniform(0.075, 0.11))
    bw = int(max(h, w) * rng.uniform(0.22, 0.30))
    patch = out[:bh, w - bw :]
    how = rng.random()
    if how < 0.4:
        patch[:] = cv2.GaussianBlur(patch, (0, 0), bh / 3)
    elif how < 0.8:
        below = out[bh : 2 * bh, w - bw :][::-1]
        patch[:] = below if below.shape == patch.shape else rng.integers(0, 256, 3)
    else:
        patch[:] = rng.integers(0, 256, 3)
    return out


def hole(image: Image, rng: Rng) -> Image:
    """Cover a part with a flat or blurred patch, as a pillar, a passer-by or a thumb would."""
    out = image.copy()
    h, w = out.shape[:2]
    bh, bw = int(h * rng.uniform(0.06, 0.28)), int(w * rng.uniform(0.06, 0.28))
    y, x = int(rng.uniform(0, h - bh)), int(rng.uniform(0, w - bw))
    if rng.random() < 0.5:
        out[y : y + bh, x : x + bw] = rng.integers(0, 256, 3)
    else:
        out[y : y + bh, x : x + bw] = cv2.GaussianBlur(out[y : y + bh, x : x + bw], (0, 0), max(2, bh / 4))
    return out


ORDINARY: tuple[tuple[float, Callable[[Image, Rng], Image]], ...] = (
    (0.8, tone),
    (0.12, shadow),
    (0.06, rain),
    (0.15, sticker),
    (0.3, hole),
    (0.25, small_copy),
    (0.25, softness),
    (0.35, noise),
    (0.5, compression),
)
"""What happens to any photo, with how often; in the order in which it happens."""


def ordinary(image: Image, rng: Rng) -> Image:
    """Let the usual things happen to a good photo; a person would still accept it."""
    for share, change in ORDINARY:
        if rng.random() < share:
            image = change(image, rng)
    return image


# ------------------------------------------------------------------ what makes a photo unfit
def blurred(image: Image, rng: Rng) -> Image:
    """Out of focus or shaken so much that details are lost (0.4 to 1.2 % of the longer side)."""
    side = max(image.shape[:2])
    sigma = side * rng.uniform(0.0042, 0.012)
    if rng.random() < 0.55:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)
    length = max(5, int(sigma * 4.5) | 1)
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    c, dx, dy = length // 2, np.cos(angle) * length / 2, np.sin(angle) * length / 2
    cv2.line(kernel, (int(c - dx), int(c - dy)), (int(c + dx), int(c + dy)), 1.0)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.uint8)


def dark(image: Image, rng: Rng) -> Image:
    """So little light that paint and digits cannot be judged."""
    target = rng.uniform(10, 30)
    x = image.astype(np.float32) * min(0.3, target / max(1.0, float(image.mean())))
    x += rng.standard_normal(x.shape, dtype=np.float32) * rng.uniform(0.3, 5)
    return _u8(x)


def glare(image: Image, rng: Rng) -> Image:
    """The sun, a flash or a lamp burning out a good part of the subject."""
    h, w = image.shape[:2]
    yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
    light = np.zeros((h, w), np.float32)
    for _ in range(int(rng.integers(1, 3))):
        cy, cx = h * rng.uniform(0.25, 0.8), w * rng.uniform(0.2, 0.8)
        ry, rx = min(h, w) * rng.uniform(0.16, 0.35, 2)
        light += np.exp(-(((yy - cy) / ry) ** 2 + ((xx - cx) / rx) ** 2)) * rng.uniform(260, 420)
    return _u8(image + light[:, :, None] + rng.uniform(0, 25))


def screen_photo(image: Image, rng: Rng) -> Image:
    """A photo of a screen that shows the picture: frame, keystone, cast, and the moire of two pixel grids."""
    h, w = image.shape[:2]
    s = 640 / max(h, w)
    x = cv2.resize(image, None, fx=s, fy=s).astype(np.float32)
    h, w = x.shape[:2]
    yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
    for _ in range(int(rng.integers(1, 4))):
        angle, period = rng.uniform(0, np.pi), rng.uniform(2.2, 14)
        wave = np.sin((xx * np.cos(angle) + yy * np.sin(angle)) * 2 * np.pi / period + rng.uniform(0, 6))
        x *= 1 + wave[:, :, None] * rng.uniform(0.02, 0.14)
    x = x * rng.uniform(0.55, 0.95) * (1 + rng.uniform(-0.1, 0.1, 3).astype(np.float32)) + rng.uniform(0, 22)
    if rng.random() < 0.4:
        x += (
            np.exp(-(((yy - h * rng.random()) / h) ** 2 + ((xx - w * rng.random()) / w) ** 2) * 14)[
                :, :, None
            ]
            * 90
        )
    border = rng.uniform(0.01, 0.09) if rng.random() < 0.85 else 0.0
    frame = np.full((h, w, 3), rng.uniform(2, 40), np.float32)
    quad = np.float32([[0, 0], [w, 0], [w, h], [0, h]])
    inset = np.float32([[border * w, border * h]]) * np.float32([[1, 1], [-1, 1], [-1, -1], [1, -1]])
    moved = quad + inset + rng.uniform(-0.025, 0.025, (4, 2)).astype(np.float32) * np.float32([w, h])
    warp = cv2.getPerspectiveTransform(quad, moved.astype(np.float32))
    frame = cv2.warpPerspective(x, warp, (w, h), dst=frame, borderMode=cv2.BORDER_TRANSPARENT)
    return _u8(cv2.GaussianBlur(frame, (0, 0), rng.uniform(0.4, 1.1)))


FAULTS: dict[str, Callable[[Image, Rng], Image]] = {
    "blur": blurred,
    "dark": dark,
    "glare": glare,
    "screen_photo": screen_photo,
}
"""Reason code -> how to spoil a good photo so that the code applies."""
