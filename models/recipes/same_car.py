"""Teach the framing model to say how a car looks, so that photos of one car can be told from those of another.

    python -m models.recipes.same_car --data ../shared/data [--models models/]

Runs after the framing recipe and before its release, without torch. The network stays as it is, bit by bit; its middle
blocks (edges, colours, surfaces) are pooled, and a linear layer is fitted that keeps what two photos of one car share
and lets go of what the view changes: Fisher's discriminant, shrunk. Its first half is for whole pictures, its second
for the car's box alone. Photos of one listing carry numbers near to one another in their names: so it is known which
show one car.
Source: Fisher, R. A., Annals of Eugenics 7, 1936; Ledoit, O., Wolf, M., J. Multivariate Analysis 88, 2004 (shrinkage).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from inspection_service.vision.engine import stretch
from models.recipes import framing_data as data
from models.recipes.framing_listings import CarPhoto, car_photos

TAPS = tuple(f"/net/_blocks.{block}/Add_output_0" for block in (4, 6, 10))
"""Blocks whose outputs are pooled: mean and deviation of each channel over the picture."""
SIZE = 64
"""Numbers of each half."""
COMPONENTS = 150
SHRINKAGE = 0.3

Floats = NDArray[np.float64]
Projection = Callable[[Floats], Floats]


# ------------------------------------------------------------------ the graph
def bare(model: onnx.ModelProto) -> onnx.ModelProto:
    """Take away what an earlier run added."""
    graph = model.graph
    for kind in (graph.node, graph.initializer):
        for each in [e for e in kind if e.name.startswith("same_car")]:
            kind.remove(each)
    for output in [o for o in graph.output if o.name in ("car", "pooled")]:
        graph.output.remove(output)
    return model


def pooled(model: onnx.ModelProto) -> int:
    """Add means and deviations of ``TAPS`` to the graph, as the tensor ``pooled``; return how many there are.

    Raises:
        SystemExit: The graph lacks one of them.
    """
    graph, names, count = model.graph, [], 0
    made = {out for node in graph.node for out in node.output}
    if missing := set(TAPS) - made:
        raise SystemExit(f"the graph has no {', '.join(sorted(missing))}")
    shapes = {v.name: v for v in onnx.shape_inference.infer_shapes(model).graph.value_info}
    for i, tap in enumerate(TAPS):
        p = f"same_car_{i}"
        nodes = [
            helper.make_node("ReduceMean", [tap], [f"{p}_mean"], axes=[2, 3], keepdims=0),
            helper.make_node("Mul", [tap, tap], [f"{p}_square"]),
            helper.make_node("ReduceMean", [f"{p}_square"], [f"{p}_squares"], axes=[2, 3], keepdims=0),
            helper.make_node("Mul", [f"{p}_mean", f"{p}_mean"], [f"{p}_mean_square"]),
            helper.make_node("Sub", [f"{p}_squares", f"{p}_mean_square"], [f"{p}_spread"]),
            helper.make_node("Relu", [f"{p}_spread"], [f"{p}_variance"]),
            helper.make_node("Sqrt", [f"{p}_variance"], [f"{p}_deviation"]),
        ]
        for node in nodes:
            node.name = node.output[0]
        graph.node.extend(nodes)
        names += [f"{p}_mean", f"{p}_deviation"]
        count += 2 * shapes[tap].type.tensor_type.shape.dim[1].dim_value
    graph.node.append(helper.make_node("Concat", names, ["pooled"], name="same_car_pooled", axis=1))
    return count


def with_projection(model: onnx.ModelProto, weight: Floats, offset: Floats) -> onnx.ModelProto:
    """Add the linear layer and its output ``car``, ``(1, 2 * SIZE)``."""
    graph = model.graph
    graph.initializer.append(numpy_helper.from_array(weight.astype(np.float32), "same_car_weight"))
    graph.initializer.append(numpy_helper.from_array(offset.astype(np.float32), "same_car_offset"))
    inputs = ["pooled", "same_car_weight", "same_car_offset"]
    graph.node.append(helper.make_node("Gemm", inputs, ["car"], name="same_car_gemm"))
    graph.output.append(helper.make_tensor_value_info("car", TensorProto.FLOAT, [1, weight.shape[1]]))
    onnx.checker.check_model(model)
    return model


def session_of(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """Open a graph in one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def features(model: onnx.ModelProto, count: int, photos: Sequence[CarPhoto]) -> tuple[Floats, Floats]:
    """Pooled features ``(n, F)`` of every photo, and of its car alone; of its picture where no box is known."""
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    probe.graph.output.append(helper.make_tensor_value_info("pooled", TensorProto.FLOAT, [1, count]))
    session = session_of(probe)
    whole, close = [], []
    for each in photos:
        image = np.asarray(cv2.imread(str(each.photo.path), cv2.IMREAD_COLOR), np.uint8)
        small = _input(image)
        both = [small, np.ascontiguousarray(small[:, :, :, ::-1])]  # as the service looks
        whole.append(np.mean([session.run(["pooled"], {"image": b})[0][0] for b in both], 0))
        x1, y1, x2, y2 = (max(0, round(v)) for v in each.photo.car or (0, 0, *image.shape[1::-1]))
        close.append(session.run(["pooled"], {"image": _input(image[y1:y2, x1:x2])})[0][0])
    return np.asarray(whole, np.float64), np.asarray(close, np.float64)


