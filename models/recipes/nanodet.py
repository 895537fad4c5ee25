"""NanoDet-Plus-m in plain PyTorch, so that a detector can be trained and exported without any framework.

    ShuffleNetV2-1.0x  ->  GhostPAN (96 channels)  ->  4 light heads at strides 8, 16, 32, 64

For every cell the head predicts class logits and, for each side of the box, a distribution over 0..reg_max strides
of its distance from the cell's top-left corner. Attribute names are those of the stored COCO weights
(`nanodet_plus_m_416_coco_fused.pt`): rename them only together with its keys.

Source: ShuffleNetV2 (arXiv:1807.11164), GhostNet (arXiv:1911.11907), Generalized Focal Loss (arXiv:2006.04388);
our own writing of the published architecture.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STRIDES = (8, 16, 32, 64)
MEAN = (103.53, 116.28, 123.675)
"""Mean of the training pixels, BGR, 0..255."""
STD = (57.375, 57.12, 58.395)


class ConvBN(nn.Module):
    """Convolution, batch norm, leaky ReLU(0.1).

    With ``bn=False`` the convolution has a bias instead: the form of the stored weights.
    """

    def __init__(
        self,
        cin: int,
        cout: int,
        kernel: int = 1,
        stride: int = 1,
        groups: int = 1,
        *,
        act: bool = True,
        bn: bool = True,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, kernel, stride, kernel // 2, groups=groups, bias=not bn)
        self.bn = nn.BatchNorm2d(cout) if bn else None
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        """``(B, cin, H, W)`` -> ``(B, cout, H / stride, W / stride)``."""
        x = self.conv(x)
        if self.bn is not None:
            x = self.bn(x)
        return F.leaky_relu(x, 0.1, inplace=True) if self.act else x


def depthwise(channels: int, stride: int, bn: bool) -> nn.Sequential:
    """5x5 depthwise then 1x1: the only spatial filter of the neck and the heads."""
    return nn.Sequential(
        ConvBN(channels, channels, 5, stride, channels, bn=bn), ConvBN(channels, channels, bn=bn)
    )


def channel_shuffle(x: Tensor) -> Tensor:
    """Interleave the two halves of the channels, so that both see each other in the next block."""
    b, c, h, w = x.shape
    return x.view(b, 2, c // 2, h, w).transpose(1, 2).reshape(b, c, h, w)


class ShuffleBlock(nn.Module):
    """One unit of ShuffleNetV2; with stride 2 both halves are computed, else one passes through."""

    def __init__(self, cin: int, cout: int, stride: int, bn: bool) -> None:
        super().__init__()
        half = cout // 2
        self.stride = stride
        if stride == 2:
            self.b1 = nn.Sequential(ConvBN(cin, cin, 3, 2, cin, act=False, bn=bn), ConvBN(cin, half, bn=bn))
        self.b2 = nn.Sequential(
            ConvBN(cin if stride == 2 else half, half, bn=bn),
            ConvBN(half, half, 3, stride, half, act=False, bn=bn),
            ConvBN(half, half, bn=bn),
        )

    def forward(self, x: Tensor) -> Tensor:
        """``(B, cin, H, W)`` -> ``(B, cout, H / stride, W / stride)``."""
        if self.stride == 2:
            return channel_shuffle(torch.cat([self.b1(x), self.b2(x)], 1))
        kept, changed = x.chunk(2, 1)
        return channel_shuffle(torch.cat([kept, self.b2(changed)], 1))


class ShuffleNet(nn.Module):
    """``(B, 3, H, W)`` -> features at strides 8, 16, 32 (116, 232 and 464 channels)."""

    def __init__(
        self,
        bn: bool,
        channels: Sequence[int] = (24, 116, 232, 464),
        repeats: Sequence[int] = (4, 8, 4),
    ) -> None:
        super().__init__()
        self.stem = ConvBN(3, channels[0], 3, 2, bn=bn)
        self.stages = nn.ModuleList()
        cin = channels[0]
        for cout, n in zip(channels[1:], repeats, strict=True):
            blocks = [ShuffleBlock(cin, cout, 2, bn)]
            blocks += [ShuffleBlock(cout, cout, 1, bn) for _ in range(n - 1)]
            self.stages.append(nn.Sequential(*blocks))
            cin = cout

    def forward(self, x: Tensor) -> list[Tensor]:
        """``(B, 3, H, W)`` -> one feature map for each stage."""
        x = F.max_pool2d(self.stem(x), 3, 2, 1)
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features


class GhostModule(nn.Module):
    """Half of the channels by 1x1, the other half cheaply from them by 3x3 depthwise."""

    def __init__(self, cin: int, cout: int, act: bool, bn: bool) -> None:
        super().__init__()
        half = cout // 2
        self.p = ConvBN(cin, half, act=act, bn=bn)
        self.c = ConvBN(half, half, 3, groups=half, act=act, bn=bn)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, cin, H, W)`` -> ``(B, cout, H, W)``."""
        x = self.p(x)
        return torch.cat([x, self.c(x)], 1)


