"""Two dials and a display with the odometer, under a hood and a pane.

Here u is to the right and w up, as the driver sees it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tests.demo_car.blender import FACING_REAR, Thing, box, empty, lathe, lettering, ring, shape
from tests.demo_car.shaders import Colour, Shader, pane, plain

_SEGMENTS = {
    "0": "abcdef", "1": "bc", "2": "abged", "3": "abgcd", "4": "fgbc",
    "5": "afgcd", "6": "afgedc", "7": "abc", "8": "abcdefg", "9": "abcdfg",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """What the odometer shows."""

    digits: str
    unit: str = "km"
    style: Literal["segments", "font"] = "font"
    height: float = 1.0
    """Size of the digits, 1 being 15 mm."""
    trip: str = ""
    """A second line below, as cars have for the trip; it must not be taken for the odometer."""


@dataclass(frozen=True, slots=True)
class _Inks:
    face: Thing
    white: Thing
    red: Thing
    ring: Thing
    display: Thing
    lit: Thing
    shade: Thing


def instruments(readings: Sequence[Reading], glow: Colour = (0.75, 0.92, 1.0)) -> list[list[Thing]]:
    """Build the cluster; all readings lie over each other.

    Returns:
        The objects of each reading: hide all but one reading's before rendering.
    """
    root = empty("cluster", (0.44, 0.36, 0.945), (0, 0.28, 0))
    inks = _Inks(
        face=plain("dial", (0.012, 0.012, 0.014), 0.6),
        white=plain("dial ink", (0.8, 0.8, 0.8), 0.6, glow=(0.9, 0.95, 1.0), power=1.6),
        red=plain("needle", (0.8, 0.05, 0.02), 0.4, glow=(1.0, 0.10, 0.03), power=1.5),
        ring=plain("dial ring", (0.45, 0.46, 0.48), 0.2, 1.0),
        display=plain("display", (0.010, 0.016, 0.022), 0.25, glow=(0.10, 0.22, 0.30), power=0.10),
        lit=plain("display ink", (0.9, 0.9, 0.9), 0.5, glow=glow, power=2.6),
        shade=plain("binnacle", (0.020, 0.020, 0.022), 0.6),
    )
    box("panel", _at(0, 0, -0.004), (0.006, 0.330, 0.135), inks.face, 0.002, parent=root)
    _dial(root, inks, 0.098, top=240, unit_step=20, unit="km/h")
    _dial(root, inks, -0.098, top=7, unit_step=1, unit="1/min x1000")
    _housing(root, inks)
    box("display", _at(0, -0.002, 0.0006), (0.001, 0.076, 0.080), inks.display, 0, parent=root)
    for words, u, w, size in (
        ("ODO", -0.026, -0.0085, 0.0052),
        ("P", 0, 0.017, 0.020),
        ("21.5 C   10:24", 0, 0.0335, 0.0062),
    ):
        lettering(words, _at(u, w, 0.0016), FACING_REAR, size, inks.lit, 0, parent=root)
    return [_reading(root, inks.lit, reading) for reading in readings]


def _at(u: float, w: float, towards: float = 0.0) -> tuple[float, float, float]:
    """(to the right, up, towards the driver) in the frame of the cluster."""
    return (-towards, -u, w)


def _reading(root: Thing, lit: Thing, reading: Reading) -> list[Thing]:
    if reading.style == "font":
        at = _at(-0.006, -0.022, 0.0016)
        digits = lettering(reading.digits, at, FACING_REAR, 0.0155 * reading.height, lit, 0, parent=root)
    else:
        points, faces = _seven_segments(reading.digits, 0.0125 * reading.height)
        digits = shape(
            "odometer", [_at(u - 0.006, w - 0.022, 0.0016) for u, w in points], faces, lit, smooth=False
        )
        digits.parent = root
    made = [
        digits,
        lettering(reading.unit, _at(0.031, -0.026, 0.0016), FACING_REAR, 0.0075, lit, 0, parent=root),
    ]
    if reading.trip:
        made.append(
            lettering(reading.trip, _at(0, -0.0365, 0.0016), FACING_REAR, 0.0055, lit, 0, parent=root)
        )
    return made


def _seven_segments(digits: str, height: float) -> tuple[list[tuple[float, float]], list[tuple[int, ...]]]:
    """Flat hexagons, slanted a little, centred: vertices (u, w) and faces."""
    width, half = 0.52 * height, 0.058 * height
    pitch, gap = 0.80 * height, 0.0058 * height
    places = {
        "a": (0, height, True), "g": (0, height / 2, True), "d": (0, 0, True), "f": (0, height / 2, False),
        "b": (width, height / 2, False), "e": (0, 0, False), "c": (width, 0, False),
    }  # fmt: skip
    points: list[tuple[float, float]] = []
    faces = []
    for i, digit in enumerate(digits):
        for segment in _SEGMENTS.get(digit, ""):
            u, w, lies = places[segment]
            length = width if lies else height / 2
            far = length - gap
            outline = (
                (gap, 0),
                (gap + half, half),
                (far - half, half),
                (far, 0),
                (far - half, -half),
                (gap + half, -half),
            )
            faces.append(tuple(range(len(points), len(points) + 6)))
            for along, aside in outline:
                a, b = (u + along, w + aside) if lies else (u + aside, w + along)
                points.append((a + 0.10 * b + i * pitch, b))
    middle = (len(digits) * pitch - (pitch - width)) / 2
    return [(a - middle, b - height / 2) for a, b in points], faces


def _dial(root: Thing, inks: _Inks, u: float, top: int, unit_step: int, unit: str) -> None:
    lathe("dial ring", ring(0.054, 0.0022, 13), inks.ring, 96, _at(u, 0), (0, 0, math.pi / 2), parent=root)
    count = top // unit_step
    for i in range(count * 2 + 1):
        a = math.radians(225 - 270 * i / (count * 2))
        numbered = i % 2 == 0
        length = 0.0065 if numbered else 0.0035
        r = 0.051 - length / 2
        at = _at(u + r * math.cos(a), r * math.sin(a), 0.0012)
        box("tick", at, (0.0004, 0.0011, length), inks.white, 0, (math.pi / 2 - a, 0, 0), parent=root)
        if numbered:
            at = _at(u + 0.0385 * math.cos(a), 0.0385 * math.sin(a), 0.0012)
            lettering(str(i // 2 * unit_step), at, FACING_REAR, 0.0082, inks.white, 0, parent=root)
    lettering(unit, _at(u, -0.022, 0.0012), FACING_REAR, 0.0065, inks.white, 0, parent=root)
    a = math.radians(225)  # at rest
    at = _at(u + 0.018 * math.cos(a), 0.018 * math.sin(a), 0.004)
    box("needle", at, (0.001, 0.0016, 0.046), inks.red, 0, (math.pi / 2 - a, 0, 0), parent=root)
    cap = [(0.0001, 0.006), (0.007, 0.005), (0.008, 0.0)]
    lathe("cap", cap, inks.face, 32, _at(u, 0), (0, 0, math.pi / 2), parent=root)


def _housing(root: Thing, inks: _Inks) -> None:
    box("hood", _at(0, 0.078, 0.035), (0.12, 0.36, 0.014), inks.shade, 0.006, (0, 0.06, 0), parent=root)
    for side in (-1, 1):
        box("cheek", _at(0.172 * side, 0.005, 0.020), (0.085, 0.014, 0.155), inks.shade, 0.006, parent=root)
    box("ledge", _at(0, -0.076, 0.018), (0.080, 0.35, 0.014), inks.shade, 0.006, parent=root)
    glass = Shader("cluster pane")
    corners = [(-0.166, -0.07, 0.030), (0.166, -0.07, 0.030), (0.166, 0.07, 0.045), (-0.166, 0.07, 0.045)]
    material = glass.done(pane(glass, (0.97, 0.97, 0.97), 0.5))
    shape("cluster pane", [_at(*c) for c in corners], [(0, 1, 2, 3)], material, smooth=False).parent = root