def _input(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    fitted, _ = stretch(image, 224, 224)
    return np.ascontiguousarray(fitted.transpose(2, 0, 1)[None], np.float32)


# ------------------------------------------------------------------ the fit
def discriminant(rows: Floats, listings: Sequence[str]) -> tuple[Floats, Floats]:
    """Fit the layer: weight ``(F, SIZE)`` and offset ``(SIZE,)``."""
    mean, deviation = rows.mean(0), rows.std(0) + 1e-6
    scaled = (rows - mean) / deviation
    _, strength, axes = np.linalg.svd(scaled, full_matrices=False)
    kept = min(COMPONENTS, len(rows) - 1)
    main = axes[:kept].T / np.sqrt(strength[:kept] / np.sqrt(len(rows)))
    seen = scaled @ main
    names = np.asarray(listings)
    within = np.concatenate(
        [
            seen[names == name] - seen[names == name].mean(0)
            for name in sorted(set(listings))
            if (names == name).sum() > 1
        ]
    )
    scatter = within.T @ within / len(within)
    scatter = (1 - SHRINKAGE) * scatter + SHRINKAGE * np.trace(scatter) / kept * np.eye(kept)
    value, vector = np.linalg.eigh(scatter)
    white = vector / np.sqrt(value)
    _, order = np.linalg.eigh(white.T @ (seen.T @ seen / len(seen)) @ white)
    weight = (main @ white @ order[:, ::-1][:, :SIZE]) / deviation[:, None]
    return weight, -mean @ weight


def main() -> None:
    """Fit the layer on the photos that teach and write it into the model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path(__file__).parent.parent)
    a = parser.parse_args()
    cv2.setNumThreads(1)
    path = a.models / "framing.onnx"
    model = bare(onnx.load(path))
    teach = {p.name for p in data.split(data.framing_photos(a.data))[0]}
    photos = [p for p in car_photos(a.data) if p.photo.name in teach]
    listings = [p.listing for p in photos]
    halves = [discriminant(rows, listings) for rows in features(model, pooled(model), photos)]
    weight, offset = (np.concatenate(part, -1) for part in zip(*halves, strict=True))
    onnx.save(with_projection(model, weight, offset), path)
    print(f"{path}: {len(photos)} photos of {len(set(listings))} cars taught how a car looks")


if __name__ == "__main__":
    main()
