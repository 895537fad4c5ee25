"""Train the damage detector: one score "damage" for every place, and its type where a source names one.

    python -m models.recipes.damage --data DATA --init nanodet_plus_m_416_coco_fused.pt --out models/

DATA holds the folders `damage` (COCO, see its SOURCES.md) and, for undamaged photos, `framing`. The sources
are never told apart by sharpness: all pass through the same rescaling, phone camera and JPEG. Undamaged
photos are also shown as close-ups, because no source has undamaged close-ups; dents and scratches are painted on some
of their panels (`paint_damage`), so that a panel seen whole may carry a small damage.
"""

import argparse
import json
import logging
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from models.recipes import detection
from models.recipes.detection import Floats, Image, Picture, Plan, Rng, Sample

TYPES = ("dent", "scratch", "glass_shatter", "lamp_broken", "other_damage")
SIZE = 512
"""Side of the exported input; training cuts pictures out of photos scaled around it."""

HELD_OUT_DAMAGED, HELD_OUT_CLEAN = 0.14, 0.30
PANELS = re.compile(r"door|hood|bumper|trunk|tailgate")
SPLIT = Path(__file__).with_name("held_out.json")


@dataclass(frozen=True)
class Sources:
    """Photos to train on: with damage boxes, without any damage, panels of undamaged cars; and renders."""

    damaged: Sequence[Picture]
    clean: Sequence[Picture]
    panels: Sequence[tuple[Path, Sequence[Floats]]]
    renders: Sequence[Picture] = ()


def groups(images: Sequence[dict[str, object]]) -> dict[int, str]:
    """A group for each image id: one listing or claim (the number its file name starts with), or look-alikes.

    Look-alikes are photos whose perceptual hashes differ in at most 10 of 64 bits.
    """
    parent = {int(str(i["id"])): int(str(i["id"])) for i in images}

    def root(a: int) -> int:
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        return a

    first: dict[str, int] = {}
    hashes = []
    for i in images:
        number, name = int(str(i["id"])), str(i["original_file"])
        key = f"{i['source']}:{re.split(r'[-_.]', name)[0]}"
        parent[root(number)] = root(first.setdefault(key, number))
        hashes.append(int(str(i["phash"]), 16))
    packed = np.array(hashes, np.uint64)
    ids = [int(str(i["id"])) for i in images]
    for k, h in enumerate(packed):
        apart = np.bitwise_count(packed[k + 1 :] ^ h)
        for j in np.nonzero(apart <= 10)[0]:
            parent[root(ids[k])] = root(ids[k + 1 + int(j)])
    return {number: f"damage:{root(number)}" for number in ids}


def read_damage(folder: Path) -> tuple[list[Picture], list[Picture]]:
    """All photos of the COCO folder: (damaged, undamaged), each with its group."""
    content = json.loads((folder / "annotations.json").read_text())
    category = {c["id"]: c["name"] for c in content["categories"]}
    group = groups(content["images"])
    boxes: dict[int, list[tuple[list[float], int]]] = {}
    typed = {i["id"]: i["source"] for i in content["images"]}
    for a in content["annotations"]:
        x, y, w, h = a["bbox"]
        name = category[a["category_id"]]
        # lensor's "broken" may be a lamp or glass: its rest class names nothing
        known = name in TYPES and (name != "other_damage" or typed[a["image_id"]].startswith("bilgi"))
        kind = TYPES.index(name) if known else -1
        boxes.setdefault(a["image_id"], []).append(([x, y, x + w, y + h], kind))
    damaged, clean = [], []
    for i in content["images"]:
        path = folder / "images" / i["file_name"]
        found = boxes.get(i["id"], [])
        if i["damaged"]:
            damaged.append(
                Picture(
                    path=path,
                    boxes=np.array([b for b, _ in found], np.float32).reshape(-1, 4),
                    labels=np.zeros(len(found), np.int64),
                    types=np.array([k for _, k in found], np.int64),
                    group=group[i["id"]],
                )
            )
        else:
            # the same Open Images photo is in the plate folder too: its id is the group in both
            clean.append(Picture(path=path, group="oi:" + str(i["original_file"]).split("_")[0]))
    return damaged, clean


