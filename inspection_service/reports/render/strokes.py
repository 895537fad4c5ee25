"""What an operator drew on a frozen frame, as a transparent picture to lay over it.

Only numbers are taken; every line is drawn twice, light under dark, so that it is seen on any car.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

UNITS: Final = 1000
"""Width of the drawing."""
MOST_POINTS: Final = 20_000
THINNEST: Final = 0.003
THICKEST: Final = 0.05
"""Of a line, as shares of the picture's width."""


def strokes_svg(strokes: Sequence[Mapping[str, Any]], width_px: int, height_px: int) -> bytes | None:
    """Draw strokes whose points are shares of the upright picture's sides.

    Returns:
        An SVG document of the picture's shape; ``None`` when there is nothing to draw.
    """
    height = UNITS * height_px / width_px
    drawn: list[tuple[str, float]] = []
    left = MOST_POINTS
    for stroke in strokes:
        points = stroke["points"][:left]
        left -= len(points)
        if not points:
            continue
        placed = [f"{_bounded(x) * UNITS:.1f} {_bounded(y) * height:.1f}" for x, y in points]
        path = "M" + " L".join(placed if len(placed) > 1 else placed * 2)
        drawn.append((path, UNITS * min(max(float(stroke["width"]), THINNEST), THICKEST)))
    if not drawn:
        return None
    lines = "".join(
        f'<path d="{path}" stroke="{colour}" stroke-width="{width * thicker:.1f}"/>'
        for colour, thicker in (("#ffffff", 1.8), ("#d4145a", 1.0))
        for path, width in drawn
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {UNITS} {height:.1f}" '
        f'width="{UNITS}" height="{height:.1f}">'
        f'<g fill="none" stroke-linecap="round" stroke-linejoin="round">{lines}</g></svg>'
    ).encode("ascii")


def _bounded(share: float) -> float:
    return min(max(float(share), 0.0), 1.0)
