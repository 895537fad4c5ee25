"""Training a small detector on a CPU: pictures, augmentation, assignment, losses, the loop and the export.

A recipe says what a picture holds (`Picture`), writes a function that draws one training example (usually by
`place` and `phone_camera`), and calls `train` and `export`. Everything that is drawn at random comes from one
seeded generator, and the state of a run is one checkpoint file, so a run can be repeated and resumed.

Source: SimOTA assignment (YOLOX, arXiv:2107.08430) with the soft-label cost of RTMDet (arXiv:2212.07784), quality
and distribution focal loss (arXiv:2006.04388), GIoU (arXiv:1902.09630); our own writing.
"""

import copy
import hashlib
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from models.recipes import nanodet

GREY = 114
"""What fills the picture where there is no photo; the same in training and at run time."""

log = logging.getLogger(__name__)

Rng = np.random.Generator
Floats = NDArray[np.float32]
Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Picture:
    """One labelled photo, boxes in its own pixels.

    Attributes:
        path: The photo.
        boxes: ``(n, 4)`` float32 xyxy.
        labels: ``(n,)`` int64, the score channel of each box.
        types: ``(n,)`` int64, the type channel of each box, or -1 where the source does not say.
        unsure: ``(m, 4)`` float32 xyxy: there, finding nothing and finding something are both right.
        unsure_labels: ``(m,)`` int64, for which score channel; -1 for all of them.
        group: Photos of one car or one scene share it; a split never cuts a group.
    """

    path: Path
    boxes: Floats = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    labels: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    types: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    unsure: Floats = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    unsure_labels: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    group: str = ""


@dataclass(frozen=True)
class Sample:
    """One training example: a ``(size, size, 3)`` uint8 BGR picture and its boxes, as in `Picture`."""

    image: Image
    boxes: Floats
    labels: NDArray[np.int64]
    types: NDArray[np.int64]
    unsure: Floats
    unsure_labels: NDArray[np.int64]


@dataclass(frozen=True)
class Plan:
    """How to train.

    Attributes:
        size: Side of the training pictures, a multiple of 32. The exported file may use another.
        scored: Number of independent score channels; channels after them are types of the first one.
        iterations: Length of the run; ``seconds``, if given, ends it earlier (the schedule then follows the clock).
        rate, backbone_rate: Peak learning rates of neck and heads, and of the backbone.
        frozen: Leading backbone stages that stay as they are, stem included (0 trains all).
        heads_only: Backbone and neck stay as they are: cheap, and whatever else reads them is not changed.
    """

    size: int = 384
    scored: int = 1
    batch: int = 8
    iterations: int = 2000
    seconds: float | None = None
    rate: float = 1e-3
    backbone_rate: float = 5e-4
    frozen: int = 1
    heads_only: bool = False
    type_weight: float = 0.25
    ema: float = 0.998
    seed: int = 1


def read(path: Path) -> Image:
    """A photo as ``(H, W, 3)`` uint8 BGR.

    Raises:
        FileNotFoundError: It is not there or not a picture.
    """
    image = cv2.imread(str(path))
    if image is None:
        raise FileNotFoundError(path)
    return np.asarray(image, np.uint8)


def share(group: str) -> float:
    """A number in 0..1 that depends on the name of the group alone, to split by."""
    return int(hashlib.sha256(group.encode()).hexdigest()[:8], 16) / 2**32