class GhostBlock(nn.Module):
    """Two ghost modules beside a depthwise shortcut."""

    def __init__(self, cin: int, cout: int, bn: bool) -> None:
        super().__init__()
        self.g1 = GhostModule(cin, cout, True, bn)
        self.g2 = GhostModule(cout, cout, False, bn)
        self.sc = nn.Sequential(
            ConvBN(cin, cin, 5, groups=cin, act=False, bn=bn), ConvBN(cin, cout, act=False, bn=bn)
        )

    def forward(self, x: Tensor) -> Tensor:
        """``(B, cin, H, W)`` -> ``(B, cout, H, W)``."""
        out: Tensor = self.g2(self.g1(x)) + self.sc(x)
        return out


class GhostPan(nn.Module):
    """Three features in; mixed top-down, then bottom-up; four out, the last one at stride 64."""

    def __init__(self, channels_in: Sequence[int], c: int, bn: bool) -> None:
        super().__init__()
        self.red = nn.ModuleList(ConvBN(i, c, bn=bn) for i in channels_in)
        self.td = nn.ModuleList(GhostBlock(2 * c, c, bn) for _ in range(2))
        self.down = nn.ModuleList(depthwise(c, 2, bn) for _ in range(2))
        self.bu = nn.ModuleList(GhostBlock(2 * c, c, bn) for _ in range(2))
        self.ein = depthwise(c, 2, bn)
        self.eout = depthwise(c, 2, bn)

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Features at strides 8, 16, 32 -> features of ``c`` channels at strides 8, 16, 32, 64."""
        features = [reduce(f) for reduce, f in zip(self.red, features, strict=True)]
        inner = [features[2]]
        for k, level in enumerate((1, 0)):
            up = F.interpolate(inner[0], scale_factor=2.0, mode="bilinear", align_corners=False)
            inner.insert(0, self.td[k](torch.cat([up, features[level]], 1)))
        outs = [inner[0]]
        for k in range(2):
            outs.append(self.bu[k](torch.cat([self.down[k](outs[-1]), inner[k + 1]], 1)))
        outs.append(self.ein(features[2]) + self.eout(outs[-1]))
        return outs


class Detector(nn.Module):
    """``(B, 3, H, W)`` normalised BGR -> ``(B, N, classes + 4 * (reg_max + 1))`` raw outputs, class logits first.

    H and W must be multiples of 32, so that the levels fit onto each other.
    """

    proj: Tensor

    def __init__(self, classes: int = 80, channels: int = 96, reg_max: int = 7, bn: bool = True) -> None:
        super().__init__()
        self.classes, self.reg_max = classes, reg_max
        self.backbone = ShuffleNet(bn)
        self.neck = GhostPan((116, 232, 464), channels, bn)
        self.towers = nn.ModuleList(
            nn.Sequential(*depthwise(channels, 1, bn), *depthwise(channels, 1, bn)) for _ in STRIDES
        )
        self.preds = nn.ModuleList(nn.Conv2d(channels, classes + 4 * (reg_max + 1), 1) for _ in STRIDES)
        self.register_buffer("proj", torch.arange(reg_max + 1).float(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, 3, H, W)`` -> ``(B, N, classes + 4 * (reg_max + 1))``."""
        levels = zip(self.neck(self.backbone(x)), self.towers, self.preds, strict=True)
        return torch.cat([pred(tower(f)).flatten(2) for f, tower, pred in levels], 2).transpose(1, 2)

    def set_classes(self, keep: Sequence[int], new: int) -> None:
        """Change the class channels in place, keeping the part that draws boxes.

        Args:
            keep: Numbers of the present classes to keep, in their new order.
            new: How many fresh channels follow them; their score starts near 0.01.
        """
        for i, old in enumerate(self.preds):
            if not isinstance(old, nn.Conv2d) or old.bias is None:
                raise TypeError("a prediction layer is a convolution with a bias")
            n = len(keep) + new
            pred = nn.Conv2d(old.in_channels, n + 4 * (self.reg_max + 1), 1)
            if pred.bias is None:
                raise TypeError("a convolution made with defaults has a bias")
            nn.init.normal_(pred.weight.data[len(keep) : n], std=0.01)
            pred.bias.data[len(keep) : n] = -4.6
            pred.weight.data[: len(keep)] = old.weight.data[list(keep)]
            pred.bias.data[: len(keep)] = old.bias.data[list(keep)]
            pred.weight.data[n:] = old.weight.data[self.classes :]
            pred.bias.data[n:] = old.bias.data[self.classes :]
            self.preds[i] = pred
        self.classes = len(keep) + new


