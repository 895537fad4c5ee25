"""A fingerprint of how a photo looks: nearly the same for a copy saved again, made smaller, framed or cropped a little.

Difference hash: which of two neighbouring places is brighter, on a grid of 16 x 16; of the whole picture and of two
parts of its middle, so that a cropped copy still meets one of them. It tells nothing about what is shown.

Source: measured on 900 photos of 20 views and several cars. 404,550 pairs of different photos: all 54 bits or more
apart, but for one pair of the same car on the same spot. Copies in JPEG 40, at half size or as a screenshot: nine in
ten within 6 bits; cropped by 5 % or turned by two degrees: nine in ten within 42; cropped by 10 %: not recognised.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

GRID: Final = 16
PARTS: Final = (1.0, 0.92, 0.84)
"""Shares of the picture's sides that are looked at."""
EDGE: Final = 6.0
"""Standard deviation under which a row at the rim is a frame and no picture."""
LEAST_CONTRAST: Final = 8.0
"""Standard deviation under which a picture shows nothing one could recognise."""


def fingerprint(image: NDArray[np.uint8]) -> str | None:
    """Return three numbers of 64 hexadecimal digits, blanks between them; None for a picture that shows nothing.

    Args:
        image: ``(H, W, 3)`` uint8 BGR, upright; a small one is enough.
    """
    grey = _without_frame(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8))
    if min(grey.shape) < GRID or float(grey.std()) < LEAST_CONTRAST:
        return None
    return " ".join(_difference(_middle(grey, share)) for share in PARTS)


def _difference(grey: NDArray[np.uint8]) -> str:
    small = cv2.resize(grey, (GRID + 1, GRID), interpolation=cv2.INTER_AREA)
    return np.packbits(small[:, 1:] > small[:, :-1]).tobytes().hex()


def _middle(grey: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    height, width = grey.shape
    top, left = int(height * (1 - share) / 2), int(width * (1 - share) / 2)
    return grey[top : height - top, left : width - left]


def _without_frame(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut off rows and columns of one colour, as a screenshot has them; at most four fifths of a side."""
    height, width = grey.shape
    top, bottom = _plain(grey), _plain(grey[::-1])
    left, right = _plain(grey.T), _plain(grey.T[::-1])
    if top + bottom >= 0.8 * height or left + right >= 0.8 * width:
        return grey
    return grey[top : height - bottom, left : width - right]


def _plain(rows: NDArray[np.uint8]) -> int:
    """Count the rows of one colour before the first that shows something; mostly that is the very first."""
    return next((place for place, row in enumerate(rows) if float(row.std()) > EDGE), len(rows))
