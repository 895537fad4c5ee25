"""Cameras of the views, their jitter for training, and where planted damage lies in each picture."""

import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tests.demo_car.body import LEFT
from tests.demo_car.damage import Damage, Dent, Scratch
from tests.demo_car.distance import Array
from tests.demo_car.surface import Surface

FILM_WIDTH_MM = 36.0
"""To which focal lengths refer."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera; positions outside are over the road, so that a higher body is not seen from a higher place."""

    position: tuple[float, float, float]
    target: tuple[float, float, float]
    focal_mm: float
    stops: float = 0.0
    """Extra exposure; a cabin is darker than the street."""
    roll_deg: float = 0.0

    @property
    def is_inside(self) -> bool:
        """The camera is in the cabin."""
        return self.stops > 1

    def over_road(self, road_z: float) -> "Camera":
        """The same camera in the body's frame."""
        if self.is_inside:
            return self
        x, y, z = self.position
        return replace(self, position=(x, y, z + road_z))

    def project(self, points: Array, width_px: int, height_px: int) -> Array:
        """Pixels ``(N, 2)`` of points ``(N, 3)``; NaN for what is not ahead of the camera."""
        position = np.array(self.position)
        ahead = np.array(self.target) - position
        ahead = ahead / np.linalg.norm(ahead)
        right = np.cross(ahead, (0, 0, 1))
        right = right / np.linalg.norm(right)
        up = np.cross(right, ahead)
        a = math.radians(self.roll_deg)
        right, up = math.cos(a) * right + math.sin(a) * up, math.cos(a) * up - math.sin(a) * right
        seen = points - position
        depth = seen @ ahead
        scale = self.focal_mm / FILM_WIDTH_MM * width_px / np.where(depth > 0.05, depth, np.nan)
        return np.stack([width_px / 2 + scale * (seen @ right), height_px / 2 - scale * (seen @ up)], 1)


VIEWS: dict[str, Camera] = {
    "front": Camera((6.1, 0.05, 1.40), (0, 0, 0.70), 58),
    "front_left": Camera((4.6, 3.9, 1.50), (0.02, 0, 0.66), 43),
    "left_side": Camera((0.05, 6.3, 1.35), (0.03, 0, 0.70), 43),
    "rear_left": Camera((-4.5, 3.9, 1.55), (-0.02, 0, 0.66), 43),
    "rear": Camera((-6.0, 0.1, 1.40), (0, 0, 0.70), 58),
    "rear_right": Camera((-4.5, -3.9, 1.50), (-0.02, 0, 0.66), 43),
    "right_side": Camera((0.0, -6.3, 1.30), (0.03, 0, 0.70), 43),
    "front_right": Camera((4.6, -3.9, 1.45), (0.02, 0, 0.66), 43),
    "wheel": Camera((1.55, 2.05, 0.48), (1.31, 0.85, 0.33), 46),
    "dashboard": Camera((-0.34, 0.06, 1.16), (0.60, 0.06, 0.84), 18, 3.0),
    "odometer": Camera((0.10, 0.34, 1.075), (0.44, 0.36, 0.942), 34, 2.6),
    "front_seats": Camera((0.50, 0.0, 1.13), (-0.45, 0.0, 0.82), 15, 3.0),
    "damage": Camera((-0.30, 2.3, 0.95), (-0.30, 0.85, 0.64), 40),
}
"""The twelve views of ``listing-12``, named as its steps, and a close-up of the demo car's damage."""

TRAINING_VIEWS: dict[str, Camera] = {
    "rear_seats": Camera((-0.30, 0.0, 1.20), (-1.25, 0, 0.80), 15, 3.0),
    "windscreen": Camera((2.6, 0.3, 1.62), (0.65, 0, 1.15), 42),
}
"""Views that other checklists ask for."""


