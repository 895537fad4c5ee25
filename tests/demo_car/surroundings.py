"""What the paint and the glass have to mirror: a car park between houses, hedges and trees, and the light."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import bpy
import numpy as np

from tests.demo_car.blender import Thing, box, rod, shape
from tests.demo_car.materials import asphalt_with_bays, bricks, leaves
from tests.demo_car.shaders import plain

Place = Callable[[float, float, float], tuple[float, float, float]]


@dataclass(frozen=True, slots=True)
class Light:
    """Where the sun stands, whether its disc is seen, and the exposure that suits."""

    elevation_deg: float
    bearing_deg: float
    disc: bool
    exposure_stops: float


LIGHTS = {
    "sun": Light(42, 40, True, -3.6),
    "overcast": Light(55, 150, False, -0.6),
    "evening": Light(14, 60, True, -2.2),
    "garage": Light(0, 0, False, 0.0),
}


def build(light: str, road_z: float) -> None:
    """Ground, neighbourhood and light.

    Args:
        light: A name of `LIGHTS`.
        road_z: Height of the ground.
    """
    shape(
        "ground",
        [(-60, -60, road_z), (60, -60, road_z), (60, 60, road_z), (-60, 60, road_z)],
        [(0, 1, 2, 3)],
        asphalt_with_bays(),
    )
    rng = np.random.default_rng(4)
    for quarter in range(4):
        _street(quarter, road_z, rng)
    if light == "garage":
        _strip_lights(road_z)
    else:
        _sky(LIGHTS[light], grey=light == "overcast")


def _street(quarter: int, road_z: float, rng: np.random.Generator) -> None:
    """One side of the yard: houses, a kerb, hedges and trees."""
    turn = quarter * math.pi / 2
    c, s = math.cos(turn), math.sin(turn)

    def at(out: float, along: float, up: float) -> tuple[float, float, float]:
        return (out * c - along * s, out * s + along * c, up + road_z)

    plaster, wall, glass = (
        plain("plaster", (0.55, 0.50, 0.42), 0.9),
        bricks(),
        plain("panes", (0.02, 0.025, 0.03), 0.05),
    )
    leaf = leaves()
    distance = 15 + 2.5 * quarter
    for i in range(-2, 3):
        height, width = rng.uniform(4.5, 8.5), rng.uniform(6, 9)
        front = plaster if (i + quarter) % 2 else wall
        # no bevel: smooth shading would make the house look round
        box("house", at(distance + 4, i * 9.5, height / 2), (6, width, height), front, 0, (0, 0, turn))
        for floor in range(int(height // 2.8)):
            for k in (-1, 0, 1):
                place = at(distance + 0.98, i * 9.5 + k * width / 3.3, 1.7 + 2.8 * floor)
                box("window", place, (0.06, 1.1, 1.4), glass, 0, (0, 0, turn))
    kerb = plain("kerb", (0.32, 0.31, 0.29), 0.9)
    box("kerb", at(distance - 3.0, 0, 0.06), (0.25, 60, 0.12), kerb, 0.02, (0, 0, turn))
    for i in range(-5, 6):
        if rng.random() < 0.65:
            r = rng.uniform(0.5, 1.0)
            out, along = distance - 1.6 + rng.uniform(-0.3, 0.3), i * 3.1 + rng.uniform(-1, 1)
            _bush(at(out, along, r * 0.6), (r, r * 1.5, r), leaf, rng)
        if rng.random() < 0.30:
            _tree(at, distance - 1.5, i * 3.1, leaf, rng)


def _tree(at: Place, out: float, along: float, leaf: Thing, rng: np.random.Generator) -> None:
    rod(at(out, along, 0), at(out, along, 2.6), 0.13, plain("bark", (0.06, 0.045, 0.03), 0.9))
    for _ in range(5):
        place = at(out + rng.uniform(-1, 1), along + rng.uniform(-1.2, 1.2), 3.4 + rng.uniform(-0.6, 1.2))
        _bush(place, (1.2, 1.3, 1.0), leaf, rng)


def _bush(
    place: tuple[float, float, float],
    scale: tuple[float, float, float],
    leaf: Thing,
    rng: np.random.Generator,
) -> None:
    """A ball crumpled by a dozen waves."""
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=5, radius=1, location=place)
    made = bpy.context.object
    made.scale = scale
    flat = np.empty(len(made.data.vertices) * 3)
    made.data.vertices.foreach_get("co", flat)
    points = flat.reshape(-1, 3)
    phases = rng.uniform(0, 6, (12, 1))
    waves = rng.normal(0, 1, (12, 3)) * np.repeat([3, 7, 16], 4)[:, None]
    heights = np.repeat([0.10, 0.07, 0.05], 4)[:, None] * np.sin(waves @ points.T + phases)
    points *= 1 + heights.sum(0)[:, None] + rng.normal(0, 0.02, (len(points), 1))
    made.data.vertices.foreach_set("co", points.ravel())
    made.data.update()
    made.data.materials.append(leaf)


def _world() -> tuple[Thing, Thing]:
    """A new world's node tree and its background node."""
    world = bpy.data.worlds.new("sky")
    bpy.context.scene.world = world
    world.use_nodes = True
    return world.node_tree, world.node_tree.nodes["Background"]


def _strip_lights(road_z: float) -> None:
    """A garage: glowing strips under a low ceiling."""
    _, background = _world()
    background.inputs[0].default_value = (0.05, 0.055, 0.06, 1)
    strip = plain("strip", (1, 1, 1), 0.5, glow=(1.0, 0.96, 0.88), power=22)
    box("ceiling", (0, 0, road_z + 3.1), (40, 40, 0.1), plain("ceiling", (0.4, 0.4, 0.4), 0.9), 0)
    for y in (-7.5, -4.5, -1.5, 1.5, 4.5, 7.5):
        for x in (-6, -2, 2, 6):
            box("strip", (x, y, road_z + 2.95), (1.5, 0.12, 0.06), strip, 0)


def _sky(light: Light, *, grey: bool) -> None:
    tree, background = _world()
    sky = tree.nodes.new("ShaderNodeTexSky")
    sky.sky_type = "MULTIPLE_SCATTERING"
    sky.sun_disc = light.disc
    sky.sun_size = math.radians(1.2)
    sky.sun_elevation, sky.sun_rotation = math.radians(light.elevation_deg), math.radians(light.bearing_deg)
    if not grey:
        tree.links.new(sky.outputs[0], background.inputs[0])
        return
    clouds = tree.nodes.new("ShaderNodeMixRGB")
    clouds.inputs[0].default_value = 0.85
    clouds.inputs[2].default_value = (1.72, 1.68, 1.64, 1)
    tree.links.new(sky.outputs[0], clouds.inputs[1])
    tree.links.new(clouds.outputs[0], background.inputs[0])
