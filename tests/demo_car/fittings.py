"""What is screwed onto the body: lamps, mirrors, handles, plates, wipers, washer jets, aerial, badges and lettering."""

import math
from typing import Any

import numpy as np

from tests.demo_car.blender import (
    FACING_FORWARD,
    FACING_REAR,
    Thing,
    box,
    chain,
    lathe,
    lettering,
    ring,
    rod,
    shape,
    soften,
)
from tests.demo_car.body import LEFT, RIGHT
from tests.demo_car.distance import step
from tests.demo_car.masks import Masks
from tests.demo_car.materials import reflector_cells
from tests.demo_car.shaders import plain
from tests.demo_car.surface import Mesh, Surface

_FOREMOST = (0, 0, -math.pi / 2)
"""Turns a lathe's axis from y to x."""


def fit(surface: Surface, mesh: Mesh, masks: Masks, paint: Thing, plate: str) -> None:
    """Everything of this module, onto an undented car.

    Args:
        surface: Where things are to sit.
        mesh: The body's mesh, of whose lamps the bowls are copies moved inwards.
        masks: Its distances.
        paint: Material of handles and mirrors.
        plate: Words on the number plates.
    """
    _bowls(mesh, masks)
    for side in (LEFT, RIGHT):
        _headlamp(surface, side)
        _tail_lamp(surface, side)
        _mirror(surface, side, paint)
        _handle(surface, -0.10, 0.845, side, paint)
        _handle(surface, -1.06, 0.865, side, paint)
    _lock(surface)
    _front_plate(surface, plate)
    _rear_plate(surface, plate)
    _badges(surface)
    _wipers_and_jets(surface)
    _aerial(surface, paint)


def _bowls(mesh: Mesh, masks: Masks) -> None:
    """Behind each lamp's glass the same surface, moved inwards."""
    black = plain("lamp black", (0.012, 0.012, 0.014), 0.25, coat=0.4)
    for name, depth, material in (("lamp", 0.055, black), ("tail", 0.030, reflector_cells())):
        kept = mesh.triangles[(masks[name][mesh.triangles] < 0.004).all(1)]
        used, renumbered = np.unique(kept, return_inverse=True)
        inwards = depth * step(-masks[name][used].astype(np.float64) / 0.02 + 0.1)
        shape(
            name + " bowl",
            mesh.points[used] - mesh.normals[used] * inwards[:, None],
            renumbered.reshape(-1, 3),
            material,
        )


def _headlamp(surface: Surface, side: int) -> None:
    chrome = plain("reflector", (0.62, 0.63, 0.65), 0.14, 1.0)
    glass = plain("projector", (0.25, 0.27, 0.30), 0.03, 0.9)
    bright = plain("day lamp", (0.9, 0.9, 0.9), 0.2, glow=(1, 0.97, 0.92), power=2.5)
    for y, z, r in ((0.575, 0.668, 0.029), (0.672, 0.697, 0.034)):
        x = surface.front_x(y, z)
        dome = [(r * math.sin(a), r * 0.5 * math.cos(a)) for a in np.linspace(0.01, math.pi, 17)]
        lathe("projector", dome, glass, 48, (x - 0.050, side * y, z), _FOREMOST)
        rim = [
            (r * 1.15 * (1 + 0.12 * math.cos(a)), r * 0.29 * math.sin(a))
            for a in np.linspace(0.01, 2 * math.pi, 17)
        ]
        lathe("projector rim", rim, chrome, 48, (x - 0.056, side * y, z), _FOREMOST)
    guide = ((0.50, 0.655), (0.60, 0.645), (0.69, 0.645), (0.745, 0.685), (0.775, 0.735), (0.79, 0.775))
    chain([(surface.front_x(y, z) - 0.030, side * y, z) for y, z in guide], 0.0055, bright)


def _tail_lamp(surface: Surface, side: int) -> None:
    glow = plain("tail guide", (0.9, 0.3, 0.3), 0.3, glow=(1, 0.15, 0.1), power=1.2)
    for z in (0.825, 0.885):
        chain([(surface.rear_x(y, z) + 0.016, side * y, z) for y in np.linspace(0.48, 0.76, 8)], 0.006, glow)


def _mirror(surface: Surface, side: int, paint: Thing) -> None:
    y = surface.side_y(0.60, 1.0)
    middle = (0.60, side * (y + 0.135), 1.015)
    soften(box("mirror", middle, (0.115, 0.215, 0.135), paint, 0.05, (0, 0, side * -0.12), 8))
    glass = plain("mirror glass", (0.9, 0.9, 0.9), 0.01, 1.0)
    box("mirror glass", (0.548, middle[1], 1.015), (0.012, 0.165, 0.095), glass, 0.005, (0, 0, side * -0.10))
    black = plain("mirror foot", (0.012, 0.012, 0.012), 0.4)
    box(
        "mirror foot",
        (0.62, side * (y + 0.01), 0.965),
        (0.09, 0.12, 0.04),
        black,
        0.018,
        (side * -0.25, 0, 0),
    )


def _lean(surface: Surface, x: float, z: float) -> float:
    return math.atan2(surface.side_y(x, z - 0.03) - surface.side_y(x, z + 0.03), 0.06)


