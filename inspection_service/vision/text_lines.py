"""Where lines of text stand on a photo: PP-OCR's text detector, opened directly like its recogniser.

It gives a probability of text for each pixel; a connected patch of it is a line, drawn inwards in training and so
grown back here. Source: DBNet (arXiv:1911.08947); network of the `rapidocr` wheel (Apache-2.0).
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from inspection_service.vision.errors import UnusableImage
from inspection_service.vision.odometer_second import paddle_session
from inspection_service.vision.odometer_strip import Line

FINDER_FILE = Path("models") / "PP-OCRv6_det_small.onnx"
LOOK_PX = 640
"""Longer side of the picture that is searched; smaller photos are enlarged to it."""
PIXEL, LINE = 0.3, 0.5
"""Least probability of a pixel of text, and on average over a line."""
UNCLIP = 1.6
"""How far a patch is grown, as area over circumference. Source: default of PP-OCR."""
LEAST_PX, MOST_LINES = 3, 60
_MEAN = np.array([0.406, 0.456, 0.485], np.float32)
_STD = np.array([0.225, 0.224, 0.229], np.float32)
"""Of ImageNet, in the order BGR."""


class LineFinder(Protocol):
    """Finds lines of text in ``(H, W, 3)`` uint8 BGR, in its pixels, longest first."""

    def __call__(self, image: NDArray[np.uint8], /) -> tuple[Line, ...]:
        """Find them."""
        ...


class PaddleLines:
    """PP-OCRv6 small text detector on onnxruntime, one thread; safe to use from several threads."""

    def __init__(self, session: ort.InferenceSession, look_px: int = LOOK_PX) -> None:
        """Use an opened network; photos are brought to ``look_px`` on their longer side."""
        self._session = session
        self._look_px = look_px
        self._input = session.get_inputs()[0].name

    @classmethod
    def installed(cls) -> PaddleLines:
        """Open the detector of the installed rapidocr wheel.

        Raises:
            ModelMissing: The wheel is not installed or holds another version of the network.
        """
        return cls(paddle_session(FINDER_FILE))

    def looking_at(self, look_px: int) -> PaddleLines:
        """Return a finder with the same network that searches smaller or larger pictures."""
        return PaddleLines(self._session, look_px)

    def __call__(self, image: NDArray[np.uint8]) -> tuple[Line, ...]:
        """Find lines, at most ``MOST_LINES``.

        Raises:
            UnusableImage: A side is 0, or one side is more than eight times the other.
        """
        height, width = image.shape[:2]
        if min(height, width) == 0 or max(height, width) > 8 * min(height, width):
            raise UnusableImage(f"A picture of {width} x {height} pixels is no photo of a car.")
        scale = self._look_px / max(height, width)
        wide, high = (max(32, round(side * scale / 32) * 32) for side in (width, height))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small = cv2.resize(image, (wide, high), interpolation=how).astype(np.float32) / 255
        batch = np.ascontiguousarray(((small - _MEAN) / _STD).transpose(2, 0, 1)[None])
        (out,) = self._session.run(None, {self._input: batch})
        found = lines_of(np.asarray(out[0][0], np.float32), width / wide, height / high)
        return tuple(sorted(found, key=lambda line: -line.width)[:MOST_LINES])


def lines_of(text: NDArray[np.float32], across: float, down: float) -> list[Line]:
    """Turn a map of probabilities into lines.

    Args:
        text: ``(H, W)``, 0..1.
        across: Pixels of the photo for one of the map, along x.
        down: Likewise along y.
    """
    patches, _ = cv2.findContours((text > PIXEL).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    lines = []
    for patch in patches:
        (x, y), (a, b), turned = cv2.minAreaRect(patch)
        if min(a, b) < LEAST_PX or _sureness(text, np.asarray(patch, np.int32)) < LINE:
            continue
        more = UNCLIP * a * b / (a + b)
        a, b = a + more, b + more
        if a < b:
            a, b, turned = b, a, turned - 90
        slope = (turned + 90) % 180 - 90
        lines.append(Line(x * across, y * down, a * across, b * down, slope))
    return lines


def _sureness(text: NDArray[np.float32], patch: NDArray[np.int32]) -> float:
    left, top, wide, high = cv2.boundingRect(patch)
    part = text[top : top + high, left : left + wide]
    mask = np.zeros(part.shape, np.uint8)
    cv2.drawContours(mask, [patch - np.array([[[left, top]]])], -1, 1, -1)
    return float(part[mask > 0].mean())
