"""Copies of a photo are recognised, and other photos are not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from inspection_service.inspections.alike import MOST_APART, apart
from inspection_service.vision.look import fingerprint

pytestmark = pytest.mark.unit

Image = NDArray[np.uint8]


def scene(seed: int) -> Image:
    """A picture of soft shapes, as photos have them."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (9, 12, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, (800, 600), interpolation=cv2.INTER_CUBIC), np.uint8)


def saved(image: Image, quality: int = 40) -> Image:
    packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


def between(one: Image, other: Image) -> int:
    return int(apart(looks_like(one), [looks_like(other)])[0])


def looks_like(image: Image) -> str:
    found = fingerprint(image)
    assert found is not None
    return found


@pytest.mark.parametrize("seed", range(5))
def test_copies_are_recognised(seed: int) -> None:
    image = scene(seed)
    smaller = np.asarray(cv2.resize(image, (400, 300), interpolation=cv2.INTER_AREA), np.uint8)
    screenshot = np.pad(image, ((300, 200), (0, 0), (0, 0)))
    brighter = np.asarray((image.astype(np.float32) * 0.8 + 30).clip(0, 255), np.uint8)
    cropped = image[18:590, 20:785]
    for copy in (saved(image), smaller, screenshot, brighter, saved(cropped)):
        assert between(image, np.ascontiguousarray(copy)) <= MOST_APART


def test_other_photos_are_not() -> None:
    looks = [looks_like(scene(seed)) for seed in range(40)]
    assert min(apart(look, looks[k + 1 :]).min() for k, look in enumerate(looks[:-1])) > MOST_APART


def test_the_mirror_image_is_another_photo() -> None:
    assert between(scene(1), np.ascontiguousarray(scene(1)[:, ::-1])) > MOST_APART


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_picture_of_nothing_is_like_no_other(value: int) -> None:
    assert fingerprint(np.full((300, 400, 3), value, np.uint8)) is None


def test_a_tiny_picture_has_no_fingerprint() -> None:
    assert fingerprint(scene(1)[:1, :1]) is None


def test_a_fingerprint_of_another_making_is_like_none() -> None:
    look = looks_like(scene(1))
    one_part = look.split()[0]
    assert list(apart(look, [one_part, look]) <= MOST_APART) == [False, True]
    assert len(apart(look, [])) == 0
