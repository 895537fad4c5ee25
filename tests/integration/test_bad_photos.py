"""Whatever a stranger sends as a photo gets a judgement with a reason, or is refused by name; nothing is invented.

The shipped models look at drawn and rendered pictures; a photo of a toy car or a lorry cannot be in a repository.
"""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from inspection_service.vision import Judgement, Pipeline
from inspection_service.vision.errors import UnusableImage

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    """The models as shipped."""
    return Pipeline.open(ROOT / "models")


@pytest.fixture(scope="module")
def side() -> Image.Image:
    """The demo car from its left."""
    return Image.open(ROOT / "tests" / "data" / "demo_car" / "left_side.webp").convert("RGB")


def saved(image: Image.Image, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def plain(value: int, width: int, height: int) -> bytes:
    return cv2.imencode(".png", np.full((height, width, 3), value, np.uint8))[1].tobytes()


def says_why(said: Judgement) -> None:
    """Accepted without a reason, or refused with one; no number and no text of a car that is not there."""
    assert said.accepted == (not said.reasons)
    assert said.odometer is None or said.odometer.reading is None
    assert said.vin is None or said.vin.text is None
    assert said.plate is None or said.plate.text is None


@pytest.mark.parametrize("step", ["front", "odometer", "vin_plate"])
@pytest.mark.parametrize("value", [0, 255])
def test_a_black_and_a_white_frame_are_refused_with_a_reason(
    pipeline: Pipeline, value: int, step: str
) -> None:
    said = pipeline.judge(plain(value, 640, 480), step)
    assert said.reasons
    assert said.look is None
    says_why(said)


@pytest.mark.parametrize("step", ["left_side", "odometer", "vin_plate"])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 3), (16, 12)])
def test_a_picture_of_hardly_any_pixels_is_refused(
    pipeline: Pipeline, width: int, height: int, step: str
) -> None:
    try:
        said = pipeline.judge(plain(90, width, height), step)
    except UnusableImage:
        return
    assert said.reasons
    says_why(said)


@pytest.mark.parametrize(("width", "height"), [(4000, 300), (300, 4000)])
def test_a_strip_is_no_photo_of_a_car(pipeline: Pipeline, width: int, height: int) -> None:
    with pytest.raises(UnusableImage):
        pipeline.judge(plain(120, width, height), "left_side")


def test_a_panorama_is_judged(pipeline: Pipeline, side: Image.Image) -> None:
    wide = Image.new("RGB", (side.width * 3, side.height), (120, 130, 140))
    wide.paste(side, (side.width, 0))
    says_why(pipeline.judge(saved(wide), "left_side"))


@pytest.mark.parametrize("mode", ["L", "RGBA", "CMYK"])
def test_another_colour_model_changes_nothing(pipeline: Pipeline, side: Image.Image, mode: str) -> None:
    said = pipeline.judge(saved(side.convert(mode), "JPEG" if mode == "CMYK" else "PNG"), "left_side")
    assert said.view == "left_side"
    says_why(said)


def test_sixteen_bits_are_as_good_as_eight(pipeline: Pipeline, side: Image.Image) -> None:
    deep = np.asarray(side, np.uint16)[..., ::-1] * np.uint16(257)
    said = pipeline.judge(cv2.imencode(".png", deep)[1].tobytes(), "left_side")
    assert (said.view, said.accepted) == ("left_side", True)


def test_a_mirrored_car_is_its_other_side(pipeline: Pipeline, side: Image.Image) -> None:
    mirrored = side.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert pipeline.judge(saved(mirrored), "left_side").reasons[0] == "other_side"


def test_a_picture_of_a_hundred_megapixels_is_refused_before_it_is_decoded(pipeline: Pipeline) -> None:
    """12,000 x 9,000: 318 MB decoded; its header is enough to say no."""
    head = cv2.imencode(".jpg", np.zeros((16, 16, 3), np.uint8))[1].tobytes()
    at = head.index(b"\xff\xc0")
    size = (9000).to_bytes(2, "big") + (12000).to_bytes(2, "big")
    with pytest.raises(UnusableImage):
        pipeline.judge(head[: at + 5] + size + head[at + 9 :], "left_side")


@pytest.mark.parametrize("step", ["front", "odometer", "vin_plate", "registration_document"])
def test_noise_shows_no_car_and_no_number(pipeline: Pipeline, step: str) -> None:
    noise = np.random.default_rng(3).integers(0, 255, (480, 640, 3), np.uint8)
    said = pipeline.judge(cv2.imencode(".png", noise)[1].tobytes(), step)
    assert said.reasons
    says_why(said)
