"""Short words for making Blender objects: meshes from arrays, boxes, turned profiles, rods and lettering."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import bpy
import numpy as np

from tests.demo_car.distance import Array

Vector = Sequence[float]
Profile = Sequence[tuple[float, float]]
Thing = Any
"""A ``bpy`` object or material: Blender's types are made at run time and have no stubs."""

FACING_FORWARD = (math.pi / 2, 0.0, math.pi / 2)
"""Rotation of lettering read from ahead of the car."""
FACING_REAR = (math.pi / 2, 0.0, -math.pi / 2)
"""Rotation of lettering read from behind the car, or from its seats."""


def ring(radius: float, thickness: float, count: int, flat: float = 1.0) -> list[tuple[float, float]]:
    """Profile of a torus for `lathe`: circle of ``thickness`` round ``radius``."""
    turns = np.linspace(0, 2 * math.pi, count)
    return [(radius + thickness * math.cos(a), flat * thickness * math.sin(a)) for a in turns]


def empty(name: str, location: Vector = (0, 0, 0), rotation: Vector = (0, 0, 0)) -> Thing:
    """An object without shape, to which others are attached."""
    return _link(bpy.data.objects.new(name, None), location, rotation)


def shape(
    name: str,
    points: Iterable[Vector],
    faces: Iterable[Iterable[int]],
    material: Thing,
    normals: Iterable[Vector] | None = None,
    *,
    smooth: bool = True,
) -> Thing:
    """A mesh from vertices and faces; ``normals``, one a vertex, replace Blender's own."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([tuple(map(float, p)) for p in points], [], [tuple(map(int, f)) for f in faces])
    mesh.update()
    if smooth:
        mesh.polygons.foreach_set("use_smooth", [True] * len(mesh.polygons))
    if normals is not None:
        mesh.normals_split_custom_set_from_vertices([tuple(map(float, n)) for n in normals])
    mesh.materials.append(material)
    return _link(bpy.data.objects.new(name, mesh))


def box(
    name: str,
    centre: Vector,
    size: Vector,
    material: Thing,
    bevel: float = 0.02,
    rotation: Vector = (0, 0, 0),
    segments: int = 4,
    parent: Thing = None,
) -> Thing:
    """A box whose edges are rounded by ``bevel`` metres."""
    sx, sy, sz = (s / 2 for s in size)
    corners = [(i * sx, j * sy, k * sz) for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)]
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    made = shape(name, corners, faces, material, smooth=bool(bevel))
    made.location, made.rotation_euler, made.parent = centre, rotation, parent
    if bevel:
        modify(made, "BEVEL", width=min(bevel, min(size) * 0.49), segments=segments, limit_method="NONE")
    return made


def soften(thing: Thing) -> Thing:
    """Round a box further, as upholstery and moulded parts are."""
    return modify(thing, "SUBSURF", levels=1, render_levels=2)


def modify(thing: Thing, kind: str, **settings: object) -> Thing:
    """Add a modifier."""
    modifier = thing.modifiers.new(kind, kind)
    for name, value in settings.items():
        setattr(modifier, name, value)
    return thing


def lathe(
    name: str,
    profile: Profile,
    material: Thing,
    count: int = 96,
    location: Vector = (0, 0, 0),
    rotation: Vector = (0, 0, 0),
    arc_deg: tuple[float, float] | None = None,
    parent: Thing = None,
) -> Thing:
    """A profile of (radius, height along y) turned round y, wholly or through ``arc_deg``."""
    whole = arc_deg is None
    start, end = arc_deg or (0, 360 * (count - 1) / count)
    angles = np.radians(np.linspace(start, end, count))
    points = [(r * math.cos(a), t, r * math.sin(a)) for a in angles for r, t in profile]
    k = len(profile)
    faces = []
    for i in range(count if whole else count - 1):
        here, there = i * k, (i + 1) % count * k
        faces += [(here + j, there + j, there + j + 1, here + j + 1) for j in range(k - 1)]
    made = shape(name, points, faces, material)
    made.location, made.rotation_euler, made.parent = location, rotation, parent
    return made


def rod(
    start: Vector | Array,
    end: Vector | Array,
    radius: float,
    material: Thing,
    sides: int = 12,
    parent: Thing = None,
) -> Thing:
    """A round bar between two points."""
    a, b = np.asarray(start, float), np.asarray(end, float)
    along = (b - a) / np.linalg.norm(b - a)
    across = np.cross(along, (0, 0, 1.0) if abs(along[2]) < 0.9 else (1.0, 0, 0))
    across /= np.linalg.norm(across)
    other = np.cross(along, across)
    turns = np.linspace(0, 2 * math.pi, sides, endpoint=False)
    circle = [across * math.cos(t) * radius + other * math.sin(t) * radius for t in turns]
    overlap = along * radius * 0.4
    points = [a - overlap + p for p in circle] + [b + overlap + p for p in circle]
    faces: list[tuple[int, ...]] = [
        (i, (i + 1) % sides, sides + (i + 1) % sides, sides + i) for i in range(sides)
    ]
    faces += [tuple(range(sides))[::-1], tuple(range(sides, 2 * sides))]
    made = shape("rod", points, faces, material)
    made.parent = parent
    return made


def chain(points: Sequence[Vector], radius: float, material: Thing) -> None:
    """Rods from each point to the next."""
    for a, b in pairwise(points):
        rod(a, b, radius, material)


def lettering(
    words: str,
    location: Vector,
    rotation: Vector,
    size: float,
    material: Thing,
    depth: float = 0.0008,
    parent: Thing = None,
) -> Thing:
    """Words in Blender's built-in font, centred; ``size`` is the height of a line in metres."""
    letters = bpy.data.curves.new("lettering", "FONT")
    letters.body, letters.size, letters.extrude = words, size, depth
    letters.align_x, letters.align_y = "CENTER", "CENTER"
    letters.materials.append(material)
    made = _link(bpy.data.objects.new("lettering", letters), location, rotation)
    made.parent = parent
    return made


def _link(made: Thing, location: Vector = (0, 0, 0), rotation: Vector = (0, 0, 0)) -> Thing:
    made.location, made.rotation_euler = location, rotation
    bpy.context.collection.objects.link(made)
    return made