def is_held_out(picture: Picture) -> bool:
    """Whether a photo of `read_damage` is kept for measuring: a fixed share of the groups, by name."""
    limit = HELD_OUT_CLEAN if picture.group.startswith("oi:") else HELD_OUT_DAMAGED
    return detection.share(picture.group) < limit


def read_renders(folder: Path) -> list[Picture]:
    """Renders of generated cars: one folder a set, its ``boxes.json`` naming the planted damage of each view.

    A set that describes no view is an undamaged car.
    A planted damage that hardly shows (``damage_unseen``) is neither asked for nor punished.
    """
    out = []
    for path in sorted(folder.glob("*/boxes.json")):
        views = json.loads(path.read_text()).get("views", {})
        for picture in sorted(path.parent.glob("*.webp")):
            if views and picture.stem not in views:
                continue  # not described yet
            view = views.get(picture.stem, {})
            seen, unseen = view.get("damage", []), view.get("damage_unseen", [])
            out.append(
                Picture(
                    path=picture,
                    boxes=np.array([d["box"] for d in seen], np.float32).reshape(-1, 4),
                    labels=np.zeros(len(seen), np.int64),
                    types=np.array([TYPES.index(d["kind"]) for d in seen], np.int64),
                    unsure=np.array([d["box"] for d in unseen], np.float32).reshape(-1, 4),
                    unsure_labels=np.zeros(len(unseen), np.int64),
                    group=path.parent.name,
                )
            )
    return out


def gather(data: Path, renders: Path | None = None) -> Sources:
    """Everything to train on; nothing of it is held out."""
    damaged, undamaged = read_damage(data / "damage")
    clean = [p for p in undamaged if not is_held_out(p)]
    panels: list[tuple[Path, Sequence[Floats]]] = []
    framing = data / "framing"
    if (framing / "labels.json").exists():
        for row in json.loads((framing / "labels.json").read_text()):
            usable = row["quality"] in ("ok", "edge_touch_unchecked", "truncated") and not row.get(
                "synthetic"
            )
            if usable and row["view"] not in ("registration_document", "vin_plate"):
                clean.append(Picture(path=framing / row["file"], group=row["group"]))
        content = json.loads((framing / "parts.json").read_text())
        names = {c["id"]: c["name"] for c in content["categories"]}
        shapes: dict[int, list[Floats]] = {}
        for a in content["annotations"]:
            if PANELS.search(names[a["category_id"]]):
                shapes.setdefault(a["image_id"], []).extend(
                    np.array(s, np.float32).reshape(-1, 2) for s in a["segmentation"] if len(s) >= 6
                )
        for i in content["images"]:
            name = str(i["file_name"])
            path = framing / (name if name.startswith("images/") else f"images/{name}")
            if i["id"] in shapes and path.exists():
                panels.append((path, shapes[i["id"]]))
    drawn = read_renders(renders) if renders else []
    return Sources([p for p in damaged if not is_held_out(p)], clean, panels, drawn)


# ---------------------------------------------------------------- painted damage
def paint_damage(image: Image, panels: Sequence[Floats], rng: Rng) -> Picture | None:
    """Paint one to three dents or scratches on the panels of a photo, in place; their boxes, or None if none fits."""
    boxes, types = [], []
    edge = np.array([image.shape[1] - 1, image.shape[0] - 1], np.float32)
    for _ in range(int(rng.integers(1, 4))):
        shape = panels[int(rng.integers(len(panels)))]
        low, high = shape.min(0).clip(0, edge), shape.max(0).clip(0, edge)
        for _ in range(10):
            x, y = rng.uniform(low, high)
            inside = cv2.pointPolygonTest(shape.reshape(-1, 1, 2), (float(x), float(y)), True)
            if inside > 6:
                dent = rng.random() < 0.6
                box = (_dent if dent else _scratch)(image, float(x), float(y), float(inside), rng)
                boxes.append(box)
                types.append(TYPES.index("dent" if dent else "scratch"))
                break
    if not boxes:
        return None
    return Picture(
        path=Path(),
        boxes=np.array(boxes, np.float32),
        labels=np.zeros(len(boxes), np.int64),
        types=np.array(types, np.int64),
    )