# ---------------------------------------------------------------- examples
def place(
    image: Image,
    picture: Picture,
    size: int,
    rng: Rng,
    *,
    scale: tuple[float, float] = (0.6, 1.4),
    reference: int | None = None,
    aspect: float = 1.3,
    min_side_px: float = 4.0,
    min_kept: float = 0.4,
) -> Sample:
    """Put a photo into a training square: scaled, stretched, shifted, mirrored, cut.

    Args:
        image: The photo, ``(H, W, 3)`` uint8 BGR.
        picture: Its labels (the path is not read).
        size: Side of the square.
        rng: Where the numbers come from.
        scale: Range of the long side, in multiples of ``reference``.
        reference: Long side at run time; ``size`` if not given.
        aspect: Largest change of the ratio of width to height, either way.
        min_side_px: Boxes with a shorter side are neither asked for nor punished.
        min_kept: Boxes of which less is left inside are treated likewise.
    """
    h, w = image.shape[:2]
    s = (reference or size) / max(h, w) * math.exp(rng.uniform(math.log(scale[0]), math.log(scale[1])))
    stretch = math.exp(rng.uniform(-math.log(aspect), math.log(aspect)) / 2)
    sx, sy = s * stretch, s / stretch
    free_x, free_y = size - w * sx, size - h * sy
    tx, ty = rng.uniform(min(0, free_x), max(0, free_x)), rng.uniform(min(0, free_y), max(0, free_y))
    boxes = picture.boxes
    if len(boxes) and rng.random() < 0.8 and (free_x < 0 or free_y < 0):
        # a cut that misses every box teaches little: aim at one of them
        x0, y0, x1, y1 = boxes[rng.integers(len(boxes))]
        tx = float(np.clip(size * rng.uniform(0.2, 0.8) - (x0 + x1) / 2 * sx, *sorted((free_x, 0.0))))
        ty = float(np.clip(size * rng.uniform(0.2, 0.8) - (y0 + y1) / 2 * sy, *sorted((free_y, 0.0))))
    if s < 0.6:
        # the cheap way to avoid aliasing: halve first, warp the rest
        half = cv2.resize(image, None, fx=2 * s, fy=2 * s, interpolation=cv2.INTER_AREA)
        image, kx, ky = np.asarray(half, np.uint8), half.shape[1] / w, half.shape[0] / h
    else:
        kx = ky = 1.0
    flip = bool(rng.random() < 0.5)
    ax, bx = (-sx, size - tx) if flip else (sx, tx)
    out = cv2.warpAffine(
        image,
        np.array([[ax / kx, 0, bx], [0, sy / ky, ty]], np.float32),
        (size, size),
        flags=cv2.INTER_LINEAR,
        borderValue=(GREY, GREY, GREY),
    )

    def moved(b: Floats) -> tuple[Floats, Floats]:
        x = b[:, [0, 2]] * ax + bx
        y = b[:, [1, 3]] * sy + ty
        full = np.stack([x.min(1), y[:, 0], x.max(1), y[:, 1]], 1) if len(b) else np.zeros((0, 4))
        cut = full.clip(0, size)
        area = (full[:, 2] - full[:, 0]) * (full[:, 3] - full[:, 1])
        left = (cut[:, 2] - cut[:, 0]) * (cut[:, 3] - cut[:, 1])
        return cut.astype(np.float32), (left / np.maximum(area, 1e-6)).astype(np.float32)

    cut, kept = moved(boxes)
    wide = ((cut[:, 2:] - cut[:, :2]) >= min_side_px).all(1)
    good = wide & (kept >= min_kept)
    doubtful = ~good & (kept > 0)
    unsure, still = moved(picture.unsure)
    return Sample(
        image=np.asarray(out, np.uint8),
        boxes=cut[good],
        labels=picture.labels[good],
        types=picture.types[good],
        unsure=np.concatenate([unsure[still > 0], cut[doubtful]]),
        unsure_labels=np.concatenate([picture.unsure_labels[still > 0], picture.labels[doubtful]]),
    )


