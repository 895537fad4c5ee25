"""Pixel measures tell shaken, dark and burnt-out pictures from good ones, whatever their size."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from inspection_service.vision import quality
from inspection_service.vision.quality import measure, quick_copy

pytestmark = pytest.mark.unit


def scene(width: int = 900, height: int = 600) -> NDArray[np.uint8]:
    """Shapes of many sizes with sharp edges, as a street has them."""
    rng = np.random.default_rng(7)
    image = np.full((height, width, 3), 120, np.uint8)
    for _ in range(400):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        w, h = (int(v) for v in rng.integers(width // 100, width // 8, 2))
        colour = [int(c) for c in rng.integers(20, 235, 3)]
        if rng.random() < 0.5:
            cv2.rectangle(image, (x, y), (x + w, y + h), colour, -1)
        else:
            cv2.circle(image, (x, y), w // 2, colour, -1)
    return image


def shaken(image: NDArray[np.uint8], along: int) -> NDArray[np.uint8]:
    """Move the camera by 2.5 % of the width, sideways (0) or up (1)."""
    length = image.shape[1] // 40
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2, :] = 1 / length
    return np.asarray(cv2.filter2D(image, -1, kernel if along == 0 else kernel.T), np.uint8)


def test_defocus_lowers_sharpness() -> None:
    good = scene()
    soft = np.asarray(cv2.GaussianBlur(good, (0, 0), 900 * 0.006), np.uint8)
    assert measure(good).sharpness > 2 * measure(soft).sharpness


@pytest.mark.parametrize("along", [0, 1])
def test_shake_lowers_sharpness_although_edges_along_it_stay(along: int) -> None:
    good = scene()
    assert measure(good).sharpness > 1.8 * measure(shaken(good, along)).sharpness


def test_sharpness_hardly_depends_on_the_number_of_pixels() -> None:
    large = scene(3000, 2000)
    small = np.asarray(cv2.resize(large, (600, 400), interpolation=cv2.INTER_AREA), np.uint8)
    assert measure(large).sharpness == pytest.approx(measure(small).sharpness, rel=0.15)


def test_a_sharp_subject_before_a_soft_background_is_sharp() -> None:
    good = scene()
    portrait = np.asarray(cv2.GaussianBlur(good, (0, 0), 8), np.uint8)
    portrait[150:450, 250:650] = good[150:450, 250:650]
    assert measure(portrait).sharpness > 0.7 * measure(good).sharpness


def test_a_picture_of_nothing_is_not_sharp() -> None:
    assert measure(np.full((300, 400, 3), 128, np.uint8)).sharpness == 0.0


def test_darkness_shows_in_brightness_and_a_lit_display_in_highlights() -> None:
    night = np.full((300, 400, 3), 8, np.uint8)
    display = night.copy()
    display[130:170, 170:240] = 230
    assert measure(night).brightness == pytest.approx(8, abs=1)
    assert measure(night).highlights < 20
    assert measure(display).highlights > 200


def test_burnt_out_pixels_are_counted() -> None:
    image = np.full((300, 400, 3), 100, np.uint8)
    image[:150] = 255
    assert measure(image).clipped_share == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("width", [640, 1200])
def test_one_channel_shrunk_measures_what_three_do(width: int) -> None:
    """Live frames are measured on their brightness alone, which is shrunk last and not first."""
    image = scene(width, width * 9 // 16)
    image[:40] = 255
    scale = 448 / width
    shrunk = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    luma = np.asarray(cv2.cvtColor(shrunk, cv2.COLOR_BGR2GRAY), np.uint8)
    measured = measure(image)
    assert measured.brightness == pytest.approx(float(luma.mean()), abs=0.1)
    assert measured.highlights == pytest.approx(float(np.percentile(luma, 99)), abs=1)
    assert measured.sharpness == pytest.approx(measure(shrunk).sharpness, rel=0.02)


@pytest.mark.parametrize("sides", [(640, 360), (360, 640), (600, 450), (320, 240), (1600, 1200)])
def test_a_live_frame_is_measured_nearly_as_a_photo_is(sides: tuple[int, int]) -> None:
    image = scene(*sides)
    image[:40] = 255
    photo, frame = measure(image), measure(image, quick_copy)
    assert frame.sharpness == pytest.approx(photo.sharpness, rel=0.06)
    assert frame.brightness == pytest.approx(photo.brightness, abs=0.5)
    assert frame.highlights == pytest.approx(photo.highlights, abs=3)
    assert frame.clipped_share == photo.clipped_share


@pytest.mark.parametrize("shape", [(252, 448), (251, 447), (448, 336), (7, 13), (3, 5), (1, 1)])
def test_tiles_hold_the_means_of_equal_parts(shape: tuple[int, int]) -> None:
    """Of the same sums, whatever the number of rows: a row on a border belongs to both sides by its share."""
    values = np.random.default_rng(5).random(shape).astype(np.float32)
    many = np.repeat(np.repeat(values.astype(float), quality.TILES, 0), quality.TILES, 1)
    parts = many.reshape(quality.TILES, shape[0], quality.TILES, shape[1])
    assert quality._tile_means(values) == pytest.approx(parts.mean((1, 3)), abs=1e-5)


@pytest.mark.parametrize("count", [1, 2, 5, 36])
@pytest.mark.parametrize("share", [0.5, 0.75])
def test_a_share_of_the_values_lies_below_their_quantile(count: int, share: float) -> None:
    rows = np.random.default_rng(count).random((4, count)).astype(np.float32)
    assert quality._up_to(rows, share) == pytest.approx(np.quantile(rows, share, axis=1), abs=1e-6)
