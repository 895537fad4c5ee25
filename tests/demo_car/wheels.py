"""Tyre, rim, brake and wheel house."""

import math

import numpy as np

from tests.demo_car.blender import Thing, box, empty, lathe, ring, rod, shape
from tests.demo_car.body import LEFT, Body
from tests.demo_car.materials import alloy, rubber
from tests.demo_car.shaders import plain


def wheel(body: Body, side: int, *, front: bool) -> None:
    """One wheel at its place, turned a little so that no two stand alike."""
    turned = 0.35 * (1 + front) + side * 0.4
    at = (body.axle_x(front=front), side * body.track / 2, body.hub_z)
    hub = empty("wheel", at, (0, turned, 0 if side == LEFT else math.pi))
    dark = plain("wheel dark", (0.012, 0.012, 0.013), 0.6)
    steel = plain("disc", (0.22, 0.21, 0.20), 0.35, 0.9)
    _tyre(body, hub)
    _rim(body, hub, alloy(), dark, steel)
    grey = plain("caliper", (0.16, 0.16, 0.165), 0.5, 0.6)
    box("caliper", (-0.115 if front else 0.115, 0.01, 0.03), (0.055, 0.07, 0.13), grey, 0.015, parent=hub)
    r = body.tyre_radius + 0.030
    liner = plain("arch liner", (0.008, 0.008, 0.008), 0.95)
    # half a cylinder: a whole one would stick out through the road
    arch = [(r, 0.16), (r, -0.30), (0.02, -0.30)]
    house = lathe(
        "wheel house", arch, liner, 48, (at[0], side * 0.70, body.hub_z - 0.001), arc_deg=(-20, 200)
    )
    house.scale = (1, side, 1)


def _tyre(body: Body, hub: Thing) -> None:
    outer, inner, h = body.tyre_radius, body.rim_radius, body.tyre_width / 2
    black = rubber()
    wall = [
        (inner - 0.004, -h + 0.012),
        (inner + 0.006, -h + 0.006),
        (inner + 0.040, -h - 0.004),
        (inner + 0.062, -h - 0.003),
        (outer - 0.022, -h + 0.006),
        (outer - 0.008, -h + 0.016),
        (outer - 0.002, -h + 0.030),
    ]
    tread = []
    for groove in (-0.047, -0.016, 0.016, 0.047):
        tread += [(outer, groove - 0.0055), (outer - 0.008, groove - 0.0045)]
        tread += [(outer - 0.008, groove + 0.0045), (outer, groove + 0.0055)]
    lathe("tyre", [*wall, *tread, *((r, -t) for r, t in reversed(wall))], black, 160, parent=hub)
    radii = [inner + 0.006, inner + 0.040, inner + 0.062, outer - 0.022]
    for r in (inner + 0.018, inner + 0.052, outer - 0.030):  # fine rings on the side wall
        y = float(np.interp(r, radii, [h - 0.006, h + 0.004, h + 0.003, h - 0.006]))
        profile = [(a, y + b) for a, b in ring(r, 0.0014, 9)]
        lathe("ring", profile, black, 128, parent=hub)


def _rim(body: Body, hub: Thing, metal: Thing, dark: Thing, steel: Thing) -> None:
    r, h = body.rim_radius, body.tyre_width / 2
    face = h - 0.022
    edge = [(r - 0.012, h - 0.012), (r + 0.003, h - 0.004), (r + 0.006, h - 0.008), (r + 0.004, h - 0.016)]
    lathe("rim", [(r - 0.030, -h), (r - 0.022, h - 0.045), *edge], metal, 128, parent=hub)
    lathe("barrel", [(r - 0.024, h - 0.02), (r - 0.030, -h), (0.05, -h + 0.01)], dark, 96, parent=hub)
    disc = [(0.145, -0.005), (0.145, 0.008), (0.085, 0.008), (0.08, 0.018), (0.001, 0.018)]
    lathe("disc", disc, steel, 96, parent=hub)
    for i in range(body.spokes):
        turn = 2 * math.pi * i / body.spokes
        for half in (-1, 1):  # twin spokes
            _spoke(hub, metal, r, face, half, turn)
        a = turn + math.pi / body.spokes
        at = (0.056 * math.cos(a), face - 0.012, 0.056 * math.sin(a))
        bolt = [(0.0001, 0.006), (0.007, 0.006), (0.0085, 0.003), (0.0085, -0.004)]
        lathe("bolt", bolt, steel, 6, at, parent=hub)
        lathe(
            "bolt hole", [(0.0001, -0.0001), (0.0135, -0.0001), (0.0145, -0.0025)], dark, 32, at, parent=hub
        )
    middle = [(0.0001, -0.013), (0.072, -0.0135), (0.080, -0.018), (0.082, -0.04)]
    lathe("hub", middle, metal, 64, (0, face, 0), parent=hub)
    cap = [(0.0001, 0.004), (0.024, 0.002), (0.029, -0.003), (0.030, -0.014)]
    lathe("cap", cap, plain("cap", (0.02, 0.02, 0.022), 0.15, coat=1.0), 48, (0, face - 0.008, 0), parent=hub)
    rod((0, face - 0.03, 0.030 - r), (0, face - 0.012, 0.040 - r), 0.004, dark, parent=hub)  # valve


def _spoke(hub: Thing, metal: Thing, rim: float, face: float, half: int, turn: float) -> None:
    points, faces = [], []
    stations = np.linspace(0, 1, 9)
    for t in stations:
        r = 0.040 + t * (rim - 0.016 - 0.040)
        a = (0.42 * (1 - t) ** 2 + 0.235) * half
        wide = 0.0155 - 0.0045 * t + 0.02 * max(0.0, t - 0.8)
        y = face - 0.012 + 0.010 * t**2 - 0.012 * math.sin(math.pi * t)
        c, s = math.cos(a), math.sin(a)
        section = ((-1, -0.030), (-1, -0.003), (-0.6, 0), (0.6, 0), (1, -0.003), (1, -0.030))
        points += [(r * c - wide * u * s, y + dy, r * s + wide * u * c) for u, dy in section]
    for j in range(len(stations) - 1):
        faces += [(j * 6 + q, j * 6 + q + 1, j * 6 + q + 7, j * 6 + q + 6) for q in range(5)]
    spoke = shape("spoke", points, faces, metal)
    spoke.rotation_euler, spoke.parent = (0, turn, 0), hub