def phone_camera(image: Image, rng: Rng, strength: float = 1.0) -> Image:
    """What a phone and a network do to a picture: light, colour, blur, a smaller size, noise, JPEG.

    All sources pass through it alike, so that a model cannot tell them apart by sharpness or compression.
    """
    out = image.astype(np.float32)
    gain = rng.uniform(1 - 0.35 * strength, 1 + 0.35 * strength)
    balance = 1 + rng.uniform(-0.08, 0.08, 3) * strength
    out = out * (gain * balance).astype(np.float32) + np.float32(rng.uniform(-22, 22) * strength)
    if rng.random() < 0.3:
        grey = out.mean(2, keepdims=True)
        out = grey + (out - grey) * np.float32(rng.uniform(0.3, 1.5))
    if rng.random() < 0.25:
        h, w = out.shape[:2]
        y, x = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j].astype(np.float32)
        out *= (1 - np.float32(rng.uniform(0, 0.35)) * (x * x + y * y)[..., None]).astype(np.float32)
    if rng.random() < 0.35:
        factor = rng.uniform(0.45, 0.95)
        small = cv2.resize(out, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        out = cv2.resize(small, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_LINEAR).astype(
            np.float32
        )
    if rng.random() < 0.12:
        length = int(rng.integers(3, 8))
        kernel = np.zeros((length, length), np.float32)
        angle = rng.uniform(0, math.pi)
        centre, dx, dy = (length - 1) / 2, math.cos(angle), math.sin(angle)
        for t in np.linspace(-centre, centre, 2 * length):
            kernel[round(centre + t * dy), round(centre + t * dx)] = 1
        out = np.asarray(cv2.filter2D(out, -1, kernel / kernel.sum()), np.float32)
    if rng.random() < 0.3:
        out = out + rng.standard_normal(out.shape, np.float32) * np.float32(rng.uniform(2, 9) * strength)
    done = out.clip(0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        quality = int(rng.integers(35, 93))
        _, packed = cv2.imencode(".jpg", done, [cv2.IMWRITE_JPEG_QUALITY, quality])
        done = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return done


def as_batch(images: Sequence[Image]) -> Tensor:
    """Normalised ``(B, 3, H, W)``, channels last in memory: on a CPU half again as fast as the default layout."""
    x = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float()
    x = (x - torch.tensor(nanodet.MEAN).view(1, 3, 1, 1)) / torch.tensor(nanodet.STD).view(1, 3, 1, 1)
    return x.contiguous(memory_format=torch.channels_last)


# ---------------------------------------------------------------- losses
def iou_and_giou(a: Tensor, b: Tensor, eps: float = 1e-7) -> tuple[Tensor, Tensor]:
    """Overlap of xyxy boxes, broadcast, and its generalised form that also tells how far apart they are."""
    wh = (torch.min(a[..., 2:], b[..., 2:]) - torch.max(a[..., :2], b[..., :2])).clamp(min=0)
    inter = wh[..., 0] * wh[..., 1]
    area_a = (a[..., 2] - a[..., 0]).clamp(min=0) * (a[..., 3] - a[..., 1]).clamp(min=0)
    area_b = (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])
    union = area_a + area_b - inter + eps
    hull_wh = (torch.max(a[..., 2:], b[..., 2:]) - torch.min(a[..., :2], b[..., :2])).clamp(min=0)
    hull = hull_wh[..., 0] * hull_wh[..., 1] + eps
    return inter / union, inter / union - (hull - union) / hull


@torch.no_grad()
def assign(
    logits: Tensor, boxes: Tensor, grid: Tensor, truth: Tensor, labels: Tensor, *, topk: int = 13
) -> tuple[Tensor, Tensor]:
    """Which cell answers for which true box, for one image.

    Args:
        logits: ``(N, scored)``, as now predicted.
        boxes: ``(N, 4)``, as now predicted.
        grid: ``(N, 3)`` of `nanodet.cells`.
        truth: ``(M, 4)``, the true boxes.
        labels: ``(M,)``, their score channels.
        topk: At most so many cells answer for one box.

    Returns:
        For each cell the index of its true box or -1, and the IoU of its present prediction with it.
    """
    n, m = len(grid), len(truth)
    index, quality = torch.full((n,), -1), torch.zeros(n)
    if m == 0:
        return index, quality
    corner = grid[:, None, :2]
    inside = ((corner > truth[:, :2]) & (corner < truth[:, 2:])).all(-1)
    near = inside.any(1).nonzero()[:, 0]
    if len(near) == 0:
        return index, quality
    iou, _ = iou_and_giou(boxes[near][:, None], truth[None])
    score = logits[near].sigmoid()[:, labels]
    # cheap cells: confident in the right class, well placed, near the centre of the box
    cost = F.binary_cross_entropy(score.clamp(1e-6, 1 - 1e-6), iou.clamp(0, 1), reduction="none")
    cost = cost * (iou - score).abs() ** 2 - 3 * torch.log(iou + 1e-7)
    middle = (truth[:, :2] + truth[:, 2:]) / 2
    distance = (grid[near][:, None, :2] - middle).pow(2).sum(-1).sqrt() / grid[near][:, None, 2]
    cost = cost + 10 ** (distance - 3).clamp(max=5) + 1e8 * (~inside[near])
    # a box gets as many cells as its best IoUs add up to
    k = iou.topk(min(topk, len(near)), 0).values.sum(0).int().clamp(min=1)
    chosen = torch.zeros_like(cost, dtype=torch.bool)
    for j in range(m):
        chosen[cost[:, j].topk(int(k[j]), largest=False).indices, j] = True
    chosen &= inside[near]
    several = chosen.sum(1) > 1
    if several.any():
        best = cost[several].argmin(1)
        chosen[several] = False
        chosen[several.nonzero()[:, 0], best] = True
    positive = chosen.any(1)
    j = chosen[positive].float().argmax(1)
    index[near[positive]] = j
    quality[near[positive]] = iou[positive].gather(1, j[:, None])[:, 0]
    return index, quality


def losses(
    raw: Tensor, grid: Tensor, samples: Sequence[Sample], net: nanodet.Detector, plan: Plan
) -> list[Tensor]:
    """Quality focal loss of the scores, GIoU of the boxes, distribution focal loss of their sides, types."""
    scored, bins = plan.scored, net.reg_max
    boxes = nanodet.decode(raw, grid, net.classes, net.proj)
    want = torch.zeros(*raw.shape[:2], scored)
    asked = torch.ones(*raw.shape[:2], scored)
    image_of, cell_of, truths, types = [], [], [], []
    for b, sample in enumerate(samples):
        for box, label in zip(torch.from_numpy(sample.unsure), sample.unsure_labels, strict=True):
            corner = grid[:, :2]
            # half a cell of margin: the neighbours of an unsure box see it too
            margin = grid[:, 2:] / 2
            within = ((corner > box[:2] - margin) & (corner < box[2:] + margin)).all(-1)
            if label < 0:
                asked[b, within] = 0
            else:
                asked[b, within, int(label)] = 0
        truth, labels = torch.from_numpy(sample.boxes), torch.from_numpy(sample.labels)
        index, quality = assign(raw[b, :, :scored].detach(), boxes[b].detach(), grid, truth, labels)
        p = (index >= 0).nonzero()[:, 0]
        if len(p):
            want[b, p, labels[index[p]]] = quality[p]
            asked[b, p] = 1
            image_of.append(torch.full_like(p, b))
            cell_of.append(p)
            truths.append(truth[index[p]])
            types.append(torch.from_numpy(sample.types)[index[p]])
    logits = raw[..., :scored]
    score = logits.sigmoid()
    count = max(sum(len(p) for p in cell_of), 1)
    focal = F.binary_cross_entropy_with_logits(logits, want, reduction="none") * (score - want).abs() ** 2
    class_loss = (focal * asked).sum() / count
    if not cell_of:
        nothing = raw.sum() * 0
        return [class_loss, nothing, nothing, nothing]
    b_, p_, truth_, type_ = torch.cat(image_of), torch.cat(cell_of), torch.cat(truths), torch.cat(types)
    weight = score[b_, p_].detach().max(-1).values.clamp(min=0.05)
    total = weight.sum().clamp(min=1.0)
    giou_loss = ((1 - iou_and_giou(boxes[b_, p_], truth_)[1]) * weight).sum() / total
    cell = grid[p_]
    d = torch.cat([cell[:, :2] - truth_[:, :2], truth_[:, 2:] - cell[:, :2]], 1) / cell[:, 2:3]
    d = d.clamp(0, bins - 0.01).reshape(-1)
    low = d.long()
    side = raw[b_, p_, net.classes :].reshape(-1, bins + 1)
    dfl = F.cross_entropy(side, low, reduction="none") * (1 - (d - low))
    dfl = dfl + F.cross_entropy(side, low + 1, reduction="none") * (d - low)
    sides_loss = (dfl.view(-1, 4).mean(1) * weight).sum() / total
    known = type_ >= 0
    type_loss = raw.sum() * 0
    if net.classes > scored and bool(known.any()):
        type_loss = F.cross_entropy(raw[b_[known], p_[known], scored : net.classes], type_[known])
    return [class_loss, 2 * giou_loss, sides_loss, plan.type_weight * type_loss]


# ---------------------------------------------------------------- the loop
def coco_start(path: Path, pictures: Sequence[Picture], size: int) -> nanodet.Detector:
    """The COCO detector, ready to train: batch norm put back with statistics of some of our pictures."""
    fused = nanodet.load_fused(path)
    rng = np.random.default_rng(0)
    batches = []
    for start in range(0, min(len(pictures), 48), 8):
        batch = [place(read(p.path), p, size, rng).image for p in pictures[start : start + 8]]
        batches.append(as_batch(batch))
    return nanodet.unfuse(fused, batches)


def mean_of(net: nanodet.Detector, checkpoints: Sequence[Path]) -> nanodet.Detector:
    """Give a network the mean of the averaged weights of several checkpoints of one training.

    Source: Model soups (arXiv:2203.05482); it costs nothing at run time.
    """
    states = [torch.load(c, map_location="cpu", weights_only=False)["average"] for c in checkpoints]
    mean = {
        name: torch.stack([s[name] for s in states]).mean(0) if value.dtype.is_floating_point else value
        for name, value in states[0].items()
    }
    net.load_state_dict(mean)
    return net.eval()


def train(
    net: nanodet.Detector,
    draw: Callable[[Rng], Sample],
    plan: Plan,
    checkpoint: Path,
    *,
    resume: bool = False,
    on_save: Callable[[nanodet.Detector, int], None] | None = None,
) -> nanodet.Detector:
    """Train in place and return the averaged network (EMA), which is the one to keep.

    Args:
        net: With its final classes (`Detector.set_classes`).
        draw: Makes one example; every random number comes from the generator it is given.
        plan: Length, rates, sizes.
        checkpoint: Written every 100 iterations.
        resume: Go on from the checkpoint, if there is one.
        on_save: Called with the averaged network and the iteration whenever a checkpoint is written.
    """
    torch.manual_seed(plan.seed)
    rng = np.random.default_rng(plan.seed)
    net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks this form
    frozen = [net.backbone.stem, *net.backbone.stages[: plan.frozen]] if plan.frozen else []
    if plan.heads_only:
        frozen = [net.backbone, net.neck]
    for module in frozen:
        module.requires_grad_(False)
    backbone = [p for p in net.backbone.parameters() if p.requires_grad]
    rest = [p for m in (net.neck, net.towers, net.preds) for p in m.parameters() if p.requires_grad]
    groups = [{"params": rest, "peak": plan.rate}, {"params": backbone, "peak": plan.backbone_rate}]
    optimiser = torch.optim.AdamW([g for g in groups if g["params"]], plan.rate, weight_decay=0.05)
    average = copy.deepcopy(net).eval().requires_grad_(False)
    grid = nanodet.cells(plan.size, plan.size)
    first, spent = 0, 0.0
    if resume and checkpoint.exists():
        state = torch.load(checkpoint, map_location="cpu", weights_only=False)
        net.load_state_dict(state["net"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        rng.bit_generator.state = state["rng"]
        first, spent = state["iteration"], state["seconds"]
    started = time.monotonic() - spent
    recent: list[list[float]] = []
    for it in range(first, plan.iterations):
        progress = it / plan.iterations
        if plan.seconds is not None:
            progress = max(progress, (time.monotonic() - started) / plan.seconds)
        last = it + 1 == plan.iterations or progress >= 1
        net.train()
        for module in frozen:
            module.eval()
        warm_up = min(1.0, (it + 1) / 40)
        for group in optimiser.param_groups:
            group["lr"] = (
                group["peak"] * warm_up * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * min(progress, 1))))
            )
        samples = [draw(rng) for _ in range(plan.batch)]
        parts = losses(net(as_batch([s.image for s in samples])), grid, samples, net, plan)
        torch.stack(parts).sum().backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_([*rest, *backbone], 20)
        optimiser.step()
        optimiser.zero_grad()
        decay = min(plan.ema, (it + 1) / (it + 20))
        with torch.no_grad():
            own = net.state_dict()
            for name, value in average.state_dict().items():
                if value.dtype.is_floating_point:
                    value.lerp_(own[name], 1 - decay)
                else:
                    value.copy_(own[name])
        recent.append([float(p.detach()) for p in parts])
        if it % 50 == 49 or last:
            mean = np.mean(recent[-50:], 0)
            seconds = time.monotonic() - started
            log.info(
                "%5d  score %.3f  box %.3f  sides %.3f  type %.3f  %.3f s/image",
                it + 1, *mean, seconds / (it + 1) / plan.batch,
            )  # fmt: skip
        if it % 100 == 99 or last:
            state = {
                "net": net.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict(),
                "rng": rng.bit_generator.state, "iteration": it + 1, "seconds": time.monotonic() - started,
            }  # fmt: skip
            temporary = checkpoint.with_suffix(".tmp")
            torch.save(state, temporary)
            temporary.replace(checkpoint)
            if on_save is not None:
                on_save(average, it + 1)
        if last:
            break
    return average


