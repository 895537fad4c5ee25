"""Renders the demo car: ``python -m tests.demo_car --views all --damage dent,scratch --out DIR``.

Writes DIR/VIEW.webp for each view, and what is to be found in them: DIR/boxes.json and, in short, DIR/truth.json.
"""

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.demo_car.body import BODIES
from tests.demo_car.damage import PLANTED, Damage, Dent, Scratch, planted, random_damage
from tests.demo_car.instruments import Reading
from tests.demo_car.materials import PAINTS
from tests.demo_car.phone import Phone, moved_box, photograph
from tests.demo_car.scene import Order, Scene
from tests.demo_car.surface import Surface
from tests.demo_car.surroundings import LIGHTS
from tests.demo_car.views import (
    TRAINING_VIEWS,
    VIEWS,
    Box,
    Camera,
    close_up,
    damage_box,
    jittered,
    kind_of,
    part_of,
)

_TRAINING = [name for name in (*VIEWS, *TRAINING_VIEWS) if name != "damage"]

Shot = tuple[Camera, int]
"""A camera and the index of the reading."""


def main() -> None:
    """Parse the command line, build the car once, take every picture, and write what is to be found in them."""
    options = _options()
    width, height = (int(side) for side in options.size.split("x"))
    damage = _damage(options)
    order = Order(
        body=BODIES[options.body],
        paint=options.paint,
        light=options.light,
        damage=damage,
        readings=_readings(options),
        plate=options.plate,
        width_px=width,
        height_px=height,
        samples=options.samples,
        grid_m=options.grid,
        threads=options.threads,
        stops=options.stops,
    )
    options.out.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    scene = Scene(order)
    print(f"scene {time.monotonic() - started:.0f} s", flush=True)
    surface = Surface(order.body)
    found: dict[str, dict[str, Any]] = {}
    for name, (camera, reading) in _shots(options, surface, damage).items():
        started = time.monotonic()
        png = options.out / f"{name}.png"
        scene.take(camera, png, reading)
        found[name] = _develop(png, options, order, surface, camera, order.readings[reading])
        _write_truth(options, order, found)
        print(f"{name} {time.monotonic() - started:.0f} s", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.demo_car", description="Render the demo car.")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    parser.add_argument(
        "--views", default="all", help="'all', 'close-ups', 'training' (both and more), or names with commas"
    )
    parser.add_argument("--body", default="hatchback", choices=list(BODIES))
    parser.add_argument("--paint", default="silver", choices=list(PAINTS))
    parser.add_argument("--light", default="overcast", choices=list(LIGHTS))
    parser.add_argument(
        "--damage", default="", help=f"'random' (by the seed), or of {', '.join(PLANTED)} with commas"
    )
    parser.add_argument("--plate", default="DEMO 123")
    parser.add_argument(
        "--km", default="127506", help="odometer; further values with commas give odometer_1, ..."
    )
    parser.add_argument("--unit", default="km", choices=["km", "mi"])
    parser.add_argument("--digits", default="font", choices=["font", "segments", "both"])
    parser.add_argument("--trip", default="", help="a second line under the odometer")
    parser.add_argument("--seed", type=int, default=0, help="0: the cameras of the tables; else another hand")
    parser.add_argument("--phone", action="store_true", help="pass the pictures through a phone's camera")
    parser.add_argument("--size", default="800x600")
    parser.add_argument("--samples", type=int, default=12)
    parser.add_argument("--stops", type=float, default=0.0, help="extra exposure")
    parser.add_argument("--grid", type=float, default=0.010, help="step of marching cubes in metres")
    parser.add_argument("--threads", type=int, default=0, help="0: all cores")
    return parser.parse_args()


def _damage(options: argparse.Namespace) -> tuple[Damage, ...]:
    if options.damage == "random":
        return random_damage(options.seed)
    return planted(name for name in options.damage.split(",") if name)


