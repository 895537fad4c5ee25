"""Train the plate detector: number plates alone, found well enough to hide them, by a network of their own.

    python -m models.recipes.plate --data DATA --init nanodet_plus_m_416_coco_fused.pt --out models/

All of the network learns plates, at half again the resolution of `scene`: heads on features that were made for cars
missed a fifth of what this one finds. Half of the labelled plates are now and then redrawn (`plate_drawn`), because
308 photos show few countries and hardly any square plates.
"""

import argparse
import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from models.recipes import detection, plate_drawn
from models.recipes.detection import Floats, Picture, Plan, Rng, Sample

SIZE = 640
"""Side of the exported input."""
WINDOW_PX = 416
"""Side of the training pictures, windows at the scale of the letterboxed photo."""

HELD_OUT = 0.30
"""Share of groups kept for measuring; Open Images photos fall as in the damage recipe, which uses them too."""

NO_PLATE_VIEWS = ("front_seats", "rear_seats", "dashboard", "odometer", "tyre_tread")


def read_plates(folder: Path) -> list[Picture]:
    """Every photo with plate boxes, and where its labels are silent."""
    out = []
    for row in json.loads((folder / "labels.json").read_text()):
        boxes = np.array(row["plates"], np.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        name = Path(row["file"]).stem
        european = name.startswith("alpr_")
        out.append(
            Picture(
                path=folder / row["file"],
                boxes=boxes,
                labels=np.zeros(len(boxes), np.int64),
                types=np.full(len(boxes), -1, np.int64),
                unsure=_elsewhere(boxes[0]) if european else np.zeros((0, 4), np.float32),
                unsure_labels=np.zeros(4 if european else 0, np.int64),
                group=name if european else "oi:" + name.removeprefix("oi_"),
            )
        )
    return out


def _elsewhere(box: Floats, far: float = 4000.0) -> Floats:
    """All but the surroundings of the one labelled plate: other plates there carry no label."""
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    left, right, top, bottom = x0 - 1.5 * w, x1 + 1.5 * w, y0 - 4 * h, y1 + 4 * h
    return np.array(
        [[-far, -far, left, far], [right, -far, far, far], [-far, -far, far, top], [-far, bottom, far, far]],
        np.float32,
    )


def is_held_out(picture: Picture) -> bool:
    """Whether a photo of `read_plates` is kept for measuring."""
    return detection.share(picture.group) < HELD_OUT


def without_plates(framing: Path) -> list[Picture]:
    """Photos of the inside of cars, where nothing is a plate."""
    labels = framing / "labels.json"
    if not labels.exists():
        return []
    rows = json.loads(labels.read_text())
    return [Picture(path=framing / r["file"], group=r["group"]) for r in rows if r["view"] in NO_PLATE_VIEWS]


class Draw:
    """Makes one training example: seven of ten show labelled plates, half of those partly redrawn."""

    def __init__(self, plates: Sequence[Picture], empty: Sequence[Picture], size: int) -> None:
        self.plates, self.empty, self.size = plates, empty, size

    def __call__(self, rng: Rng) -> Sample:
        """One example, from this generator alone."""
        kind = rng.random() if self.empty else 0.0
        if kind < 0.7:
            picture = self.plates[int(rng.integers(len(self.plates)))]
            image = detection.read(picture.path)
            if rng.random() < 0.45:
                for box in picture.boxes:
                    if rng.random() < 0.8:
                        plate_drawn.cover(image, box, rng)
            scale = (0.5, 2.2)
        else:
            picture = self.empty[int(rng.integers(len(self.empty)))]
            image, scale = detection.read(picture.path), (0.5, 2.0)
            if kind < 0.82:
                boxes = np.stack([plate_drawn.place(image, rng) for _ in range(int(rng.integers(1, 4)))])
                n = len(boxes)
                picture = Picture(
                    picture.path, boxes, np.zeros(n, np.int64), np.full(n, -1, np.int64), group=picture.group
                )
        sample = detection.place(image, picture, self.size, rng, scale=scale, reference=SIZE, aspect=1.7)
        return replace(sample, image=detection.phone_camera(sample.image, rng))


def main() -> None:
    """Train, resume, export."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--init", type=Path, required=True, help="nanodet_plus_m_416_coco_fused.pt")
    parser.add_argument("--out", type=Path, required=True, help="folder of plate.onnx")
    parser.add_argument("--work", type=Path, help="folder of the checkpoint; --out if not given")
    parser.add_argument("--iterations", type=int, default=4000)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--size", type=int, default=WINDOW_PX, help="side of the training pictures")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true")
    a = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    cv2.setNumThreads(1)
    pictures = [p for p in read_plates(a.data / "plates") if not is_held_out(p)]
    empty = without_plates(a.data / "framing")
    logging.info("%d photos with plates, %d without", len(pictures), len(empty))
    net = detection.coco_start(a.init, pictures, a.size)
    net.set_classes(keep=[], new=1)
    plan = Plan(
        size=a.size, iterations=a.iterations, seconds=a.seconds, seed=a.seed,
        rate=1.5e-3, backbone_rate=7e-4, ema=0.997, frozen=1,
    )  # fmt: skip
    draw = Draw(pictures, empty, a.size)
    best = detection.train(net, draw, plan, (a.work or a.out) / "plate.ckpt", resume=a.resume)
    example = detection.place(detection.read(pictures[0].path), pictures[0], SIZE, np.random.default_rng(0))
    off = detection.export(best, SIZE, 1, a.out / "plate.onnx", example.image)
    logging.info("plate.onnx written; largest difference to PyTorch: %s", off)


if __name__ == "__main__":
    main()
