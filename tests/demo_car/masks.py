"""Windows, lamps, trim, joints and scratches as signed distances per vertex, which the paint's shader cuts at zero.

An edge cut in the shader is sharp whatever the mesh. A joint a few millimetres wide stays unbroken on a mesh of one
centimetre as long as the distance stored is signed: interpolation between vertices would fill the kink of an absolute
value, so the shader takes it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tests.demo_car.body import Body
from tests.demo_car.damage import SCRATCH_WIDTH_M, Damage, Scrape, Scratch
from tests.demo_car.distance import Array, curve, polygon
from tests.demo_car.surface import Mesh

Masks = dict[str, NDArray[np.float32]]

_FRONT_DOOR = (
    (0.90, 0.97),
    (0.83, 0.34),
    (0.80, 0.285),
    (-0.27, 0.285),
    (-0.29, 0.95),
    (-0.215, 1.40),
    (0.15, 1.385),
)
_REAR_DOOR = (
    (-0.27, 0.285), (-0.78, 0.285), (-0.90, 0.40), (-1.02, 0.62), (-1.22, 0.74),
    (-1.27, 0.95), (-1.20, 1.365), (-0.22, 1.40), (-0.29, 0.95),
)  # fmt: skip
_BONNET = ((0.60, -0.74), (1.70, -0.69), (1.88, -0.50), (1.935, 0), (1.88, 0.50), (1.70, 0.69), (0.60, 0.74))
_GATE = (
    (-0.60, 0.685),
    (0.60, 0.685),
    (0.64, 0.80),
    (0.66, 1.10),
    (0.54, 1.50),
    (-0.54, 1.50),
    (-0.64, 0.80),
)
_HEADLAMP = ((0.475, 0.640), (0.70, 0.625), (0.800, 0.70), (0.822, 0.800), (0.70, 0.772), (0.49, 0.69))
_TAIL_LAMP = ((0.42, 0.80), (0.66, 0.765), (0.90, 0.80), (0.90, 0.915), (0.66, 0.945), (0.43, 0.875))


def masks(mesh: Mesh, body: Body, damage: Sequence[Damage] = ()) -> Masks:
    """Distances in metres, clipped at -1, one array ``(N,)`` for each name.

    ``glass trim grille lamp tail tint`` are negative inside; ``joint_*`` and ``scratch_*`` are zero on the line;
    ``scrape`` is negative on the scraped patch.
    """
    layers = {
        **_glass(mesh, body),
        **_plastic(mesh, body),
        **_lamps(mesh),
        **_joints(mesh, body),
        **_damage(mesh, damage),
    }
    return {name: np.maximum(distance, -1).astype(np.float32) for name, distance in layers.items()}


def _far(mesh: Mesh) -> Array:
    return np.ones(len(mesh.points))


def _glass(mesh: Mesh, body: Body) -> dict[str, Array]:
    x, y, z = mesh.points[:, 0], np.abs(mesh.points[:, 1]), body.unstretched(mesh.points[:, 2])
    nx, ny = mesh.normals[:, 0], np.abs(mesh.normals[:, 1])
    far = _far(mesh)
    side = np.where((ny > 0.30) & (z > 0.9), polygon(x, z, body.side_glass, 0.03), far)
    middle_pillar = 0.040 - np.abs(x + 0.29 - 0.10 * (1.2 - z))
    rear_strip = 0.014 - np.abs(x - body.quarter_strip_x - 0.12 * (1.2 - z))
    panes = np.maximum(np.maximum(side, middle_pillar), rear_strip)
    outline = ((-0.70, 0.995), (0.70, 0.995), (0.515, 1.372), (-0.515, 1.372))
    screen = np.where((nx > 0.2) & (z > 0.93) & (x > 0), polygon(y, z, outline, 0.04), far)
    sensors = polygon(y, z, ((-0.085, 1.29), (0.085, 1.29), (0.105, 1.40), (-0.105, 1.40)), 0.02)
    outline = ((-0.60, 1.035), (0.60, 1.035), (0.50, 1.295), (-0.50, 1.295))
    rear = np.where((nx < -0.3) & (z > 0.95) & (x < -1.3), polygon(y, z, outline, 0.05), far)
    glass = np.minimum(np.minimum(panes, np.maximum(screen + 0.012, -sensors)), rear + 0.010)
    frames = np.minimum(np.minimum(side - 0.016, screen), rear)
    return {"glass": glass, "frames": frames, "tint": np.where(screen < 0.05, 1.315 - z, far)}


def _plastic(mesh: Mesh, body: Body) -> dict[str, Array]:
    x, y, z = mesh.points[:, 0], np.abs(mesh.points[:, 1]), mesh.points[:, 2]
    far = _far(mesh)
    trim = z - 0.215 - body.cladding
    apron = np.maximum(z - 0.36, x - body.tail - 0.23 + 0.20 * (y / 0.8) ** 2)
    trim = np.minimum(trim, np.where(x < -1.2, apron, far))
    for front in (True, False):
        r = np.hypot(x - body.axle_x(front=front), z - body.hub_z + 0.001)
        trim = np.minimum(trim, np.where(y > 0.45, r - body.tyre_radius - 0.036 - body.cladding, far))
    trim = np.where(mesh.normals[:, 2] < -0.8, -0.1, trim)
    bar = polygon(y, z, ((-0.42, 0.612), (0.42, 0.612), (0.46, 0.668), (-0.46, 0.668)), 0.015)
    intake = polygon(y, z, ((-0.50, 0.275), (0.50, 0.275), (0.43, 0.43), (-0.43, 0.43)), 0.03)
    duct = polygon(y, z, ((0.57, 0.30), (0.72, 0.33), (0.715, 0.43), (0.60, 0.40)), 0.02)
    front_face = (x > 1.3) & (mesh.normals[:, 0] > 0.05)
    return {"trim": trim, "grille": np.where(front_face, np.minimum(np.minimum(bar, intake), duct), far)}


def _lamps(mesh: Mesh) -> dict[str, Array]:
    x, y, z = mesh.points[:, 0], np.abs(mesh.points[:, 1]), mesh.points[:, 2]
    ahead = (x > 1.3) & (mesh.normals[:, 0] > 0.05) & (z > 0.5)
    behind = (x < -1.5) & (mesh.normals[:, 0] < -0.08)
    return {
        "lamp": np.where(ahead, polygon(y, z, _HEADLAMP, 0.02), _far(mesh)),
        "tail": np.where(behind, polygon(y, z, _TAIL_LAMP, 0.02), _far(mesh)),
    }


def _joints(mesh: Mesh, body: Body) -> dict[str, Array]:
    x, y, z = mesh.points[:, 0], mesh.points[:, 1], body.unstretched(mesh.points[:, 2])
    nx, ny, nz = mesh.normals[:, 0], np.abs(mesh.normals[:, 1]), mesh.normals[:, 2]
    on_side = ny > 0.30
    bumper = np.where(
        x > 0,
        z - curve(((1.50, 0.590), (1.80, 0.615), (2.02, 0.600), (2.3, 0.600)))(np.maximum(x, 1.5)),
        z - curve(((-1.45, 0.635), (-1.75, 0.665), (-2.5, 0.665)))(np.minimum(x, -1.45)),
    )
    ahead = (nz > 0.12) & (x > 0.95) & (z < 1.05)
    behind = (x < -1.5) & (nx < -0.08) & (z < 1.30)
    return {
        "joint_front_door": _only(on_side & (z < 1.385), polygon(x, z, _FRONT_DOOR, 0.03)),
        "joint_rear_door": _only(on_side & (z < 1.385), polygon(x, z, _REAR_DOOR, 0.03)),
        "joint_bonnet": _only(ahead, polygon(x, y, _BONNET)),
        "joint_gate": _only(behind, polygon(y, z, _GATE, 0.03)),
        "joint_bumper": _only((np.abs(x) > 1.5) & (on_side | (nx < 0)), bumper),
        "joint_fuel": _only(
            (y < 0) & on_side,
            polygon(x, z, ((-1.46, 0.79), (-1.60, 0.79), (-1.60, 0.92), (-1.46, 0.92)), 0.03),
        ),
    }


def _only(where: NDArray[np.bool_], distance: Array) -> Array:
    """The distance in a region, and elsewhere far off on the same side: no crossing where the region ends."""
    return np.where(where, distance, np.copysign(1.0, distance))


def _damage(mesh: Mesh, damage: Sequence[Damage]) -> dict[str, Array]:
    x, y, z = mesh.points.T
    layers: dict[str, Array] = {}
    for one in damage:
        if isinstance(one, Scratch):
            on_side = (np.abs(mesh.normals[:, 1]) > 0.30) & (y * one.side > 0)
            layers[f"scratch_{len(layers)}"] = _only(
                on_side, one.offset(x, z) * (SCRATCH_WIDTH_M / one.width)
            )
        elif isinstance(one, Scrape):
            corner = (y * one.side > 0) & (x < -1.6)
            layers["scrape"] = np.where(corner, polygon(np.abs(y), z, one.points, 0.02) * 0.15, _far(mesh))
    return layers
