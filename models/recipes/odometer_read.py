"""Train the character reader of the odometer: a small network that boxes every character on a strip of display.

    python -m models.recipes.odometer_read --data DIR --out models/ [--resume] [--seconds N]

The strip is what the locator found, with a margin; the reader names digits, other characters and decimal points, and
tells tenths drums apart, so that the run-time code can decide by geometry what is the odometer's number.
"""

from __future__ import annotations

import argparse
import copy
import logging
import math
import time
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from inspection_service.vision.odometer_number import CHARACTERS
from inspection_service.vision.odometer_strip import STRIP_HEIGHT_PX as HEIGHT_PX
from inspection_service.vision.odometer_strip import STRIP_WIDTH_PX as WIDTH_PX
from inspection_service.vision.odometer_strip import Line, cut_strip
from models.recipes import odometer_data, odometer_drawn, odometer_manifest, odometer_scenes

STRIDE = 4
"""Pixels of one output cell."""
CLASSES = len(CHARACTERS)

Image = NDArray[np.uint8]
Labelled = tuple[str, tuple[float, ...], bool]
"""Label, box, stands on a tenths drum."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """How to train; the run ends after ``iterations`` or ``seconds``, whichever comes first."""

    batch: int = 32
    iterations: int = 5000
    seconds: float = 1200
    rate: float = 2e-3
    seed: int = 1


# ---------------------------------------------------------------- network
def block(cin: int, cout: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """3x3 convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(cin, cout, 3, stride, dilation, dilation, bias=False),
        nn.BatchNorm2d(cout),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    """Two 3x3 convolutions round a shortcut; the second one looks further."""

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = block(channels, channels)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, dilation, dilation, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Same shape out as in."""
        return F.relu(x + self.second(self.first(x)))


class Reader(nn.Module):
    """(B, 3, 64, 256) BGR 0..255 -> (B, classes + 1 + 4, 16, 64): class logits, tenths logit, box sides in cells."""

    def __init__(self, thin: int = 24, mid: int = 48, wide: int = 80) -> None:
        super().__init__()
        self.stem = nn.Sequential(block(3, thin, 2), block(thin, mid, 2))
        self.near = Residual(mid)
        self.down = block(mid, wide, 2)
        self.far = nn.Sequential(Residual(wide), Residual(wide, 2))
        self.lateral = nn.Conv2d(wide, mid, 1)
        self.join = Residual(mid)
        self.head = nn.Conv2d(mid, CLASSES + 1 + 4, 1)
        nn.init.constant_(self.head.bias[:CLASSES], -3.0)

    def forward(self, image: Tensor) -> Tensor:
        """Raw outputs; light and contrast of each strip are levelled first."""
        mean = image.mean((1, 2, 3), keepdim=True)
        spread = ((image - mean) ** 2).mean((1, 2, 3), keepdim=True).sqrt()
        x = self.near(self.stem((image - mean) / (spread + 4.0)))
        y = F.interpolate(self.lateral(self.far(self.down(x))), scale_factor=2.0, mode="nearest")
        return self.head(self.join(F.relu(x + y)))


class ExportedReader(nn.Module):
    """What goes into the file: strips in; class scores, tenths scores and boxes of every cell out."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader
        y, x = torch.meshgrid(
            torch.arange(HEIGHT_PX // STRIDE), torch.arange(WIDTH_PX // STRIDE), indexing="ij"
        )
        centre = torch.stack([x, y]).float() + 0.5
        self.register_buffer("centre", torch.cat([centre, centre])[None] * STRIDE)
        self.register_buffer("side", torch.tensor([-1.0, -1.0, 1.0, 1.0]).view(1, 4, 1, 1) * STRIDE)

    def forward(self, strips: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Scores of the classes, of the tenths mark, and boxes in pixels."""
        out = self.reader(strips)
        boxes = self.centre + self.side * F.softplus(out[:, CLASSES + 1 :])
        return out[:, :CLASSES].sigmoid(), out[:, CLASSES : CLASSES + 1].sigmoid(), boxes


# ---------------------------------------------------------------- data
@dataclass(frozen=True)
class Sample:
    """A strip and what stands on it; boxes xyxy in pixels of the strip."""

    image: Image
    labels: NDArray[np.int64]
    boxes: NDArray[np.float32]
    tenths: NDArray[np.bool_]


def coarsened(
    image: Image, line: tuple[float, float, float, float], rng: np.random.Generator
) -> tuple[Image, float]:
    """The picture with fewer pixels, as from further away; digits keep at least seven pixels."""
    tall = line[3] - line[1]
    least = 7.5 / tall
    if least >= 1 or rng.random() < 0.35:
        return image, 1.0
    scale = math.exp(rng.uniform(math.log(least), 0))
    size = (max(4, round(image.shape[1] * scale)), max(4, round(image.shape[0] * scale)))
    out = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return out.astype(np.uint8, copy=False), size[0] / image.shape[1]


def _surroundings(
    image: Image, line: odometer_data.Box, characters: list[Labelled]
) -> tuple[Image, odometer_data.Box, list[Labelled]]:
    """The part of the picture that a strip can show, so that no work is spent on the rest."""
    tall = line[3] - line[1]
    x0, y0 = max(0, int(line[0] - 3 * tall)), max(0, int(line[1] - 1.6 * tall))
    x1, y1 = int(line[2] + 3 * tall) + 1, int(line[3] + 1.6 * tall) + 1
    shift = (x0, y0, x0, y0)

    def moved(box: tuple[float, ...]) -> odometer_data.Box:
        a, b, c, d = (v - s for v, s in zip(box, shift, strict=True))
        return a, b, c, d

    return image[y0:y1, x0:x1], moved(line), [(name, moved(box), mark) for name, box, mark in characters]


def make_sample(
    image: Image,
    characters: list[Labelled],
    line: odometer_data.Box,
    rng: np.random.Generator,
) -> Sample:
    """One training strip: coarser, turned, seen by a phone, the line a little off as a locator has it."""
    image, line, characters = _surroundings(image, line, characters)
    image, scale = coarsened(image, line, rng)
    x0, y0, x1, y1 = (v * scale for v in line)
    tall = y1 - y0
    image = odometer_scenes.seen_by_phone(image, rng, strength=min(1.0, 0.4 + tall / 40))
    grow = rng.normal(0, 0.12, 4) * tall + np.array([-1, -1, 1, 1]) * rng.uniform(-0.1, 0.3) * tall
    grow[[0, 2]] += rng.normal(0, 0.3, 2) * tall
    jittered = (x0 + grow[0], y0 + grow[1], x1 + grow[2], y1 + grow[3])
    cut = cut_strip(image, replace(Line.of_box(jittered), slope_deg=float(rng.normal(0, 3.5))))
    own = np.array([c[1] for c in characters], np.float32).reshape(-1, 4) * scale
    boxes = odometer_scenes.move_boxes(own, cut.affine)
    inside = (boxes[:, 0] + boxes[:, 2]) / 2
    level = (boxes[:, 1] + boxes[:, 3]) / 2
    keep = (inside > 2) & (inside < WIDTH_PX - 2) & (level > 2) & (level < HEIGHT_PX - 2)
    labels = np.array([CHARACTERS.index(c[0]) for c in characters], np.int64)
    tenths = np.array([c[2] for c in characters], np.bool_)
    return Sample(cut.image, labels[keep], boxes[keep], tenths[keep])


class Source:
    """Hands out training strips, real ones and drawn ones."""

    def __init__(self, data: Path, rng: np.random.Generator, drawn: int = 4000) -> None:
        held = odometer_data.read_split()
        crops, measured = odometer_data.split_pictures(odometer_data.display_crops(data), held)
        # the reader's limits are chosen on vehicles that it is not trained on either
        crops, _ = odometer_data.split_pictures(crops, odometer_data.read_split("validation"))
        self.rng = rng
        self.store = odometer_scenes.PictureStore()
        self.digital = [c for c in crops if not c.mechanical and c.odometer]
        self.mechanical = [c for c in crops if c.mechanical and c.odometer]
        self.trips = [c for c in crops if not c.odometer and c.characters]
        self.measured = [c for c in measured if c.odometer]
        # cars of which there are no crops with boxed characters, but another country's displays
        photos, _ = odometer_data.split_pictures(odometer_data.whole_photos(data), held)
        digital = [p for p in photos if p.path.stem.startswith("ir") and p.reading and not p.mechanical]
        self.whole = [odometer_data.with_even_characters(p) for p in digital]
        self.pool: list[odometer_drawn.Drawn] = []
        self.drawn = drawn

    def real(self, picture: odometer_data.Picture) -> Sample:
        """A strip of a display crop; of a trip display one of its lines takes the place of the odometer's."""
        image, _ = self.store.get(picture.path)
        line = picture.odometer
        if line is None or self.rng.random() < 0.06:
            line = self._other_line(picture.characters)
        last = picture.line[-1] if picture.mechanical and picture.line else -1
        characters: list[Labelled] = [(c.label, c.box, i == last) for i, c in enumerate(picture.characters)]
        return make_sample(image, characters, line, self.rng)

    def sample(self) -> Sample:
        """A random strip: half real, half drawn."""
        if self.whole and self.rng.random() < 0.12:
            return self.real(self.whole[int(self.rng.integers(len(self.whole)))])
        u = self.rng.random()
        if u < 0.32:
            return self.real(self.digital[int(self.rng.integers(len(self.digital)))])
        if u < 0.42:
            return self.real(self.mechanical[int(self.rng.integers(len(self.mechanical)))])
        if u < 0.47:
            return self.real(self.trips[int(self.rng.integers(len(self.trips)))])
        if len(self.pool) < self.drawn and (self.rng.random() < 0.25 or not self.pool):
            self.pool.append(odometer_drawn.draw(self.rng))
            one = self.pool[-1]
        else:
            one = self.pool[int(self.rng.integers(len(self.pool)))]
        line = one.odometer
        if self.rng.random() < 0.2:
            # clocks and trip meters, so that colons and points are seen in the middle too
            line = self._other_line(tuple(odometer_data.Character(c[0], c[1]) for c in one.characters))
        return make_sample(one.image, [*one.characters], line, self.rng)

    def _other_line(self, characters: tuple[odometer_data.Character, ...]) -> odometer_data.Box:
        """The box of a line of text chosen at random."""
        lines = odometer_data.text_lines(characters)
        chosen = lines[int(self.rng.integers(len(lines)))]
        hull = np.array([characters[i].box for i in chosen])
        low, high = hull[:, :2].min(0), hull[:, 2:].max(0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def targets(samples: list[Sample]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Heat maps (B, classes, h, w), box sides (B, 4, h, w), tenths (B, 1, h, w) and where the last two count."""
    h, w = HEIGHT_PX // STRIDE, WIDTH_PX // STRIDE
    heat = np.zeros((len(samples), CLASSES, h, w), np.float32)
    sides = np.zeros((len(samples), 4, h, w), np.float32)
    tenths = np.zeros((len(samples), 1, h, w), np.float32)
    counts = np.zeros((len(samples), 1, h, w), np.float32)
    yy, xx = np.mgrid[:h, :w] + 0.5
    for k, sample in enumerate(samples):
        for label, box, is_tenths in zip(sample.labels, sample.boxes / STRIDE, sample.tenths, strict=True):
            cx, cy = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
            sx, sy = max(0.45, (box[2] - box[0]) / 7), max(0.45, (box[3] - box[1]) / 7)
            spot = np.exp(-((xx - cx) ** 2) / (2 * sx**2) - ((yy - cy) ** 2) / (2 * sy**2))
            i, j = min(h - 1, max(0, int(cy))), min(w - 1, max(0, int(cx)))
            spot[i, j] = 1
            np.maximum(heat[k, label], spot, out=heat[k, label])
            near = (spot > 0.5) & (spot >= counts[k, 0])
            for side, value in enumerate((xx - box[0], yy - box[1], box[2] - xx, box[3] - yy)):
                sides[k, side][near] = value[near].clip(0.05)
            tenths[k, 0][near] = is_tenths
            counts[k, 0][near] = spot[near]
    return torch.from_numpy(heat), torch.from_numpy(sides), torch.from_numpy(tenths), torch.from_numpy(counts)


def loss_of(out: Tensor, samples: list[Sample]) -> Tensor:
    """Focal loss of the heat maps, L1 of the sides, cross-entropy of the tenths mark.

    Source: CenterNet (arXiv:1904.07850), equation 1.
    """
    heat, sides, tenths, counts = targets(samples)
    logits = out[:, :CLASSES]
    score = logits.sigmoid()
    at_centre = heat.eq(1).float()
    hit = -F.logsigmoid(logits) * (1 - score) ** 2 * at_centre
    miss = -F.logsigmoid(-logits) * score**2 * (1 - heat) ** 4 * (1 - at_centre)
    total = at_centre.sum().clamp(min=1)
    near = (counts > 0).float()
    box = (F.softplus(out[:, CLASSES + 1 :]) - sides).abs() * near
    mark = F.binary_cross_entropy_with_logits(out[:, CLASSES : CLASSES + 1], tenths, reduction="none") * near
    return (
        (hit.sum() + miss.sum()) / total
        + 0.25 * box.sum() / near.sum().clamp(min=1)
        + 0.5 * mark.sum() / near.sum().clamp(min=1)
    )


def stacked(samples: list[Sample]) -> Tensor:
    """(B, 3, 64, 256) float BGR."""
    x = torch.from_numpy(np.stack([s.image.transpose(2, 0, 1) for s in samples])).float()
    return x.contiguous(memory_format=torch.channels_last)


# ---------------------------------------------------------------- the loop
def train(reader: Reader, source: Source, plan: Plan, checkpoint: Path, resume: bool) -> Reader:
    """Train in place and return the averaged network, which is the one to keep."""
    torch.manual_seed(plan.seed)
    reader.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks this form
    optimiser = torch.optim.AdamW(reader.parameters(), plan.rate, weight_decay=0.02)
    average = copy.deepcopy(reader).eval().requires_grad_(False)
    first, spent = 0, 0.0
    if resume and checkpoint.exists():
        state = torch.load(checkpoint, map_location="cpu", weights_only=False)
        reader.load_state_dict(state["net"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        source.rng.bit_generator.state = state["rng"]
        first, spent = state["iteration"], state["seconds"]
    started = time.monotonic() - spent
    recent: list[float] = []
    reader.train()
    for it in range(first, plan.iterations):
        progress = max(it / plan.iterations, (time.monotonic() - started) / plan.seconds)
        last = it + 1 == plan.iterations or progress >= 1
        for group in optimiser.param_groups:
            slope = 0.5 * (1 + math.cos(math.pi * min(progress, 1)))
            group["lr"] = plan.rate * min(1.0, (it + 1) / 60) * (0.02 + 0.98 * slope)
        samples = [source.sample() for _ in range(plan.batch)]
        loss = loss_of(reader(stacked(samples)), samples)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(reader.parameters(), 10)
        optimiser.step()
        decay = min(0.995, (it + 1) / (it + 10))
        with torch.no_grad():
            own = reader.state_dict()
            for name, value in average.state_dict().items():
                if value.dtype.is_floating_point:
                    value.lerp_(own[name], 1 - decay)
                else:
                    value.copy_(own[name])
        recent.append(float(loss.detach()))
        if it % 50 == 49 or last:
            seconds = time.monotonic() - started
            log.info(
                "%5d  loss %.3f  %.4f s/image", it + 1, np.mean(recent[-50:]), seconds / (it + 1) / plan.batch
            )
        if it % 100 == 99 or last:
            state = {
                "net": reader.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict(),
                "rng": source.rng.bit_generator.state, "iteration": it + 1, "seconds": time.monotonic() - started,
            }  # fmt: skip
            temporary = checkpoint.with_suffix(".tmp")
            torch.save(state, temporary)
            temporary.replace(checkpoint)
        if last:
            break
    return average


def export(reader: Reader, path: Path, strip: Image) -> float:
    """Write the ONNX file; returns the largest difference to PyTorch on one strip (64, 256, 3).

    Raises:
        ValueError: The file does not compute what the network computes.
    """
    module = ExportedReader(copy.deepcopy(reader).to(memory_format=torch.contiguous_format)).eval()  # type: ignore[call-overload]
    x = torch.from_numpy(strip.transpose(2, 0, 1)[None].astype(np.float32))
    names = ["classes", "tenths", "boxes"]
    torch.onnx.export(
        module, (x,), str(path), input_names=["strip"], output_names=names, opset_version=17, dynamo=False
    )
    found = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(
        None, {"strip": x.numpy()}
    )
    with torch.no_grad():
        wanted = module(x)
    off = max(float(np.abs(np.asarray(f) - w.numpy()).max()) for f, w in zip(found, wanted, strict=True))
    if off > 0.02:
        raise ValueError(f"{path} differs from the trained network by {off}")
    return off


def main() -> None:
    """Train, export, describe."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with odometer and odometer_digits")
    parser.add_argument("--out", type=Path, default=Path("models"))
    parser.add_argument("--work", type=Path, default=Path("build/train"), help="where checkpoints go")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--seconds", type=float, default=1200)
    parser.add_argument("--iterations", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    cv2.setNumThreads(1)
    arguments.work.mkdir(parents=True, exist_ok=True)
    plan = Plan(iterations=arguments.iterations, seconds=arguments.seconds, seed=arguments.seed)
    source = Source(arguments.data, np.random.default_rng(plan.seed))
    torch.manual_seed(plan.seed)
    reader = train(Reader(), source, plan, arguments.work / "odometer_read.pt", arguments.resume)
    path = arguments.out / "odometer_read.onnx"
    log.info("%s differs from PyTorch by %.1e", path, export(reader, path, source.sample().image))
    odometer_manifest.write(arguments.out)


if __name__ == "__main__":
    main()
