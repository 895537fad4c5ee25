"""What a phone's camera adds to a render: a tilted hand, a soft lens, dark corners, noise and JPEG blocks."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.demo_car.views import Box

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Phone:
    """One picture's accidents."""

    roll_deg: float = 0.8
    shift: tuple[float, float] = (0.005, -0.004)
    """Parts of width and height."""
    zoom: float = 1.04
    """Cuts the edges off, which a roll would leave empty."""
    blur_px: float = 0.6
    gain: float = 1.0
    warmth: float = 0.0
    """Red up and blue down by this part."""
    vignetting: float = 0.18
    """Part of the light lost in the corners."""
    noise: float = 3.0
    """Standard deviation of grey levels in the middle tones, before JPEG."""
    jpeg_quality: int = 85

    @classmethod
    def random(cls, rng: np.random.Generator) -> "Phone":
        """Another phone, another hand."""
        return cls(
            roll_deg=float(rng.normal(0, 1.2)),
            shift=(float(rng.normal(0, 0.008)), float(rng.normal(0, 0.008))),
            zoom=float(rng.uniform(1.03, 1.07)),
            blur_px=float(rng.uniform(0.2, 1.1)),
            gain=float(rng.uniform(0.82, 1.18)),
            warmth=float(rng.normal(0, 0.04)),
            vignetting=float(rng.uniform(0.05, 0.30)),
            noise=float(rng.uniform(1.0, 6.0)),
            jpeg_quality=int(rng.integers(70, 93)),
        )


def photograph(render: Image, phone: Phone, rng: np.random.Generator) -> tuple[Image, NDArray[np.float64]]:
    """Take a render with a phone.

    Args:
        render: ``(H, W, 3)`` uint8, BGR; not modified.
        phone: The picture's accidents.
        rng: For the noise.

    Returns:
        The picture, same shape, and the ``(2, 3)`` matrix that maps pixels of the render to its own.
    """
    height, width = render.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), phone.roll_deg, phone.zoom)
    matrix[:, 2] += np.array(phone.shift) * (width, height)
    moved = cv2.warpAffine(
        render, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    light = moved.astype(np.float32)
    if phone.blur_px > 0.1:
        light = cv2.GaussianBlur(light, (0, 0), phone.blur_px).astype(np.float32)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    corner = ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2) * 2
    light *= (phone.gain * (1 - phone.vignetting * corner**1.5))[:, :, None]
    light *= np.array([1 - phone.warmth, 1.0, 1 + phone.warmth], np.float32)
    strength = phone.noise * np.sqrt(0.25 + np.clip(light, 0, 255) / 170)
    # colour noise is coarser than grey noise: phones smooth it away first
    grey = rng.normal(0, 1, (height, width, 1))
    colour = cv2.resize(rng.normal(0, 0.5, (height // 2 + 1, width // 2 + 1, 3)), (width, height))
    noisy = np.clip(light + strength * (grey + colour), 0, 255).astype(np.uint8)
    _, encoded = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, phone.jpeg_quality])
    decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    return np.asarray(decoded, np.uint8), np.asarray(matrix, np.float64)


def moved_box(box: Box, matrix: NDArray[np.float64], width_px: int, height_px: int) -> Box:
    """A box of the render in the picture that `photograph` made of it."""
    x1, y1, x2, y2 = box
    corners = np.array([(x1, y1, 1), (x2, y1, 1), (x2, y2, 1), (x1, y2, 1)]) @ matrix.T
    low = np.clip(corners.min(0), 0, (width_px, height_px))
    high = np.clip(corners.max(0), 0, (width_px, height_px))
    return (
        round(float(low[0]), 1),
        round(float(low[1]), 1),
        round(float(high[0]), 1),
        round(float(high[1]), 1),
    )