# ---------------------------------------------------------------- export
def export(net: nanodet.Detector, size: int, scored: int, path: Path, picture: Image) -> dict[str, float]:
    """Write the ONNX file, which takes any sides that are multiples of 32, and compare it with PyTorch.

    Args:
        net: Trained, with batch norm; folded before it is written.
        size: Longer side at run time.
        scored: See `nanodet.Export`.
        path: The file to write.
        picture: ``(size, size, 3)`` uint8 BGR, anything with content.

    Returns:
        Largest difference to PyTorch of each output.

    Raises:
        ValueError: The file does not compute what the network computes.
    """
    module = nanodet.Export(nanodet.fuse(net.eval()), scored).eval()
    names = ["boxes", "scores", "types"][: 2 if scored == net.classes else 3]
    write_graph(module, size, path, names)
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    off = dict.fromkeys(names, 0.0)
    for seen in (picture, picture[: oblong(size)]):
        x = as_input(seen)
        found = session.run(None, {"image": x.numpy()})
        with torch.no_grad():
            raw = net((x - module.mean) / module.std)
            wanted = [
                nanodet.decode(raw, nanodet.cells(*seen.shape[:2]), net.classes, net.proj),
                raw[..., :scored].sigmoid(),
                raw[..., scored : net.classes].softmax(-1),
            ]
        for n, f, w in zip(names, found, wanted, strict=False):
            off[n] = max(off[n], float(np.abs(np.asarray(f) - w.numpy()).max()))
    if off["boxes"] > 0.05 or max(v for n, v in off.items() if n != "boxes") > 1e-3:
        raise ValueError(f"{path} differs from the trained network: {off}")
    return off


def as_input(picture: Image) -> Tensor:
    """A ``(H, W, 3)`` picture as the exported graph takes it: ``(1, 3, H, W)`` float32 BGR 0..255."""
    return torch.from_numpy(picture.transpose(2, 0, 1)[None].astype(np.float32))


def oblong(size: int) -> int:
    """The other side of a picture that is not square, for a trial of the exported graph."""
    return size * 5 // 8 // 32 * 32


def write_graph(module: torch.nn.Module, size: int, path: Path, outputs: Sequence[str]) -> None:
    """Trace a detector into an ONNX file whose input may have any sides that are multiples of 32."""
    torch.onnx.export(
        module, (torch.zeros(1, 3, size, size),), str(path), input_names=["image"], output_names=list(outputs),
        dynamic_axes={"image": {2: "height", 3: "width"}, **{name: {1: "cells"} for name in outputs}},
        opset_version=17, dynamo=False,
    )  # fmt: skip
