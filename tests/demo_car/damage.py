"""Damage one can plant on the car: dents push the surface, scratches and scrapes change the paint."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tests.demo_car.body import LEFT, RIGHT
from tests.demo_car.distance import Array, Outline

DENT_EDGE = 1.25
"""Radius, in half axes of a dent, within which it can be seen (its depth there is a tenth)."""


SCRATCH_WIDTH_M = 0.0045
"""Half width, where widest, of the scratch that the shader draws; other widths are scaled to it."""


@dataclass(frozen=True, slots=True)
class Dent:
    """An elongated Gaussian pushed into a side, with a faint bulge round it as in pressed steel."""

    x: float
    z: float
    side: int
    half_length: float = 0.105
    half_height: float = 0.050
    depth: float = 0.026
    part: str = ""

    def push(self, x: Array, y: Array, z: Array) -> Array:
        """How far inwards the side surface lies at (x, z), metres; 0 on the other side of the car."""
        u = x - self.x + 0.35 * (z - self.z)
        w = z - self.z - 0.20 * (x - self.x)
        r = np.hypot(u / self.half_length, w / self.half_height)
        shape = self.depth * np.exp(-1.4 * r**2) - 0.001 * np.exp(-np.square((r - 1.5) / 0.4))
        return shape * (y * self.side > 0)

    def outline(self) -> Array:
        """``(24, 2)`` points (x, z) round the visible dent."""
        t = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        uw = DENT_EDGE * np.stack([self.half_length * np.cos(t), self.half_height * np.sin(t)])
        xz = np.linalg.solve(np.array([[1, 0.35], [-0.20, 1]]), uw)
        return np.asarray(xz.T + np.array([self.x, self.z]), float)


@dataclass(frozen=True, slots=True)
class Scratch:
    """A band of hair lines through the paint along ``points`` (x, z), x strictly falling or rising."""

    points: Outline
    side: int
    width: float = SCRATCH_WIDTH_M
    part: str = ""

    def offset(self, x: Array, z: Array) -> Array:
        """Signed height above the scratch, metres: 0 on it; beyond its ends, the distance to the end."""
        ordered = sorted(self.points)
        xs = np.array([a for a, _ in ordered])
        zs = np.array([b for _, b in ordered])
        above = z - np.interp(x, xs, zs)
        beyond = np.maximum(np.maximum(xs[0] - x, x - xs[-1]), 0)
        return np.asarray(np.copysign(np.hypot(above, beyond), above), float)

    def outline(self) -> Array:
        """``(20, 2)`` points (x, z) along the scratch."""
        points = np.array(self.points)
        t = np.linspace(0, len(points) - 1, 20)
        return np.stack([np.interp(t, range(len(points)), points[:, k]) for k in (0, 1)], 1)


@dataclass(frozen=True, slots=True)
class Scrape:
    """A scraped corner of the rear bumper; ``points`` are (|y|, z) in rear view."""

    side: int = RIGHT
    points: Outline = ((0.60, 0.47), (0.78, 0.49), (0.84, 0.56), (0.62, 0.55))
    part: str = "rear_bumper"


Damage = Dent | Scratch | Scrape

PLANTED: dict[str, tuple[Damage, ...]] = {
    "dent": (Dent(-0.66, 0.61, LEFT, 0.130, 0.068, 0.034, "rear_left_door"),),
    "scratch": (
        Scratch(
            ((0.55, 0.700), (0.15, 0.672), (-0.10, 0.668), (-0.22, 0.655)),
            LEFT,
            0.010,
            part="front_left_door",
        ),
        Scratch(((0.40, 0.655), (0.12, 0.632)), LEFT, 0.007, part="front_left_door"),
        Scratch(((0.02, 0.640), (-0.16, 0.628)), LEFT, 0.007, part="front_left_door"),
    ),
    "bumper": (Scrape(),),
}
"""Damage by name, always in the same place: what the demo car carries."""

_DENT_SPOTS: tuple[tuple[float, float, int], ...] = (
    (-0.66, 0.60, RIGHT), (0.25, 0.56, LEFT), (0.35, 0.62, RIGHT), (-0.60, 0.52, RIGHT), (-0.85, 0.70, LEFT),
    (-1.62, 0.78, LEFT), (0.62, 0.66, RIGHT), (0.50, 0.45, LEFT), (-0.15, 0.70, RIGHT), (0.66, 0.70, LEFT),
    (-1.66, 0.78, RIGHT), (0.05, 0.66, LEFT),
)  # fmt: skip
"""Where a dent shows: higher up, the shoulder of the body rounds it away."""


def random_damage(seed: int, dents: int = 4, scratches: int = 4) -> tuple[Damage, ...]:
    """Damage for training pictures: never the demo car's own."""
    rng = np.random.default_rng(seed)
    found: list[Damage] = []
    for i in rng.permutation(len(_DENT_SPOTS))[:dents]:
        x, z, side = _DENT_SPOTS[i]
        size = rng.uniform(0.6, 1.6)
        found.append(
            Dent(
                x + rng.normal(0, 0.06),
                z + rng.normal(0, 0.015),
                side,
                half_length=0.085 * size * rng.uniform(0.8, 1.4),
                half_height=0.055 * size * rng.uniform(0.8, 1.3),
                depth=rng.uniform(0.022, 0.036) * min(max(size, 0.8), 1.3),
            )
        )
    for _ in range(scratches):
        centre, height, length = rng.uniform(-0.9, 0.7), rng.uniform(0.45, 0.85), rng.uniform(0.1, 0.7)
        count = int(rng.integers(3, 6))
        xs = centre + np.linspace(-length / 2, length / 2, count)
        zs = height + np.cumsum(rng.normal(0, 0.012, count)) + rng.normal(0, 0.25) * (xs - centre)
        points = tuple((float(a), float(b)) for a, b in zip(xs, np.clip(zs, 0.36, 0.92), strict=True))
        found.append(Scratch(points, int(rng.choice([LEFT, RIGHT])), float(rng.uniform(0.003, 0.007))))
    return tuple(found)


def planted(names: Iterable[str]) -> tuple[Damage, ...]:
    """The demo car's damage of these names (``dent``, ``scratch``, ``bumper``)."""
    return tuple(one for name in names for one in PLANTED[name])
