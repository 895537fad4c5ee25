"""From a 12-megapixel photo to its judgement, beside the bare sum of what cannot be avoided."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession

from inspection_service.settings import VisionSettings
from inspection_service.vision.pipeline import Pipeline
from tests.bench.rows import Row, median_seconds, row

DEMO_CAR = Path(__file__).parents[1] / "data" / "demo_car"
PHOTO_SIZE = (4032, 3024)
VIEWS = ("front_left", "odometer")


def rows() -> list[Row]:
    """Measure a whole-car photo and an odometer photo."""
    cv2.setNumThreads(1)
    pipeline = Pipeline.open(VisionSettings().models_dir)
    return [*(each for view in VIEWS for each in _view(pipeline, view)), *_live_frames(pipeline)]


def _live_frames(pipeline: Pipeline) -> Iterator[Row]:
    """Measure twelve seconds of a live session, three frames a second of a side that serves its step.

    Such frames cost most: of others the scene is not looked at. Once in a hand that shakes, and once with a step to or
    fro every two seconds, so that the scene is looked at as often as it ever is.
    """
    yield row("live frame of 640x360 judged", _frame_ms(pipeline, [1.0]), "ms", at_most=20)
    yield row("live frame of 640x360 judged, never held still", _frame_ms(pipeline, [1.0, 0.7]), "ms")


def _frame_ms(pipeline: Pipeline, shares: Sequence[float]) -> float:
    """Return the mean time of a frame; ``shares`` of the width are seen in turn, for two seconds each."""
    image = cv2.imread(str(DEMO_CAR / "front_left.webp"))
    assert image is not None
    numbers = np.random.default_rng(7)
    frames = [_frame(np.asarray(image, np.uint8), shares[k // 6 % len(shares)], numbers) for k in range(36)]
    clock = count(0, 1 / 3)
    guide = pipeline.live(lambda: next(clock))

    def twelve_seconds() -> None:
        for frame in frames:
            guide.hint(frame, "front_left")

    return median_seconds(twelve_seconds, runs=5) / len(frames) * 1000


def _frame(
    image: NDArray[np.uint8], share: float, numbers: np.random.Generator, shake: float = 0.02
) -> NDArray[np.uint8]:
    """Return ``share`` of a picture as a phone in a hand sends it: moved aside a little, with noise."""
    height, width = image.shape[:2]
    size = np.array([width, height]) * share * (1 - shake)
    spare = np.array([width, height]) - size
    aside = numbers.uniform(-1, 1, 2) * shake * np.array([width, height]) / 2
    left, top = (int(v) for v in np.clip(spare / 2 + aside, 0, spare))
    part = image[top : top + int(size[1]), left : left + int(size[0])]
    small = cv2.resize(part, (640, 360), interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip(small + numbers.normal(0, 3, small.shape), 0, 255), np.uint8)


def _view(pipeline: Pipeline, view: str) -> Iterator[Row]:
    photo = photo_of(view)
    judged_s = median_seconds(lambda: pipeline.judge(photo, view), runs=7)
    decode_s = median_seconds(lambda: cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR), runs=7)
    with _model_seconds() as spent:
        for _ in range(7):
            pipeline.judge(photo, view)
    models_s = spent[0] / 7
    yield row(
        f"photo to judgement, 12 megapixels, {view}",
        judged_s,
        "s",
        reference=("its model runs plus one full JPEG decode", models_s + decode_s),
        at_most=1.25,
        judged="ratio",
    )


@contextmanager
def _model_seconds() -> Iterator[list[float]]:
    """Add up the time spent inside the models' own runs, whoever calls them."""
    spent = [0.0]
    bare = InferenceSession.run

    def timed(self: InferenceSession, *args: Any, **kwargs: Any) -> Any:
        start = time.perf_counter()
        try:
            return bare(self, *args, **kwargs)
        finally:
            spent[0] += time.perf_counter() - start

    InferenceSession.run = timed
    try:
        yield spent
    finally:
        InferenceSession.run = bare


def photo_of(view: str, size: tuple[int, int] = PHOTO_SIZE) -> bytes:
    """Return a rendered view as a phone would send it: 12 megapixels or another size, grain, JPEG quality 92."""
    image = cv2.imread(str(DEMO_CAR / f"{view}.webp"))
    assert image is not None
    large = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), np.int16)
    grain = np.asarray(np.random.default_rng(7).normal(0, 4, large.shape), np.int16)
    noisy: NDArray[np.uint8] = np.clip(large + grain, 0, 255).astype(np.uint8)
    return bytes(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 92])[1])
