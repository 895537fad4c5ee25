"""Build the scene detector: car and person as the COCO start sees them, number plates by heads of their own.

    python -m models.recipes.scene --data DATA --init nanodet_plus_m_416_coco_fused.pt --out models/

Fine-tuning a detector for a new class makes it forget the old ones. So nothing that car and person depend on is
trained: backbone, neck and heads stay as they are, and a second set of heads, started from the first, learns plates
on the same features. The file answers with the cells of both sets, one after the other.
"""

import argparse
import copy
import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
import torch
from torch import Tensor, nn

from models.recipes import detection, nanodet
from models.recipes.detection import Floats, Picture, Plan, Rng, Sample

CLASSES = ("car", "person", "plate")
COCO_PERSON = 0
COCO_CAR, COCO_BUS, COCO_TRUCK = 2, 5, 7
KEPT = (COCO_CAR, COCO_BUS, COCO_TRUCK, COCO_PERSON)
"""The COCO classes that the file computes; the first three are one class of ours."""

SIZE = 416
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
    """Makes one training example: four of five show a plate."""

    def __init__(self, plates: Sequence[Picture], empty: Sequence[Picture], size: int) -> None:
        self.plates, self.empty, self.size = plates, empty, size

    def __call__(self, rng: Rng) -> Sample:
        """One example, from this generator alone."""
        pool = self.empty if self.empty and rng.random() < 0.2 else self.plates
        picture = pool[int(rng.integers(len(pool)))]
        image = detection.read(picture.path)
        sample = detection.place(image, picture, self.size, rng, scale=(0.5, 2.2), reference=SIZE, aspect=1.7)
        return replace(sample, image=detection.phone_camera(sample.image, rng))


class TwoHeads(nn.Module):
    """The COCO detector and the plate heads over one backbone: what goes into the ONNX file."""

    def __init__(self, coco: nanodet.Detector, plates: nanodet.Detector) -> None:
        super().__init__()
        kept = copy.deepcopy(coco)
        kept.set_classes(keep=KEPT, new=0)
        self.coco = nanodet.Export(kept)
        self.towers, self.preds = plates.towers, plates.preds
        self.reg_max = plates.reg_max

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """``image`` (1, 3, H, W) BGR 0..255 -> boxes (1, 2N, 4) px, scores (1, 2N, 3) of `CLASSES`."""
        net, grid = self.coco.detector, nanodet.cells(image.shape[2], image.shape[3])
        features = net.neck(net.backbone((image - self.coco.mean) / self.coco.std))

        def raw(towers: nn.ModuleList, preds: nn.ModuleList) -> Tensor:
            levels = zip(features, towers, preds, strict=True)
            return torch.cat([pred(tower(f)).flatten(2) for f, tower, pred in levels], 2).transpose(1, 2)

        first, second = raw(net.towers, net.preds), raw(self.towers, self.preds)
        vehicle = first[..., :3].max(-1, keepdim=True).values
        person, plate = first[..., 3:4], second[..., :1]
        never = torch.zeros_like(plate)
        boxes = torch.cat(
            [
                nanodet.decode(first, grid, net.classes, net.proj),
                nanodet.decode(second, grid, 1, net.proj),
            ],
            1,
        )
        scores = torch.cat(
            [
                torch.cat([vehicle.sigmoid(), person.sigmoid(), never], -1),
                torch.cat([never, never, plate.sigmoid()], -1),
            ],
            1,
        )
        return boxes, scores


def export(
    coco: nanodet.Detector, plates: nanodet.Detector, path: Path, picture: detection.Image
) -> dict[str, float]:
    """Write the ONNX file and compare it with both networks run in PyTorch as trained.

    Raises:
        ValueError: The file does not compute what the networks compute.
    """
    module = TwoHeads(coco.eval(), nanodet.fuse(plates.eval())).eval()
    detection.write_graph(module, SIZE, path, ["boxes", "scores"])
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    off = dict.fromkeys(("boxes", "car", "person", "plate"), 0.0)
    for seen in (picture, picture[: detection.oblong(SIZE)]):
        x = detection.as_input(seen)
        boxes, scores = session.run(None, {"image": x.numpy()})
        with torch.no_grad():
            normal = (x - module.coco.mean) / module.coco.std
            first, second = coco(normal), plates(normal)
            grid = nanodet.cells(*seen.shape[:2])
            decoded = [nanodet.decode(first, grid, 80, coco.proj), nanodet.decode(second, grid, 1, coco.proj)]
        n = first.shape[1]
        pairs = {
            "boxes": (boxes, torch.cat(decoded, 1)),
            "car": (scores[:, :n, 0], first[..., list(KEPT[:3])].amax(-1).sigmoid()),
            "person": (scores[:, :n, 1], first[..., COCO_PERSON].sigmoid()),
            "plate": (scores[:, n:, 2], second[..., 0].sigmoid()),
        }
        for name, (found, wanted) in pairs.items():
            off[name] = max(off[name], float(np.abs(found - wanted.numpy()).max()))
    if off["boxes"] > 0.05 or max(off["car"], off["person"], off["plate"]) > 1e-3:
        raise ValueError(f"{path} differs from the trained network: {off}")
    return off


def main() -> None:
    """Train the plate heads and write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--init", type=Path, required=True, help="nanodet_plus_m_416_coco_fused.pt")
    parser.add_argument("--out", type=Path, required=True, help="folder of scene.onnx")
    parser.add_argument("--work", type=Path, help="folder of the checkpoint; --out if not given")
    parser.add_argument("--iterations", type=int, default=2500)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--size", type=int, default=384, help="side of the training pictures")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true")
    a = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    cv2.setNumThreads(1)
    pictures = [p for p in read_plates(a.data / "plates") if not is_held_out(p)]
    empty = without_plates(a.data / "framing")
    logging.info("%d photos with plates, %d without", len(pictures), len(empty))
    plates = detection.coco_start(a.init, pictures, a.size)
    plates.set_classes(keep=[], new=1)
    plan = Plan(
        size=a.size, iterations=a.iterations, seconds=a.seconds, seed=a.seed, rate=2e-3, heads_only=True
    )
    best = detection.train(
        plates, Draw(pictures, empty, a.size), plan, (a.work or a.out) / "scene.ckpt", resume=a.resume
    )
    example = detection.place(detection.read(pictures[0].path), pictures[0], SIZE, np.random.default_rng(0))
    off = export(nanodet.load_fused(a.init), best, a.out / "scene.onnx", example.image)
    logging.info("scene.onnx written; largest difference to PyTorch: %s", off)


if __name__ == "__main__":
    main()