def _dent(image: Image, x: float, y: float, room: float, rng: Rng) -> list[float]:
    """A hollow: what the paint reflects is displaced along its slope, one flank is lighter, the other darker."""
    h, w = image.shape[:2]
    rx = min(rng.uniform(5, 30), max(room * 1.3, 5))
    ry = rx * rng.uniform(0.5, 1.6)
    reach = 2.6
    x0, x1 = max(0, int(x - reach * rx)), min(w, int(x + reach * rx) + 1)
    y0, y1 = max(0, int(y - reach * ry)), min(h, int(y + reach * ry) + 1)
    v, u = np.mgrid[y0:y1, x0:x1].astype(np.float32)
    angle = rng.uniform(0, math.pi)
    du, dv = (u - x) / rx, (v - y) / ry
    a = du * math.cos(angle) + dv * math.sin(angle)
    b = (dv * math.cos(angle) - du * math.sin(angle)) * rng.uniform(0.6, 1.5)
    bump = np.exp(-(a * a + b * b) * rng.uniform(0.8, 1.6)).astype(np.float32)
    slope_y, slope_x = np.gradient(bump)
    peak = max(float(np.hypot(slope_x, slope_y).max()), 1e-6)
    slope_x, slope_y = slope_x / peak, slope_y / peak
    shift = rng.uniform(2, 0.7 * ry + 3)
    patch = cv2.remap(
        image,
        (u + slope_x * shift).astype(np.float32),
        (v + slope_y * shift).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float32)
    light = rng.uniform(-0.9, 0.9) + (math.pi / 2 if rng.random() < 0.8 else -math.pi / 2)
    shade = slope_x * math.cos(light) + slope_y * math.sin(light)
    # lit from the sky: the lower flank of a hollow looks up and shines, the upper one is dark
    shine = np.maximum(-shade, 0) ** rng.uniform(1, 3) * rng.uniform(15, 110)
    dark = np.maximum(shade, 0) * rng.uniform(5, 60)
    patch += (shine - dark)[..., None]
    image[y0:y1, x0:x1] = patch.clip(0, 255).astype(np.uint8)
    return [x - 1.4 * rx, y - 1.4 * ry, x + 1.4 * rx, y + 1.4 * ry]


def _scratch(image: Image, x: float, y: float, room: float, rng: Rng) -> list[float]:
    """One to five thin, nearly parallel strokes, lighter or darker than the paint."""
    layer = image.copy()
    length, angle = rng.uniform(12, max(20, 3 * room)), rng.uniform(-0.5, 0.5) + (rng.random() < 0.2) * 1.3
    colour = float(rng.choice([235.0, 200.0, 60.0, 30.0])) + rng.uniform(-20, 20, 3)
    points = []
    for _ in range(int(rng.integers(1, 6))):
        off = rng.uniform(-1, 1, 2) * (length / 5, min(room / 2, 8))
        part = rng.uniform(0.4, 1.0) * length / 2
        t = np.linspace(-part, part, 8)
        wave = np.cumsum(rng.standard_normal(8)) * 0.4
        stroke = np.stack([x + off[0] + t * math.cos(angle), y + off[1] + t * math.sin(angle) + wave], 1)
        points.append(stroke)
        fixed = np.round(stroke * 8).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(layer, [fixed], False, colour.tolist(), 1, cv2.LINE_AA, 3)
    strength = rng.uniform(0.3, 0.95)
    image[:] = cv2.addWeighted(layer, strength, image, 1 - strength, 0)
    every = np.concatenate(points)
    low, high = every.min(0) - 2, every.max(0) + 2
    return [float(low[0]), float(low[1]), float(high[0]), float(high[1])]


