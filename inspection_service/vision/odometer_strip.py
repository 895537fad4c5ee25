"""The strip of picture round a line of characters: the one geometry that training and run time must share."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

STRIP_HEIGHT_PX = 64
STRIP_WIDTH_PX = 256
MARGIN_ABOVE = 0.5
"""Margin over and under the line, in heights of the line."""
MARGIN_BESIDE = 1.2
"""Margin left and right of the line, in heights of the line: about two characters."""


@dataclass(frozen=True)
class Line:
    """A line of characters in a picture, possibly sloping.

    Attributes:
        x, y: Its centre, pixels.
        width, height: Along and across the line, pixels.
        slope_deg: Positive when the line falls to the right.
    """

    x: float
    y: float
    width: float
    height: float
    slope_deg: float = 0.0

    @classmethod
    def of_box(cls, box: tuple[float, float, float, float]) -> Line:
        """The level line that fills an xyxy box."""
        x0, y0, x1, y1 = box
        return cls((x0 + x1) / 2, (y0 + y1) / 2, max(x1 - x0, 1.0), max(y1 - y0, 2.0))

    def grown(self, share: float) -> Line:
        """The same line taken ``share`` of its height larger on every side."""
        more = 2 * share * self.height
        return Line(self.x, self.y, self.width + more, self.height + more, self.slope_deg)


@dataclass(frozen=True)
class Strip:
    """``image``: (64, 256, 3) uint8 BGR; ``affine``: (2, 3), from pixels of the picture to pixels of the strip."""

    image: NDArray[np.uint8]
    affine: NDArray[np.float64]

    def to_picture(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points ``(n, 2)`` of the strip, in pixels of the picture."""
        back = cv2.invertAffineTransform(self.affine)
        return np.asarray(points @ back[:, :2].T + back[:, 2], np.float64)

    @property
    def scale(self) -> float:
        """Pixels of the strip for one pixel of the picture."""
        return float(math.hypot(self.affine[0, 0], self.affine[1, 0]))


def cut_strip(
    image: NDArray[np.uint8],
    line: Line,
    *,
    width_px: int = STRIP_WIDTH_PX,
    height_px: int = STRIP_HEIGHT_PX,
    above: float = MARGIN_ABOVE,
    beside: float = MARGIN_BESIDE,
) -> Strip:
    """Cut a line with its margins out of a picture: levelled, evenly scaled, centred.

    Args:
        image: ``(H, W, 3)`` uint8 BGR; not modified. What lies outside repeats its rim.
        line: What the strip shall show.
        width_px: Width of the strip.
        height_px: Height of the strip.
        above: Margin over and under the line, in its heights.
        beside: Margin left and right of the line, in its heights.
    """
    scale = min(
        height_px / (line.height * (1 + 2 * above)), width_px / (line.width + 2 * beside * line.height)
    )
    affine = np.asarray(cv2.getRotationMatrix2D((line.x, line.y), line.slope_deg, scale), np.float64)
    affine[:, 2] += np.array([width_px / 2 - line.x, height_px / 2 - line.y])
    part, left, top = _surroundings(image, affine, width_px, height_px)
    inner = affine.copy()
    inner[:, 2] += affine[:, :2] @ np.array([left, top])
    if scale < 0.7:
        # warping does not average: shrink first, or thin strokes break up
        small = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        inner[:, :2] *= np.array([part.shape[1] / small.shape[1], part.shape[0] / small.shape[0]])
        part = np.asarray(small, np.uint8)
    out = cv2.warpAffine(
        part, inner, (width_px, height_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return Strip(np.asarray(out, np.uint8), affine)


def _surroundings(
    image: NDArray[np.uint8], affine: NDArray[np.float64], width_px: int, height_px: int
) -> tuple[NDArray[np.uint8], int, int]:
    """The part of the picture that the strip can show, and its corner; spares work on twelve megapixels."""
    back = cv2.invertAffineTransform(affine)
    corners = np.array([[0, 0], [width_px, 0], [0, height_px], [width_px, height_px]], np.float64)
    seen = corners @ back[:, :2].T + back[:, 2]
    h, w = image.shape[:2]
    low = np.clip(np.floor(seen.min(0)) - 4, 0, [w - 1, h - 1]).astype(int)
    high = np.clip(np.ceil(seen.max(0)) + 4, low + 1, [w, h]).astype(int)
    return image[low[1] : high[1], low[0] : high[0]], int(low[0]), int(low[1])