def jittered(name: str, rng: np.random.Generator) -> Camera:
    """A view as another hand would take it."""
    camera = (VIEWS | TRAINING_VIEWS)[name]
    shake = 0.012 if name == "odometer" else 0.03 if camera.is_inside else 0.10 if name == "wheel" else 0.30
    return replace(
        camera,
        position=_moved(camera.position, rng.normal(0, shake, 3) * (1, 1, 0.4)),
        target=_moved(camera.target, rng.normal(0, 0.25 * shake, 3)),
        focal_mm=camera.focal_mm * rng.uniform(0.92, 1.08),
        roll_deg=rng.normal(0, 1.2),
    )


def close_up(surface: Surface, damage: Dent | Scratch, rng: np.random.Generator) -> Camera:
    """A picture of one dent or scratch, as sellers take them: from 0.9 to 2.2 m, not straight on."""
    x, z = damage.outline().mean(0)
    _, y, _ = surface.side_point(x, z, damage.side)
    distance = rng.uniform(0.9, 2.2)
    place = (
        x + rng.normal(0, 0.45) * distance,
        y + damage.side * distance,
        z + rng.uniform(0.1, 0.55) * distance,
    )
    target = (x + rng.normal(0, 0.15) * distance, y, z + rng.normal(0, 0.1) * distance)
    return Camera(place, target, rng.uniform(36, 50), roll_deg=rng.normal(0, 2))


def damage_box(surface: Surface, damage: Damage, camera: Camera, width_px: int, height_px: int) -> Box | None:
    """Where damage is seen, ``xyxy`` in pixels, or nothing when it faces away or lies mostly outside the picture.

    Args:
        surface: The car, undented.
        damage: What was planted.
        camera: In the frame of the body.
        width_px: Width of the picture.
        height_px: Its height.
    """
    if camera.is_inside:
        return None
    if isinstance(damage, Dent | Scratch):
        points = np.array(_on_side(surface, damage))
        facing = np.array([0.0, damage.side, 0.0])
    else:
        points = np.array([(surface.rear_x(y, z), damage.side * y, z) for y, z in damage.points])
        facing = np.array([-0.8, 0.6 * damage.side, 0.0])
    towards = np.array(camera.position) - points.mean(0)
    if towards @ facing < 0.15 * np.linalg.norm(towards):
        return None
    pixels = camera.project(points, width_px, height_px)
    if np.isnan(pixels).any():
        return None
    margin = 0 if isinstance(damage, Dent) else 2
    x1, y1 = pixels.min(0) - margin
    x2, y2 = pixels.max(0) + margin
    inside = (max(x1, 0), max(y1, 0), min(x2, width_px), min(y2, height_px))
    kept = max(inside[2] - inside[0], 0) * max(inside[3] - inside[1], 0)
    if kept < 0.4 * (x2 - x1) * (y2 - y1):
        return None
    return (
        round(float(inside[0]), 1),
        round(float(inside[1]), 1),
        round(float(inside[2]), 1),
        round(float(inside[3]), 1),
    )


def _on_side(surface: Surface, damage: Dent | Scratch) -> list[tuple[float, float, float]]:
    """The outline on the body; what of it lies in a wheel arch is left out."""
    points = []
    for x, z in damage.outline():
        with contextlib.suppress(ValueError):
            points.append(surface.side_point(x, z, damage.side))
    return points


def part_of(damage: Damage) -> str:
    """The part of the car on which damage lies."""
    if damage.part:
        return damage.part
    if not isinstance(damage, Dent | Scratch):
        return "rear_bumper"
    side = "left" if damage.side == LEFT else "right"
    x = float(damage.outline()[:, 0].mean())
    if x > 0.85:
        return f"front_{side}_wing"
    if x > -0.28:
        return f"front_{side}_door"
    return f"rear_{side}_door" if x > -1.1 else f"rear_{side}_wing"


def kind_of(damage: Damage) -> str:
    """The word detections use."""
    return "dent" if isinstance(damage, Dent) else "scratch"


def _moved(point: Sequence[float], by: Array) -> tuple[float, float, float]:
    x, y, z = (float(a + b) for a, b in zip(point, by, strict=True))
    return (x, y, z)
