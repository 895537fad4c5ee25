"""The demo car's pictures are complete and what is said of them can be true."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from tests.fake_camera import write_mjpeg

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "tests" / "data" / "demo_car"
SHOWN = ROOT / "web_client" / "public" / "demo_car"
STEPS = [
    "front",
    "front_left",
    "left_side",
    "rear_left",
    "rear",
    "rear_right",
    "right_side",
    "front_right",
    "wheel",
    "dashboard",
    "odometer",
    "front_seats",
]


@pytest.mark.parametrize("name", [*STEPS, "damage"])
def test_every_box_lies_in_its_picture(name: str) -> None:
    """Each view of the checklist has a picture of the size said, and every planted damage a box inside it."""
    truth = json.loads((PICTURES / "truth.json").read_text(encoding="utf-8"))
    picture = cv2.imread(str(PICTURES / f"{name}.webp"))
    assert picture is not None
    assert picture.shape == (truth["height_px"], truth["width_px"], 3)
    for damage in truth["boxes"].get(name, []):
        x1, y1, x2, y2 = damage["box"]
        assert 0 <= x1 < x2 <= truth["width_px"]
        assert 0 <= y1 < y2 <= truth["height_px"]


def test_the_planted_dent_is_in_the_views_of_its_side() -> None:
    """A dent in the rear left door shows from the left, and never from the right or from inside."""
    truth = json.loads((PICTURES / "truth.json").read_text(encoding="utf-8"))
    seen = {view for view, boxes in truth["boxes"].items() if any(b["kind"] == "dent" for b in boxes)}
    assert {"left_side", "rear_left", "damage"} <= seen
    assert seen <= {"front_left", "left_side", "rear_left", "damage"}


@pytest.mark.parametrize("name", STEPS)
def test_the_seller_page_offers_every_step_in_few_bytes(name: str) -> None:
    """The copies for trying without a car weigh at most 60 kB each."""
    assert (SHOWN / f"{name}.webp").stat().st_size <= 60_000


def test_the_fake_camera_shows_each_picture_whole_and_in_turn(tmp_path: Path) -> None:
    """The film holds JPEG frames of the size asked, as many a picture as asked, and the whole picture in them."""
    film = tmp_path / "car.mjpeg"
    write_mjpeg(
        [PICTURES / "front.webp", PICTURES / "wheel.webp"], film, size_px=(640, 360), seconds_each=0.2, fps=10
    )
    frames = [b"\xff\xd8" + part for part in film.read_bytes().split(b"\xff\xd8")[1:]]
    assert len(frames) == 4
    assert frames[0] == frames[1] != frames[2] == frames[3]
    whole = tmp_path / "whole.jpg"
    whole.write_bytes(frames[0])
    shown, picture = cv2.imread(str(whole)), cv2.imread(str(PICTURES / "front.webp"))
    assert shown is not None
    assert picture is not None
    assert shown.shape == (360, 640, 3)
    inner = shown[:, 80:560].astype(float)
    assert abs(inner - cv2.resize(picture, (480, 360), interpolation=cv2.INTER_AREA)).mean() < 4


@pytest.mark.parametrize("name", ["car.avi", "car"])
def test_a_film_that_chromium_would_not_know_is_refused(tmp_path: Path, name: str) -> None:
    """Chromium tells the kind of a film by its name alone."""
    with pytest.raises(ValueError, match="mjpeg"):
        write_mjpeg([PICTURES / "front.webp"], tmp_path / name)


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A broken picture is an error that says which one, not a film with a hole."""
    broken = tmp_path / "broken.webp"
    broken.write_bytes(b"RIFF")
    with pytest.raises(OSError, match=r"broken\.webp"):
        write_mjpeg([broken], tmp_path / "car.mjpeg")
