"""The bodywork as one implicit surface, meshed by marching cubes, with the field's gradient as normals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.measure import marching_cubes

from tests.demo_car.body import Body
from tests.demo_car.damage import Damage, Dent
from tests.demo_car.distance import Array, curve, smooth_max, smooth_min, step


@dataclass(frozen=True, slots=True)
class Mesh:
    """Vertices ``(N, 3)`` in metres, unit normals ``(N, 3)`` outwards, triangles ``(M, 3)`` of vertex indices."""

    points: Array
    normals: Array
    triangles: NDArray[np.int64]


class Surface:
    """The outside of one car, dents included."""

    def __init__(self, body: Body, damage: Sequence[Damage] = ()) -> None:
        self.body = body
        self._dents = [one for one in damage if isinstance(one, Dent)]
        self._hood = curve(body.hood)
        self._roof = curve(body.roof)

    def field(self, x: Array, y: Array, z: Array) -> Array:
        """Signed, distance-like value at points whose coordinates broadcast; negative inside the bodywork."""
        up = self.body.unstretched(z)
        inside = smooth_min(self._lower_body(x, y, up), self._cabin(x, y, up), 0.035)
        inside = smooth_min(inside, self._spoiler(x, y, up), 0.03)
        for front in (True, False):
            hole = smooth_max(
                self._from_hub(x, z, front) - self.body.tyre_radius - 0.040, 0.50 - np.abs(y), 0.02
            )
            inside = smooth_max(inside, -hole, 0.014)
        return inside

    def side_y(self, x: float, z: float) -> float:
        """Largest y of the body at (x, z): both sides' if asked of an undented car.

        Raises:
            ValueError: There is no bodywork, as in a wheel arch.
        """
        return self._last_inside(np.linspace(0.3, 1.0, 1401), axis=1, at=(x, z))

    def side_point(self, x: float, z: float, side: int) -> tuple[float, float, float]:
        """The point of the left (1) or right (-1) side at (x, z)."""
        return x, side * self.side_y(x, z), z

    def front_x(self, y: float, z: float) -> float:
        """Foremost x of the body at (y, z)."""
        return self._last_inside(np.linspace(0.2, 2.5, 4601), axis=0, at=(y, z))

    def rear_x(self, y: float, z: float) -> float:
        """Rearmost x of the body at (y, z)."""
        return self._last_inside(np.linspace(-0.8, -2.7, 3801), axis=0, at=(y, z))

    def mesh(self, grid_m: float = 0.010) -> Mesh:
        """The surface as triangles.

        Args:
            grid_m: Step of marching cubes. Vertices are moved onto the surface afterwards, so the step limits only
                how fine a detail is kept; close-ups need 10 mm.
        """
        body = self.body
        xs = np.arange(body.tail - 0.12, body.nose + 0.12, grid_m)
        ys = np.arange(-body.half_width - 0.075, body.half_width + 0.075, grid_m)
        zs = np.arange(0.12, 1.52 + 0.55 * (body.cabin_stretch - 1), grid_m)
        values = self.field(xs[:, None, None], ys[None, :, None], zs[None, None, :]).astype(np.float32)
        found, triangles, _, _ = marching_cubes(values, 0.0, spacing=(grid_m,) * 3)
        del values
        points = found.astype(np.float64) + np.array([xs[0], ys[0], zs[0]])
        for _ in range(2):  # two Newton steps put every vertex on the surface
            g = self._gradient(points)
            move = self.field(*points.T) / np.maximum((g * g).sum(1), 0.2)
            points = points - np.clip(move, -grid_m, grid_m)[:, None] * g
        g = self._gradient(points)
        normals = g / np.linalg.norm(g, axis=1, keepdims=True)
        a, b, c = points[triangles[:, 0]], points[triangles[:, 1]], points[triangles[:, 2]]
        outwards = np.einsum("ij,ij->i", np.cross(b - a, c - a), normals[triangles[:, 0]])
        if np.mean(outwards > 0) < 0.5:
            triangles = triangles[:, ::-1]
        return Mesh(points, normals, triangles.astype(np.int64))

    def _lower_body(self, x: Array, y: Array, z: Array) -> Array:
        across = np.abs(y)
        ridge = 0.012 * step((across - 0.36) / 0.10) * step((0.66 - across) / 0.18)  # two folds on the hood
        top = (z - (self._hood(x) + ridge - 0.075 * (across / 0.80) ** 3)) * 0.97
        nose = (
            self.body.nose
            - 0.33 * (across / 0.85) ** 2.8
            - 0.30 * np.square(np.maximum(z - 0.57, 0) / 0.30)
            - 0.10 * np.square(np.maximum(0.42 - z, 0) / 0.25)
            + 0.018 * step((0.60 - z) / 0.03 + 0.5)
        )
        tail = (
            self.body.tail
            + 0.20 * (across / 0.85) ** 2.8
            + 0.10 * np.square(np.maximum(z - 0.66, 0) / 0.36)
            + 0.09 * np.square(np.maximum(0.42 - z, 0) / 0.25)
            - 0.030 * step((0.66 - z) / 0.04 + 0.5)
        )
        floor = 0.185 + 0.035 * step((np.abs(x) - 1.5) / 0.4)
        low = smooth_max(across - self._half_width(x, y, z), top, 0.085)
        low = smooth_max(low, (x - nose) * 0.95, 0.10)
        low = smooth_max(low, (tail - x) * 0.97, 0.09)
        return smooth_max(low, floor - z, 0.05)

    def _half_width(self, x: Array, y: Array, z: Array) -> Array:
        """Half the width of the lower body: two creases, a hollow above the sill, flared arches, and the dents."""
        width = (
            self.body.half_width
            - 0.012
            - 0.085 * np.square(np.maximum(z - 0.64, 0) / 0.36)
            - 0.06 * np.square(np.maximum(0.55 - z, 0) / 0.36)
            - 0.20 * np.maximum((x - 0.95) / 1.25, 0) ** 3
            - 0.15 * np.maximum((-x - 0.85) / 1.25, 0) ** 3
        )
        waist = 0.795 + 0.022 * (1.3 - x) / 2.6  # rises to the rear
        width = width + 0.011 * step((waist - z) / 0.030 + 0.5)
        on_doors = step((1.05 - np.abs(x + 0.05)) / 0.35)
        swage = 0.485 + 0.045 * (0.9 - x) / 1.8
        width = width - 0.006 * step((swage - z) / 0.024 + 0.5) * on_doors
        width = width - 0.014 * np.exp(-np.square((z - 0.42) / 0.070)) * on_doors
        width = (
            width + 0.012 * step((0.300 - z) / 0.018 + 0.5) * on_doors
        )  # the sill stands out below the doors
        for front in (True, False):
            r = self._from_hub(x, z, front) - self.body.tyre_radius - 0.045
            width = width + 0.022 * np.exp(-np.square(r / 0.07)) * step((z - 0.1) / 0.2)
        for dent in self._dents:
            width = width - dent.push(x, y, z)
        return width

    def _cabin(self, x: Array, y: Array, z: Array) -> Array:
        across, up = np.abs(y), z - 0.95
        side = (
            0.815
            - 0.34 * up
            - 0.34 * up * np.abs(up)
            - 0.10 * np.maximum((-x - 0.5) / 1.3, 0) ** 2
            - 0.05 * np.maximum((x - 0.1), 0) ** 2
        )
        cabin = smooth_max((across - side) * 0.93, z - (self._roof(x) - 0.05 * np.square(across / 0.6)), 0.10)
        (x0, z0), (x1, z1) = self.body.screen
        bowed = x - x0 + 0.19 * np.square(across / 0.7)
        cabin = smooth_max(cabin, _plane(bowed, z - z0, x1 - x0, z1 - z0), 0.055)
        (x0, z0), (x1, z1) = self.body.backlight
        bowed = x - x0 - 0.12 * np.square(across / 0.6)
        cabin = smooth_max(cabin, -_plane(bowed, z - z0, x1 - x0, z1 - z0), 0.055)
        return smooth_max(cabin, 0.80 - z, 0.02)

    def _spoiler(self, x: Array, y: Array, z: Array) -> Array:
        middle_x, middle_z, half_length = self.body.spoiler
        height = z - middle_z + 0.03 * np.square(np.abs(y) / 0.55) - 0.10 * (x - middle_x)
        blade = smooth_max(np.abs(height) - 0.016, np.abs(x - middle_x) - half_length, 0.02)
        return smooth_max(blade, np.abs(y) - 0.56, 0.05)

    def _from_hub(self, x: Array, z: Array, front: bool) -> Array:
        return np.hypot(x - self.body.axle_x(front=front), z - self.body.hub_z + 0.001)

    def _gradient(self, points: Array, e: float = 1e-3) -> Array:
        g = np.empty_like(points)
        for axis in range(3):
            d = np.zeros(3)
            d[axis] = e
            g[:, axis] = (self.field(*(points + d).T) - self.field(*(points - d).T)) / (2 * e)
        return g

    def _last_inside(self, along: Array, axis: int, at: tuple[float, float]) -> float:
        coordinates = [np.full_like(along, value) for value in at]
        coordinates.insert(axis, along)
        inside = np.flatnonzero(self.field(*coordinates) < 0)
        if not len(inside):
            message = f"no bodywork at {at}"
            raise ValueError(message)
        return float(along[inside[-1]])


def _plane(dx: Array, dz: Array, ex: float, ez: float) -> Array:
    """Signed distance from the line through the origin along (ex, ez) in side view."""
    return (dx * ez - dz * ex) / math.hypot(ex, ez)
