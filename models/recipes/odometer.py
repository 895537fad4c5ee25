"""Train the odometer locator: where on a photo of a dashboard the odometer's number stands.

    python -m models.recipes.odometer --data DIR --out models/ [--resume] [--seconds N]

``odometer_read`` trains the second network, which reads what this one finds.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from models.recipes import detection, nanodet, odometer_data, odometer_manifest, odometer_scenes
from models.recipes.odometer_data import Picture

WINDOW_PX = 416
"""Side of the training window; the exported network looks at the whole photo, letterboxed."""
NEGATIVE_VIEWS_LEFT_OUT = ("odometer", "dashboard", "front_seats", "other")
"""Views of ../framing that may show an odometer, unlabelled."""

Draw = Callable[[np.random.Generator], detection.Sample]


def examples(data: Path) -> Draw:
    """A function that makes one training window: photo, mosaic of crops, drawn cluster, or no cluster at all."""
    held = odometer_data.read_split()
    photos, _ = odometer_data.split_pictures(odometer_data.whole_photos(data), held)
    crops, _ = odometer_data.split_pictures(odometer_data.display_crops(data), held)
    crops = [c for c in crops if c.odometer is None or _is_level(c)]
    iranian = [p for p in photos if p.path.name.startswith("ir")]
    vans = [p for p in photos if not p.path.name.startswith("ir") and not p.mechanical]
    scooters = [p for p in photos if p.mechanical]
    trips = [c for c in crops if c.odometer is None]
    digital = [c for c in crops if c.odometer is not None and not c.mechanical]
    mechanical = [c for c in crops if c.odometer is not None and c.mechanical]
    rows = json.loads((data / "framing" / "labels.json").read_text())
    elsewhere = [
        Picture(data / "framing" / r["file"], None, None)
        for r in rows
        if r["view"] not in NEGATIVE_VIEWS_LEFT_OUT
    ]
    plates = [Picture(p, None, None) for p in sorted((data / "vin_plate").rglob("*.webp"))]
    store = odometer_scenes.PictureStore(1000)

    def pick(pictures: list[Picture], rng: np.random.Generator) -> Picture:
        return pictures[int(rng.integers(len(pictures)))]

    def draw(rng: np.random.Generator) -> detection.Sample:
        u = rng.random()
        if u < 0.26:
            image, boxes = odometer_scenes.photo_window(pick(iranian, rng), store, rng, WINDOW_PX)
        elif u < 0.43:
            image, boxes = odometer_scenes.photo_window(pick(vans, rng), store, rng, WINDOW_PX)
        elif u < 0.48:
            image, boxes = odometer_scenes.photo_window(pick(scooters, rng), store, rng, WINDOW_PX)
        elif u < 0.74:
            kinds = rng.choice(3, 4, p=[0.62, 0.2, 0.18])
            four = [pick((digital, mechanical, trips)[int(k)], rng) for k in kinds]
            image, boxes = odometer_scenes.crop_mosaic(four, store, rng, WINDOW_PX)
        elif u < 0.92:
            background, _ = store.get(pick(elsewhere, rng).path)
            image, boxes = odometer_scenes.drawn_scene(background, rng, WINDOW_PX)
        else:
            image, boxes = odometer_scenes.photo_window(
                pick(elsewhere if rng.random() < 0.7 else plates, rng), store, rng, WINDOW_PX
            )
        n = len(boxes)
        return detection.Sample(
            odometer_scenes.seen_by_phone(image, rng), boxes, np.zeros(n, np.int64), np.full(n, -1, np.int64),
            np.zeros((0, 4), np.float32), np.zeros(0, np.int64),
        )  # fmt: skip

    return draw


def _is_level(crop: Picture) -> bool:
    """False for photos taken sideways."""
    box = crop.odometer
    return box is not None and (box[3] - box[1]) < odometer_data.MAX_SLOPE * (box[2] - box[0])


def start(path: Path, draw: Draw) -> nanodet.Detector:
    """The COCO detector with one fresh class, batch norm put back with statistics of our own windows."""
    rng = np.random.default_rng(0)
    batches = [detection.as_batch([draw(rng).image for _ in range(8)]) for _ in range(4)]
    net = nanodet.unfuse(nanodet.load_fused(path), batches)
    net.set_classes(keep=[], new=1)
    return net


def main() -> None:
    """Train, export, describe."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="folder with odometer, odometer_digits, framing, ..."
    )
    parser.add_argument("--out", type=Path, default=Path("models"))
    parser.add_argument(
        "--init", type=Path, help="COCO start; DATA/init_weights/nanodet_plus_m_416_coco_fused.pt"
    )
    parser.add_argument("--work", type=Path, default=Path("build/train"), help="where checkpoints go")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--seconds", type=float, default=1800)
    parser.add_argument("--iterations", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    cv2.setNumThreads(1)
    arguments.work.mkdir(parents=True, exist_ok=True)
    draw = examples(arguments.data)
    init = arguments.init or arguments.data / "init_weights" / "nanodet_plus_m_416_coco_fused.pt"
    plan = detection.Plan(
        size=WINDOW_PX, iterations=arguments.iterations, seconds=arguments.seconds, backbone_rate=1e-3,
        ema=0.99, seed=arguments.seed,
    )  # fmt: skip
    net = detection.train(
        start(init, draw), draw, plan, arguments.work / "odometer_find.pt", resume=arguments.resume
    )
    size = odometer_manifest.LETTERBOX_PX
    picture = cv2.resize(draw(np.random.default_rng(5)).image, (size, size)).astype(np.uint8, copy=False)
    path = arguments.out / "odometer_find.onnx"
    detection.log.info("%s differs from PyTorch by %s", path, detection.export(net, size, 1, path, picture))
    odometer_manifest.write(arguments.out)


if __name__ == "__main__":
    main()