# ---------------------------------------------------------------- examples
class Draw:
    """Makes one training example: half show real damage, a third none, a few painted damage."""

    def __init__(self, sources: Sources, size: int) -> None:
        self.sources, self.size = sources, size
        bilgi = [p for p in sources.damaged if "bilgi" in p.path.parts[-2]]
        other = [p for p in sources.damaged if "bilgi" not in p.path.parts[-2]]
        self.damaged = [pool for pool in (bilgi, other) if pool]

    def __call__(self, rng: Rng) -> Sample:
        """One example, from this generator alone."""
        kind = rng.random()
        if kind < 0.30 and self.sources.clean:
            picture = self.sources.clean[int(rng.integers(len(self.sources.clean)))]
            image, scale = detection.read(picture.path), (0.5, 3.0)
        elif kind < 0.40 and self.sources.panels:
            path, shapes = self.sources.panels[int(rng.integers(len(self.sources.panels)))]
            image, scale = detection.read(path), (0.8, 2.5)
            picture = paint_damage(image, shapes, rng) or Picture(path=path)
        elif kind < 0.46 and self.sources.renders:
            picture = self.sources.renders[int(rng.integers(len(self.sources.renders)))]
            image, scale = detection.read(picture.path), (0.8, 1.6)
        else:
            pool = self.damaged[0 if rng.random() < 0.72 else -1]
            picture = pool[int(rng.integers(len(pool)))]
            image, scale = detection.read(picture.path), (0.5, 1.5)
        sample = detection.place(
            image, picture, self.size, rng, scale=scale, reference=SIZE, aspect=1.8, min_side_px=5
        )
        return replace(sample, image=detection.phone_camera(sample.image, rng))


def main() -> None:
    """Train, resume or only export."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--renders", type=Path, help="folder of renders of generated cars, if any")
    parser.add_argument("--init", type=Path, required=True, help="nanodet_plus_m_416_coco_fused.pt")
    parser.add_argument("--out", type=Path, required=True, help="folder of damage.onnx")
    parser.add_argument("--work", type=Path, help="folder of the checkpoint; --out if not given")
    parser.add_argument("--iterations", type=int, default=4000)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--size", type=int, default=320, help="side of the training pictures")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument(
        "--mean",
        type=Path,
        nargs="+",
        help="train nothing: export the mean of the weights of these checkpoints",
    )
    a = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    cv2.setNumThreads(1)
    sources = gather(a.data, a.renders)
    logging.info(
        "%d damaged, %d undamaged, %d with panels",
        len(sources.damaged),
        len(sources.clean),
        len(sources.panels),
    )
    net = detection.coco_start(a.init, sources.damaged, a.size)
    net.set_classes(keep=[], new=1 + len(TYPES))
    plan = Plan(
        size=a.size, iterations=a.iterations, seconds=a.seconds, seed=a.seed,
        rate=2e-3, backbone_rate=1e-3, ema=0.996, frozen=2,
    )  # fmt: skip
    checkpoint = (a.work or a.out) / "damage.ckpt"
    if a.mean:
        best = detection.mean_of(net, a.mean)
    else:
        best = detection.train(net, Draw(sources, a.size), plan, checkpoint, resume=a.resume)
    example = detection.place(
        detection.read(sources.damaged[0].path), sources.damaged[0], SIZE, np.random.default_rng(0)
    )
    off = detection.export(best, SIZE, 1, a.out / "damage.onnx", example.image)
    logging.info("damage.onnx written; largest difference to PyTorch: %s", off)


if __name__ == "__main__":
    main()
