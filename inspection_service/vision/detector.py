"""From a detector's raw output to boxes in the photo: what `scene` and `damage` share.

The ONNX files normalise and decode inside; what is left is to fit the photo in, keep the cells that are sure
enough, and let the surest of several boxes on one thing stand for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inspection_service.vision.engine import Placement

BoxXyxy = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of the upright photo."""

MOST_CELLS = 400
"""Only so many of the surest cells are looked at: a photo of a car never needs more, and it bounds the work."""


class Network(Protocol):
    """What a detector needs of an opened model; `vision.engine.Model` is one."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the score channels."""

    @property
    def thresholds(self) -> Mapping[str, float]:
        """Thresholds of the manifest."""

    def prepare(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], Placement]:
        """Bring a BGR photo to the input."""

    def run(self, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run the graph."""


@dataclass(frozen=True)
class Cells:
    """The cells of one photo that are sure enough, surest first, overlapping ones already removed.

    Attributes:
        boxes: ``(n, 4)`` float32 xyxy, pixels of the photo, inside it.
        scores: ``(n,)`` float32, 0..1.
        labels: ``(n,)`` int64, score channel.
        types: ``(n, T)`` float32, probabilities of the types; ``T`` is 0 for a model without types.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int64]
    types: NDArray[np.float32]


def iou(box: NDArray[np.floating], others: NDArray[np.floating]) -> NDArray[np.float32]:
    """Overlap of one xyxy box ``(4,)`` with others ``(n, 4)``: intersection over union, 0..1."""
    wide = np.minimum(box[2], others[:, 2]) - np.maximum(box[0], others[:, 0])
    high = np.minimum(box[3], others[:, 3]) - np.maximum(box[1], others[:, 1])
    both = np.clip(wide, 0, None) * np.clip(high, 0, None)
    area = (box[2] - box[0]) * (box[3] - box[1])
    areas = (others[:, 2] - others[:, 0]) * (others[:, 3] - others[:, 1])
    return np.asarray(both / np.maximum(area + areas - both, 1e-9), np.float32)


def suppress(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], labels: NDArray[np.int64], limit: float
) -> NDArray[np.int64]:
    """Which boxes stay when those that overlap a surer one of the same label go (non-maximum suppression).

    Args:
        boxes: ``(n, 4)`` xyxy.
        scores: ``(n,)``.
        labels: ``(n,)``.
        limit: Largest IoU that two boxes of one label may have.

    Returns:
        Indices of the boxes that stay, surest first.
    """
    waiting = np.argsort(-scores, kind="stable")
    kept = []
    while len(waiting):
        first, waiting = waiting[0], waiting[1:]
        kept.append(first)
        same = (labels[waiting] == labels[first]) & (iou(boxes[first], boxes[waiting]) > limit)
        waiting = waiting[~same]
    return np.array(kept, np.int64)


def detect(
    network: Network,
    image: NDArray[np.uint8],
    thresholds: NDArray[np.float32],
    overlap: float,
) -> Cells:
    """Run a detector over one photo.

    Args:
        network: Outputs ``boxes`` (1, N, 4) px of its input, ``scores`` (1, N, C) and perhaps ``types`` (1, N, T).
        image: ``(H, W, 3)`` uint8 BGR, upright.
        thresholds: ``(C,)`` least score of each channel.
        overlap: Largest IoU of two boxes of one label.

    Returns:
        What was found, in pixels of ``image``.

    Raises:
        UnusableImage: A side is 0, or the aspect ratio is too large.

    Source: output contract of models/scene.manifest.json and models/damage.manifest.json.
    """
    batch, placement = network.prepare(image)
    return cells_of(network, batch, placement, image.shape[1], image.shape[0], thresholds, overlap)


def cells_of(
    network: Network,
    batch: NDArray[np.float32],
    placement: Placement,
    width: int,
    height: int,
    thresholds: NDArray[np.float32],
    overlap: float,
) -> Cells:
    """Run a detector over a photo of ``width`` x ``height`` pixels that lies in ``batch``; see :func:`detect`."""
    out = network.run(batch)
    scores, labels = out["scores"][0].max(-1), out["scores"][0].argmax(-1)
    index = np.nonzero(scores >= thresholds[labels])[0]
    if len(index) > MOST_CELLS:
        index = index[np.argsort(-scores[index], kind="stable")[:MOST_CELLS]]
    edge = np.array([width, height, width, height], np.float32)
    boxes = placement.to_photo(out["boxes"][0][index]).clip(0, edge)
    index, boxes = _with_area(index, boxes)
    kept = suppress(boxes, scores[index], labels[index], overlap)
    index = index[kept]
    types = out["types"][0][index] if "types" in out else np.zeros((len(index), 0), np.float32)
    return Cells(boxes[kept], scores[index], labels[index], types)


def _with_area(
    index: NDArray[np.int64], boxes: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Drop what lay in the grey border and was cut to nothing."""
    real = (boxes[:, 2:] - boxes[:, :2] >= 1).all(1)
    return index[real], boxes[real]


def as_box(box: NDArray[np.float32]) -> BoxXyxy:
    """A row of `Cells.boxes` as plain numbers, to a tenth of a pixel."""
    left, top, right, bottom = (round(float(v), 1) for v in box)
    return left, top, right, bottom