def _handle(surface: Surface, x: float, z: float, side: int, paint: Thing) -> None:
    y, lean = surface.side_y(x, z), _lean(surface, x, z) * side
    black = plain("handle recess", (0.006, 0.006, 0.006), 0.6)
    box(
        "handle recess",
        (x + 0.02, side * (y - 0.006), z - 0.002),
        (0.10, 0.020, 0.052),
        black,
        0.0095,
        (lean, 0, 0),
    )
    box("handle", (x, side * (y + 0.016), z), (0.185, 0.020, 0.026), paint, 0.0098, (lean, 0.02, 0), 5)


def _lock(surface: Surface) -> None:
    x, y, z = surface.side_point(-0.215, 0.845, LEFT)
    steel = plain("lock", (0.35, 0.35, 0.36), 0.3, 1.0)
    lathe("lock", [(0.0001, 0.003), (0.010, 0.003), (0.012, 0.0)], steel, 32, (x, y, z))


def _front_plate(surface: Surface, words: str) -> None:
    x, z = surface.front_x(0.0, 0.505) + 0.012, 0.505
    materials = _plate_materials()
    _plate(x, z, 1, 0.0, words, materials)


def _rear_plate(surface: Surface, words: str) -> None:
    x, z = surface.rear_x(0.0, 0.735) - 0.014, 0.735
    _plate(x, z, -1, 0.14, words, _plate_materials())


def _plate_materials() -> dict[str, Any]:
    return {
        "white": plain("plate", (0.78, 0.78, 0.76), 0.35),
        "ink": plain("plate ink", (0.01, 0.01, 0.01), 0.5),
        "band": plain("plate band", (0.01, 0.05, 0.35), 0.4),
        "frame": plain("plate frame", (0.012, 0.012, 0.012), 0.4),
    }


def _plate(x: float, z: float, facing: int, tilt: float, words: str, materials: dict[str, Any]) -> None:
    turned = (0, tilt, 0)
    box("plate", (x, 0, z), (0.010, 0.52, 0.112), materials["white"], 0.004, turned)
    band = (x + 0.0012 * facing, -0.24 * facing, z)
    box("plate band", band, (0.010, 0.038, 0.108), materials["band"], 0.003, turned)
    box("plate frame", (x - 0.006 * facing, 0, z), (0.012, 0.545, 0.135), materials["frame"], 0.005, turned)
    upright, _, bearing = FACING_FORWARD if facing > 0 else FACING_REAR
    at = (x + 0.0058 * facing, 0.02 * facing, z)
    lettering(words, at, (upright - tilt, 0, bearing), 0.105, materials["ink"]).scale = (0.88, 1.05, 1)


def _badges(surface: Surface) -> None:
    chrome = plain("chrome", (0.7, 0.7, 0.72), 0.08, 1.0)
    front, rear = surface.front_x(0.0, 0.705) + 0.002, surface.rear_x(0.0, 0.86) - 0.002
    for x, z, tilt in ((front, 0.705, -0.75), (rear, 0.86, 0.25)):
        badge = lathe(
            "badge", ring(0.034, 0.006, 13, flat=0.83), chrome, 64, (x, 0, z), (tilt, 0, math.pi / 2)
        )
        badge.scale = (1.25, 1, 0.8)
    for words, y in (("DEMO", 0.36), ("1.4 e", -0.38)):
        z = 0.885
        x = surface.rear_x(abs(y), z)
        lean = math.atan2(x - surface.rear_x(abs(y), z - 0.03), 0.03)
        sweep = math.atan2(surface.rear_x(abs(y) + 0.05, z) - x, 0.05) * (-1 if y > 0 else 1)
        lettering(
            words, (x - 0.004, y, z), (math.pi / 2 - lean, 0, -math.pi / 2 + sweep), 0.052, chrome, 0.003
        )


def _wipers_and_jets(surface: Surface) -> None:
    black = plain("wiper", (0.01, 0.01, 0.01), 0.5)
    for inner, outer in ((0.42, -0.10), (-0.12, -0.60)):
        start, end = (
            np.array([surface.front_x(abs(y), z) + 0.012, y, z]) for y, z in ((inner, 1.005), (outer, 1.045))
        )
        rod(start, end, 0.007, black)
        rod(
            start + np.array([0.02, 0.02, -0.02]), (start + end) / 2 + np.array([0.012, 0, 0]), 0.005, black
        )  # arm
    for y in (0.30, -0.30):
        heights = np.linspace(0.90, 1.10, 801)
        inside = surface.field(np.full_like(heights, 1.18), np.full_like(heights, y), heights) < 0
        box("washer jet", (1.18, y, float(heights[inside][-1])), (0.030, 0.022, 0.014), black, 0.006)


def _aerial(surface: Surface, paint: Thing) -> None:
    heights = np.linspace(1.2, 1.7, 1001)
    x = surface.body.spoiler[0] + 0.36
    inside = surface.field(np.full_like(heights, x), np.zeros_like(heights), heights) < 0
    z = float(heights[inside][-1])
    fin = [(x + 0.085, 0.004), (x + 0.02, 0.022), (x - 0.045, 0.058), (x - 0.070, 0.060), (x - 0.080, 0.004)]
    points = [(px, y * (0.020 if up < 0.01 else 0.008), z + up - 0.004) for y in (1, -1) for px, up in fin]
    k = len(fin)
    faces: list[tuple[int, ...]] = [tuple(range(k)), tuple(range(k, 2 * k))[::-1]]
    faces += [(i, i + k, (i + 1) % k + k, (i + 1) % k) for i in range(k)]
    shape("aerial", points, faces, paint, smooth=False)
