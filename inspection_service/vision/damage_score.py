"""A detector's score turned into a probability: of a hundred boxes scored 0.6, sixty mark damage.

A network trained on single cells is timid about whole boxes, and its numbers mean nothing to an operator by themselves.
Two numbers of the manifest, fitted on photos that the training never saw, put them right without changing their order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

_EDGE = 1e-4


@dataclass(frozen=True)
class Calibration:
    """Platt's scaling: ``logit(probability) = slope * logit(score) + offset``.

    Source: J. Platt, Probabilistic outputs for support vector machines, 1999.
    """

    slope: float = 1.0
    offset: float = 0.0

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Self:
        """Read ``calibration`` of a manifest; scores stay as they are where there is none."""
        given = manifest.get("calibration", {})
        return cls(float(given.get("slope", 1.0)), float(given.get("offset", 0.0)))

    def __call__(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities of raw scores, both 0..1; the order stays while ``slope`` is above 0."""
        return np.asarray(1 / (1 + np.exp(-(self.slope * logit(scores) + self.offset))), np.float32)

    def raw(self, probability: float) -> float:
        """The score that becomes this probability."""
        odds = float(logit(np.array([probability], np.float32))[0])
        return 1 / (1 + math.exp(-(odds - self.offset) / self.slope))


def logit(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """Logarithm of the odds, finite at 0 and 1 too."""
    inside = np.clip(np.asarray(scores, np.float64), _EDGE, 1 - _EDGE)
    return np.asarray(np.log(inside / (1 - inside)), np.float64)
