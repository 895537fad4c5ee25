"""Two looks at one photo, straight and mirrored, made into one: what both see counts, what one sees counts half.

Damage looks the same in a mirror; what a network sees only from one side is mostly a reflection or an edge.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inspection_service.vision.detector import Cells, Network, cells_of, iou, suppress

FAINT = 0.06
"""Least score in a single look: half of it, in the mean, is far below every threshold."""
SETTLED = 2
"""Mark of a box that has had its turn and is no partner for those that follow."""


def detect_both_ways(network: Network, image: NDArray[np.uint8], least: float, overlap: float) -> Cells:
    """Run a one-class detector over a photo and its mirror image.

    Args:
        network: As `detect` needs it, with one score channel.
        image: ``(H, W, 3)`` uint8 BGR, upright.
        least: Least mean score of what is given back.
        overlap: Boxes of two looks that overlap more (IoU) are one thing; no two boxes given back do.

    Raises:
        UnusableImage: A side is 0, or the aspect ratio is too large.

    Source: measured on the photos kept apart, see models/damage.md.
    """
    faint = np.array([min(FAINT, least)], np.float32)
    height, width = image.shape[:2]
    batch, placement = network.prepare(image)
    straight = cells_of(network, batch, placement, width, height, faint, overlap)
    # mirrored where it is small: shrinking a photo a second time took as long as a live frame
    left = round(batch.shape[-1] - placement.left - width * placement.scale_x)
    # where the grey beside it is a column wider on one side, the mirror image is put where it would have been fitted in
    other = np.ascontiguousarray(np.roll(batch[..., ::-1], round(placement.left) - left, axis=-1))
    turned = cells_of(network, other, placement, width, height, faint, overlap)
    both = mean_of(straight, mirrored(turned, width), overlap)
    kept = suppress(both.boxes, both.scores, both.labels, overlap)
    kept = kept[both.scores[kept] >= least]
    return Cells(both.boxes[kept], both.scores[kept], both.labels[kept], both.types[kept])


def mirrored(cells: Cells, width_px: float) -> Cells:
    """The same finds in the mirror image of a photo."""
    boxes = cells.boxes.copy()
    boxes[:, [0, 2]] = width_px - boxes[:, [2, 0]]
    return Cells(boxes, cells.scores, cells.labels, cells.types)


def mean_of(a: Cells, b: Cells, overlap: float) -> Cells:
    """Boxes of two looks, pairs joined with their surer one weighing more; a score is half the sum of both."""
    boxes, scores = np.concatenate([a.boxes, b.boxes]), np.concatenate([a.scores, b.scores])
    types, labels = np.concatenate([a.types, b.types]), np.concatenate([a.labels, b.labels])
    look = np.repeat([0, 1], [len(a.scores), len(b.scores)])
    waiting = np.ones(len(scores), bool)
    for k in np.argsort(-scores, kind="stable"):
        if not waiting[k]:
            continue
        over = np.where(waiting & (look == 1 - look[k]), iou(boxes[k], boxes), 0)
        other = int(over.argmax())
        if over[other] > overlap:
            waiting[other] = False
            share = scores[k] / (scores[k] + scores[other])
            boxes[k] = share * boxes[k] + (1 - share) * boxes[other]
            types[k] = share * types[k] + (1 - share) * types[other]
            scores[k] += scores[other]
        scores[k] /= 2
        look[k] = SETTLED
    return Cells(boxes[waiting], scores[waiting], labels[waiting], types[waiting])
