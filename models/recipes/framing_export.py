"""Write the trained framing network as one small ONNX file that takes raw pixels.

Inside the graph: colour order and scaling, softmax and sigmoid. The second look, at the mirror image, is the caller's.
Weights are stored as float16 and widened when the file is opened: half the size, arithmetic still in float32.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from torch import Tensor, nn


class RawPixels(nn.Module):
    """BGR 0..255 in; probabilities of views ``(B, 20)`` and of faults ``(B, 6)`` out."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Look at the picture once."""
        views, faults = self.net((image[:, [2, 1, 0]] - 127.0) / 128.0)
        return views.softmax(1), faults.sigmoid()


def narrow_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store large float32 weights as float16 with a Cast before their use."""
    graph = model.graph
    casts = []
    for tensor in list(graph.initializer):
        array = numpy_helper.to_array(tensor)
        if array.dtype != np.float32 or array.size < 2048:
            continue
        narrow = numpy_helper.from_array(array.astype(np.float16), tensor.name + "_f16")
        casts.append(onnx.helper.make_node("Cast", [narrow.name], [tensor.name], to=onnx.TensorProto.FLOAT))
        graph.initializer.remove(tensor)
        graph.initializer.append(narrow)
    for node in reversed(casts):
        graph.node.insert(0, node)
    return model


def export(net: nn.Module, size_px: int, path: Path) -> None:
    """Write ``path`` and check that it answers as the network does.

    Raises:
        SystemExit: The file's answers differ by more than 1 %.
    """
    module = RawPixels(net).eval().float().to(memory_format=torch.contiguous_format)
    example = torch.randint(0, 256, (1, 3, size_px, size_px)).float()
    torch.onnx.export(
        module, (example,), str(path), input_names=["image"], output_names=["views", "faults"], opset_version=17,
        dynamo=False, do_constant_folding=True,
    )  # fmt: skip
    onnx.save(narrow_weights(onnx.load(path)), path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    got = session.run(None, {"image": example.numpy()})
    with torch.no_grad():
        want = module(example)
    worst = max(float(np.abs(g - w.numpy()).max()) for g, w in zip(got, want, strict=True))
    if worst > 0.01:
        raise SystemExit(f"{path} differs from the network by {worst}")
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, differs from the network by at most {worst:.5f}")
