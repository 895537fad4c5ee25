"""Puts car, surroundings and renderer together, and takes the pictures."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bpy
import mathutils

from tests.demo_car.blender import Thing, shape
from tests.demo_car.body import LEFT, RIGHT, Body
from tests.demo_car.damage import Damage
from tests.demo_car.fittings import fit
from tests.demo_car.instruments import Reading, instruments
from tests.demo_car.interior import furnish
from tests.demo_car.masks import masks
from tests.demo_car.materials import PAINTS, bodywork, fitting_paint
from tests.demo_car.surface import Surface
from tests.demo_car.surroundings import LIGHTS, build
from tests.demo_car.views import Camera
from tests.demo_car.wheels import wheel


@dataclass(frozen=True, slots=True)
class Order:
    """Which car, where, and how well rendered."""

    body: Body
    paint: str
    light: str
    damage: tuple[Damage, ...]
    readings: tuple[Reading, ...]
    plate: str
    width_px: int = 800
    height_px: int = 600
    samples: int = 12
    grid_m: float = 0.010
    threads: int = 0
    """0 for all cores."""
    stops: float = 0.0
    """Extra exposure; dark paints want some."""


class Scene:
    """One car, built once and taken from many cameras."""

    def __init__(self, order: Order) -> None:
        self._order = order
        bpy.ops.wm.read_factory_settings(use_empty=True)
        self._scene = bpy.context.scene
        self._readings = self._car()
        build(order.light, -order.body.lift)
        self._settings()
        self._camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
        self._camera.data.clip_start = 0.02
        bpy.context.collection.objects.link(self._camera)
        self._scene.camera = self._camera

    def take(self, camera: Camera, path: Path, reading: int = 0) -> None:
        """Render to a PNG file.

        Args:
            camera: In the frame of the body.
            path: Where to write; its folder exists.
            reading: Index of the reading the odometer shows.
        """
        for i, things in enumerate(self._readings):
            for thing in things:
                thing.hide_render = i != reading
        direction = mathutils.Vector(camera.target) - mathutils.Vector(camera.position)
        self._camera.location = camera.position
        self._camera.rotation_euler = direction.to_track_quat("-Z", "Y").to_euler()
        self._camera.rotation_euler.rotate_axis("Z", math.radians(camera.roll_deg))
        self._camera.data.lens = camera.focal_mm
        base = LIGHTS[self._order.light].exposure_stops
        self._scene.view_settings.exposure = base + camera.stops + self._order.stops
        self._scene.render.filepath = str(path.resolve())
        bpy.ops.render.render(write_still=True)

    def _car(self) -> Sequence[Sequence[Thing]]:
        order = self._order
        mesh = Surface(order.body, order.damage).mesh(order.grid_m)
        layers = masks(mesh, order.body, order.damage)
        colour = PAINTS[order.paint]
        made = shape("bodywork", mesh.points, mesh.triangles, bodywork(colour, layers), mesh.normals)
        for name, distance in layers.items():
            made.data.attributes.new(name, "FLOAT", "POINT").data.foreach_set("value", distance)
        fit(Surface(order.body), mesh, layers, fitting_paint(colour), order.plate)
        for side in (LEFT, RIGHT):
            for front in (True, False):
                wheel(order.body, side, front=front)
        furnish()
        return instruments(order.readings)

    def _settings(self) -> None:
        order, render, cycles = self._order, self._scene.render, self._scene.cycles
        render.engine = "CYCLES"
        cycles.device, cycles.seed = "CPU", 1
        cycles.samples, cycles.use_adaptive_sampling, cycles.adaptive_threshold = order.samples, True, 0.03
        cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 6, 2, 4
        cycles.transmission_bounces, cycles.transparent_max_bounces = 4, 12
        cycles.caustics_reflective = cycles.caustics_refractive = False
        cycles.sample_clamp_indirect, cycles.blur_glossy = 4.0, 0.5
        cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
        render.use_persistent_data = True
        if order.threads:
            render.threads_mode, render.threads = "FIXED", order.threads
        self._scene.view_settings.view_transform = "AgX"
        self._scene.view_settings.look = "AgX - Medium High Contrast"
        render.resolution_x, render.resolution_y, render.resolution_percentage = (
            order.width_px,
            order.height_px,
            100,
        )
        render.image_settings.file_format = "PNG"
