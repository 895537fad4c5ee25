"""One ONNX model in one thread: the only place that knows onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from inspection_service.vision.errors import ModelCorrupt, UnusableImage
from inspection_service.vision.manifest import Manifest, read_manifest, read_verified

GREY = 114
"""Fills a letterbox where there is no photo; the same value as in training."""


@dataclass(frozen=True)
class Placement:
    """Where a photo lies in a model's input: ``input = photo * (scale_x, scale_y) + (left, top)``, in pixels."""

    scale_x: float
    scale_y: float
    left: float = 0.0
    top: float = 0.0

    def to_photo(self, boxes: NDArray[np.floating]) -> NDArray[np.float32]:
        """Bring ``(n, 4)`` xyxy boxes from the input back to the photo."""
        shift = np.asarray([self.left, self.top, self.left, self.top], np.float32)
        scale = np.asarray([self.scale_x, self.scale_y, self.scale_x, self.scale_y], np.float32)
        return np.asarray((boxes - shift) / scale, np.float32)


def letterbox(
    image: NDArray[np.uint8], width_px: int, height_px: int, multiple_px: int | None = None
) -> tuple[NDArray[np.uint8], Placement]:
    """Fit an image into a rectangle without distorting it, in the middle, grey around it.

    Args:
        image: ``(H, W, 3)`` uint8; not modified.
        width_px: Width of the rectangle.
        height_px: Height of the rectangle.
        multiple_px: If given, the rectangle is cut down to the image, each side to the next multiple of this: a
            network that takes any such size spends nothing on grey.

    Returns:
        ``(height_px, width_px, 3)`` uint8 or what is left of it, and the placement that maps boxes back.

    Raises:
        UnusableImage: A side is 0, or one side is more than eight times the other.
    """
    h, w = image.shape[:2]
    if min(h, w) == 0 or max(h, w) > 8 * min(h, w):
        raise UnusableImage(f"A picture of {w} x {h} pixels is no photo of a car.")
    scale = min(width_px / w, height_px / h)
    new_w, new_h = max(1, round(w * scale)), max(1, round(h * scale))
    if multiple_px is not None:
        width_px = min(width_px, -(-new_w // multiple_px) * multiple_px)
        height_px = min(height_px, -(-new_h // multiple_px) * multiple_px)
    left, top = (width_px - new_w) // 2, (height_px - new_h) // 2
    out = np.full((height_px, width_px, 3), GREY, np.uint8)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    out[top : top + new_h, left : left + new_w] = cv2.resize(image, (new_w, new_h), interpolation=how)
    return out, Placement(new_w / w, new_h / h, left, top)


def stretch(image: NDArray[np.uint8], width_px: int, height_px: int) -> tuple[NDArray[np.uint8], Placement]:
    """Resize an image to a rectangle, letting its shape go; arguments and result as :func:`letterbox`."""
    h, w = image.shape[:2]
    if min(h, w) == 0:
        raise UnusableImage("A picture without pixels is no photo.")
    how = cv2.INTER_AREA if w > width_px else cv2.INTER_LINEAR
    out = cv2.resize(image, (width_px, height_px), interpolation=how)
    return np.asarray(out, np.uint8), Placement(width_px / w, height_px / h)


def open_session(model: bytes | str) -> onnxruntime.InferenceSession:
    """Open an ONNX graph, its bytes or its path, for one thread of the processor.

    Photos come in many shapes, and a memory pattern is kept for each: without them a process that has judged thirty
    photos holds 385 MB instead of 450, and takes no longer.
    Source: onnxruntime's C API, ``EnableMemPattern``, which is meant for inputs of one shape; measured here.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class Model:
    """A verified model, ready to run; safe to use from several threads."""

    def __init__(self, manifest: Manifest, data: bytes) -> None:
        """Open the graph.

        Args:
            manifest: Its description.
            data: The verified bytes of the ONNX file.

        Raises:
            ModelCorrupt: onnxruntime refuses the bytes, or the graph lacks the input or an output named.
        """
        try:
            session = open_session(data)
        except Exception as exc:  # onnxruntime raises its own classes, which share no public base
            raise ModelCorrupt(f"{manifest.file.name} is not a model.", model=manifest.name) from exc
        inputs = {i.name for i in session.get_inputs()}
        self._outputs: list[str] = [o.name for o in session.get_outputs()]
        promised = set(manifest.content["outputs"])
        if manifest.input_name not in inputs or not promised <= set(self._outputs):
            raise ModelCorrupt(
                f"{manifest.file.name} has other inputs or outputs than its manifest.", model=manifest.name
            )
        self.manifest = manifest
        self._session = session

    @classmethod
    def open(cls, models_dir: Path, name: str) -> Model:
        """Read, verify and open ``NAME`` from the models folder.

        Raises:
            ModelMissing: Manifest or file are not there.
            ModelCorrupt: The file is not the one described.
        """
        manifest = read_manifest(models_dir, name)
        return cls(manifest, read_verified(manifest))

    @property
    def name(self) -> str:
        """The model's name."""
        return self.manifest.name

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the output's channels."""
        return self.manifest.classes

    @property
    def thresholds(self) -> Mapping[str, float]:
        """Thresholds chosen when the model was measured."""
        return MappingProxyType(dict(self.manifest.thresholds))

    def prepare(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], Placement]:
        """Bring a BGR photo ``(H, W, 3)`` to the model's input ``(1, 3, h, w)`` as the manifest says."""
        width, height = self.manifest.width_px, self.manifest.height_px
        if self.manifest.fit == "letterbox":
            fitted, placement = letterbox(image, width, height, self.manifest.multiple_px)
        else:
            fitted, placement = stretch(image, width, height)
        planes = cv2.split(fitted)  # turning plane by plane takes half as long as turning all at once
        return np.stack(planes[::-1] if self.manifest.colour == "RGB" else planes, dtype=np.float32)[
            None
        ], placement

    def run(self, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run the graph.

        Args:
            batch: ``(N, C, H, W)`` float32, in the manifest's colour order and range.

        Returns:
            Output name -> array, as the manifest's ``outputs`` describes.
        """
        values = self._session.run(self._outputs, {self.manifest.input_name: batch})
        return dict(zip(self._outputs, values, strict=True))