def _readings(options: argparse.Namespace) -> tuple[Reading, ...]:
    rng = np.random.default_rng(options.seed)
    readings = []
    for i, digits in enumerate(options.km.split(",")):
        in_segments = options.digits == "segments" or (options.digits == "both" and i % 2 == 1)
        height = float(rng.uniform(0.85, 1.15)) if options.seed else 1.0
        readings.append(
            Reading(digits, options.unit, "segments" if in_segments else "font", height, options.trip)
        )
    return tuple(readings)


def _shots(options: argparse.Namespace, surface: Surface, damage: tuple[Damage, ...]) -> dict[str, Shot]:
    """The pictures asked for, in that order."""
    rng = np.random.default_rng(options.seed)
    names: list[str] = []
    for name in options.views.split(","):
        names += {"all": list(VIEWS), "training": ["close-ups", *_TRAINING]}.get(name, [name])
    shots: dict[str, Shot] = {}
    for name in names:
        if name == "close-ups":
            for i, one in enumerate(damage):
                if isinstance(one, Dent | Scratch):
                    shots[f"damage_{i}"] = (close_up(surface, one, rng), 0)
            continue
        count = len(options.km.split(",")) if name == "odometer" else 1
        for i in range(count):
            camera = jittered(name, rng) if options.seed else (VIEWS | TRAINING_VIEWS)[name]
            shots[f"{name}_{i}" if i else name] = (camera.over_road(-surface.body.lift), i)
    return shots


def _develop(
    png: Path, options: argparse.Namespace, order: Order, surface: Surface, camera: Camera, reading: Reading
) -> dict[str, Any]:
    """Turn a render into the picture kept, and say what is to be found in it."""
    picture = np.asarray(cv2.imread(str(png), cv2.IMREAD_COLOR), np.uint8)
    matrix = np.eye(2, 3)
    if options.phone:
        rng = np.random.default_rng([options.seed, *png.stem.encode()])
        picture, matrix = photograph(picture, Phone.random(rng), rng)
    cv2.imwrite(str(png.with_suffix(".webp")), picture, [cv2.IMWRITE_WEBP_QUALITY, 88])
    png.unlink()
    boxes: dict[tuple[str, str], Box] = {}
    for i, one in enumerate(order.damage):
        box = damage_box(surface, one, camera, order.width_px, order.height_px)
        if box:
            box = moved_box(box, matrix, order.width_px, order.height_px)
            # hair lines of one scratched band are one finding, as a person would box them; random ones lie apart
            key = (kind_of(one), part_of(one) if one.part else f"{part_of(one)} {i}")
            boxes[key] = _union(boxes.get(key, box), box)
    damage = [{"kind": kind, "part": part.split()[0], "box": box} for (kind, part), box in boxes.items()]
    found: dict[str, Any] = {"view": _view_of(png.stem), "damage": damage}
    if png.stem.startswith("odometer"):
        found |= {"reading": reading.digits, "unit": reading.unit}
    return found


def _view_of(name: str) -> str:
    """``odometer_2`` is an odometer; a close-up of damage is none of the views that checklists ask for."""
    return "other" if name.startswith("damage") else name.rstrip("0123456789").rstrip("_")


def _union(a: Box, b: Box) -> Box:
    return (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))


def _write_truth(options: argparse.Namespace, order: Order, found: Mapping[str, Mapping[str, Any]]) -> None:
    """``boxes.json``, picture by picture for training, and ``truth.json``, the same in short for tests."""
    common = {
        "body": order.body.name,
        "paint": order.paint,
        "light": order.light,
        "plate": order.plate,
        "odometer": {"reading": order.readings[0].digits, "unit": order.readings[0].unit},
        "width_px": order.width_px,
        "height_px": order.height_px,
    }
    truth = common | {
        "damage": {kind_of(one): {"part": part_of(one)} for one in order.damage},
        "boxes": {
            name: [
                {"kind": one["kind"], "box": [round(side) for side in one["box"]]}
                for one in picture["damage"]
            ]
            for name, picture in found.items()
            if picture["damage"]
        },
    }
    for name, document in (("boxes.json", common | {"views": found}), ("truth.json", truth)):
        (options.out / name).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
