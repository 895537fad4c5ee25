"""Distances and blends from which the car's surface and its outlines are made: pure functions of arrays.

Source: Inigo Quilez, "2D distance functions" and "smooth minimum", both restated here from the geometry.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

Array = NDArray[np.float64]
Outline = Sequence[tuple[float, float]]

FAR_M = 9.0
"""Larger than any distance on the car."""


def smooth_max(a: Array, b: Array, k: float) -> Array:
    """The larger of two fields, with the edge where they meet rounded over about ``k`` metres."""
    return np.maximum(a, b) + np.square(np.maximum(k - np.abs(a - b), 0)) / (4 * k)


def smooth_min(a: Array, b: Array, k: float) -> Array:
    """The smaller of two fields, with the groove where they meet filled over about ``k`` metres."""
    return -smooth_max(-a, -b, k)


def step(t: Array) -> Array:
    """0 below 0, 1 above 1, and smooth in between."""
    t = np.clip(t, 0, 1)
    return t * t * (3 - 2 * t)


def curve(points: Outline) -> Callable[[Array], Array]:
    """A curve through points that does not overshoot between them (monotone cubic)."""
    ordered = sorted(points)
    fitted: Callable[[Array], Array] = PchipInterpolator(
        [a for a, _ in ordered], [b for _, b in ordered], extrapolate=True
    )
    return fitted


def polyline(u: Array, w: Array, points: Outline) -> Array:
    """Unsigned distance of each (u, w) to an open line through ``points``."""
    distance = np.full(u.shape, FAR_M)
    for (au, aw), (bu, bw) in pairwise(points):
        eu, ew = bu - au, bw - aw
        t = np.clip(((u - au) * eu + (w - aw) * ew) / (eu * eu + ew * ew), 0, 1)
        distance = np.minimum(distance, np.hypot(u - au - t * eu, w - aw - t * ew))
    return distance


def polygon(u: Array, w: Array, points: Outline, radius: float = 0.0) -> Array:
    """Signed distance of each (u, w) to a polygon: negative inside.

    Args:
        u: First coordinates, any shape.
        w: Second coordinates, same shape.
        points: Corners of the outline, either way round.
        radius: Radius of rounded corners, which stay within the outline given.
    """
    if radius:
        return polygon(u, w, _inset(points, radius)) - radius
    distance = polyline(u, w, [*points, points[0]])
    inside = np.zeros(u.shape, bool)
    for (au, aw), (bu, bw) in zip(points, [*points[1:], points[0]], strict=True):
        if bw != aw:
            crosses = (aw > w) != (bw > w)
            inside ^= crosses & (u < au + (w - aw) / (bw - aw) * (bu - au))
    return np.where(inside, -distance, distance)


def _inset(points: Outline, radius: float) -> Outline:
    """The outline with every edge moved inwards by ``radius``."""
    p = np.asarray(points, float)
    following = np.roll(p, -1, 0)
    turns_left = np.sum(p[:, 0] * following[:, 1] - p[:, 1] * following[:, 0]) > 0
    inner = []
    for i, corner in enumerate(p):
        arriving, leaving = corner - p[i - 1], following[i] - corner
        n1 = np.array([-arriving[1], arriving[0]]) / np.linalg.norm(arriving)
        n2 = np.array([-leaving[1], leaving[0]]) / np.linalg.norm(leaving)
        mitre = (n1 + n2) / (1 + n1 @ n2)
        moved = corner + mitre * radius * (1 if turns_left else -1)
        inner.append((float(moved[0]), float(moved[1])))
    return inner
