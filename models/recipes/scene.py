"""Write the scene detector: cars and people as the COCO start sees them, in a file of their own.

    python -m models.recipes.scene --init nanodet_plus_m_416_coco_fused.pt --out models/

Nothing is trained: fine-tuning such a network for anything else makes it forget cars. Of its eighty classes the file
computes four, and answers with the surest of car, bus and truck, and with person.
"""

import argparse
import copy
import logging
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from torch import Tensor, nn

from models.recipes import detection, nanodet

CLASSES = ("car", "person")
COCO_PERSON = 0
COCO_CAR, COCO_BUS, COCO_TRUCK = 2, 5, 7
KEPT = (COCO_CAR, COCO_BUS, COCO_TRUCK, COCO_PERSON)
"""The COCO classes that the file computes; the first three are one class of ours."""

SIZE = 416


class Scene(nn.Module):
    """The COCO detector with the vehicles made one class: what goes into the ONNX file."""

    def __init__(self, coco: nanodet.Detector) -> None:
        super().__init__()
        kept = copy.deepcopy(coco)
        kept.set_classes(keep=KEPT, new=0)
        self.every = nanodet.Export(kept)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """``image`` (1, 3, H, W) BGR 0..255 -> boxes (1, N, 4) px, scores (1, N, 2) of `CLASSES`."""
        boxes, scores = self.every(image)
        return boxes, torch.cat([scores[..., :3].max(-1, keepdim=True).values, scores[..., 3:4]], -1)


def export(coco: nanodet.Detector, path: Path, picture: detection.Image) -> dict[str, float]:
    """Write the ONNX file and compare it with the whole COCO detector in PyTorch; largest differences.

    Raises:
        ValueError: The file does not compute what the network computes.
    """
    module = Scene(coco.eval()).eval()
    detection.write_graph(module, SIZE, path, ["boxes", "scores"])
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    off = dict.fromkeys(("boxes", *CLASSES), 0.0)
    for seen in (picture, picture[: detection.oblong(SIZE)]):
        x = detection.as_input(seen)
        boxes, scores = session.run(None, {"image": x.numpy()})
        with torch.no_grad():
            raw = coco((x - module.every.mean) / module.every.std)
            decoded = nanodet.decode(raw, nanodet.cells(*seen.shape[:2]), 80, coco.proj)
        pairs = {
            "boxes": (boxes, decoded),
            "car": (scores[..., 0], raw[..., list(KEPT[:3])].amax(-1).sigmoid()),
            "person": (scores[..., 1], raw[..., COCO_PERSON].sigmoid()),
        }
        for name, (found, wanted) in pairs.items():
            off[name] = max(off[name], float(np.abs(found - wanted.numpy()).max()))
    if off["boxes"] > 0.05 or max(off[name] for name in CLASSES) > 1e-3:
        raise ValueError(f"{path} differs from the COCO start: {off}")
    return off


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--init", type=Path, required=True, help="nanodet_plus_m_416_coco_fused.pt")
    parser.add_argument("--out", type=Path, required=True, help="folder of scene.onnx")
    a = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    picture = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    off = export(nanodet.load_fused(a.init), a.out / "scene.onnx", picture)
    logging.info("scene.onnx written; largest difference to PyTorch: %s", off)


if __name__ == "__main__":
    main()