def cells(height: int, width: int) -> Tensor:
    """``(N, 3)`` x, y and stride (px) of every cell, in the order of the detector's output.

    Only what the export can follow: while a graph is traced, the sizes are numbers of the graph.
    """
    out = []
    for s in STRIDES:
        y, x = torch.meshgrid(
            torch.arange((height + s - 1) // s), torch.arange((width + s - 1) // s), indexing="ij"
        )
        x, y = x.flatten() * s, y.flatten() * s
        out.append(torch.stack([x, y, torch.full_like(x, s)], 1))
    return torch.cat(out).float()


def decode(raw: Tensor, grid: Tensor, classes: int, proj: Tensor) -> Tensor:
    """Boxes ``(B, N, 4)`` xyxy in pixels: the mean of each side's distribution, times the stride."""
    b, n = raw.shape[0], grid.shape[0]
    d = (raw[..., classes:].reshape(b, n, 4, -1).softmax(-1) * proj).sum(-1) * grid[:, 2:3]
    return torch.stack(
        [grid[:, 0] - d[..., 0], grid[:, 1] - d[..., 1], grid[:, 0] + d[..., 2], grid[:, 1] + d[..., 3]], -1
    )


class Export(nn.Module):
    """What goes into the ONNX file: pixels in, boxes and scores out; normalisation and decoding inside, NMS outside.

    Args:
        detector: The trained network.
        scored: The first ``scored`` channels are independent scores (sigmoid). Channels after them, if any, are
            alternatives of each other (softmax): the types of a thing that was found.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, detector: Detector, scored: int | None = None) -> None:
        super().__init__()
        self.detector = detector
        self.scored = detector.classes if scored is None else scored
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """``image`` (B, 3, H, W) float32 BGR 0..255 -> boxes (B, N, 4) px, scores (B, N, scored)[, types (B, N, T)].

        H and W are any multiples of 32.
        """
        raw = self.detector((image - self.mean) / self.std)
        classes = self.detector.classes
        boxes = decode(raw, cells(image.shape[2], image.shape[3]), classes, self.detector.proj)
        scores = raw[..., : self.scored].sigmoid()
        if self.scored == classes:
            return boxes, scores
        return boxes, scores, raw[..., self.scored : classes].softmax(-1)


def load_fused(path: Path) -> Detector:
    """The stored COCO weights (80 classes, batch norm folded into the convolutions), for inference or `unfuse`."""
    detector = Detector(80, bn=False).eval()
    detector.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["state_dict"])
    return detector


@torch.no_grad()
def unfuse(fused: Detector, batches: Iterable[Tensor]) -> Detector:
    """Put batch norm back: a trainable detector that starts as the same function as ``fused``.

    Running statistics are measured on ``batches`` (normalised images, a few dozen are enough); then
    gamma = sqrt(var) and beta = mean + bias cancel them exactly.
    """
    net = Detector(fused.classes, reg_max=fused.reg_max, bn=True)
    kept = {k: v for k, v in fused.state_dict().items() if not k.endswith("conv.bias")}
    net.load_state_dict(kept, strict=False)
    sums: dict[str, tuple[Tensor, Tensor, int]] = {}

    def watch(name: str, module: nn.Conv2d) -> torch.utils.hooks.RemovableHandle:
        def hook(_conv: nn.Module, _inputs: tuple[Tensor, ...], out: Tensor) -> None:
            y = out if module.bias is None else out - module.bias.view(1, -1, 1, 1)
            first, second, n = sums.get(name, (torch.zeros(()), torch.zeros(()), 0))
            sums[name] = (first + y.mean((0, 2, 3)), second + (y * y).mean((0, 2, 3)), n + 1)

        return module.register_forward_hook(hook)

    source = {name: m for name, m in fused.named_modules() if isinstance(m, ConvBN)}
    handles = [watch(name, m.conv) for name, m in source.items()]
    for batch in batches:
        fused(batch)
    for handle in handles:
        handle.remove()
    for name, m in net.named_modules():
        bias = source[name].conv.bias if name in source else None
        if not isinstance(m, ConvBN) or m.bn is None or bias is None:
            continue
        if m.bn.running_mean is None or m.bn.running_var is None:
            continue
        first, second, n = sums[name]
        mean = first / n
        var = (second / n - mean * mean).clamp(min=1e-6)
        m.bn.running_mean.copy_(mean)
        m.bn.running_var.copy_(var)
        m.bn.weight.copy_((var + m.bn.eps).sqrt())
        m.bn.bias.copy_(bias + mean)
    return net


@torch.no_grad()
def fuse(net: Detector) -> Detector:
    """Fold batch norm into the convolutions: the same function with fewer steps, the form that is exported."""
    fused = Detector(net.classes, reg_max=net.reg_max, bn=False).eval()
    target = {name: m for name, m in fused.named_modules() if isinstance(m, ConvBN)}
    state = {k: v for k, v in net.state_dict().items() if ".bn." not in k}
    fused.load_state_dict(state, strict=False)
    for name, m in net.named_modules():
        if not isinstance(m, ConvBN) or m.bn is None or m.bn.running_mean is None or m.bn.running_var is None:
            continue
        scale = m.bn.weight / (m.bn.running_var + m.bn.eps).sqrt()
        conv = target[name].conv
        conv.weight.copy_(m.conv.weight * scale.view(-1, 1, 1, 1))
        if conv.bias is not None:
            conv.bias.copy_(m.bn.bias - m.bn.running_mean * scale)
    return fused
