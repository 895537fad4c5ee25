"""``predict`` writes what scorers read, one entry for every photo, also for those that cannot be read."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from inspection_service.vision import predict
from inspection_service.vision.car_text import CarText, Plates
from inspection_service.vision.damage import Detection
from inspection_service.vision.framing import Framing
from inspection_service.vision.hideable import Found
from inspection_service.vision.odometer import OdometerReading
from inspection_service.vision.odometer_second import Text
from inspection_service.vision.predict import AsksInvalid, Counts, Predictor
from inspection_service.vision.scene import SceneObject
from tests.unit.vision.test_pipeline import Image as Pixels
from tests.unit.vision.test_pipeline import ViewAnswers, street

pytestmark = pytest.mark.unit

MODELS = Path(__file__).parents[3] / "models"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two photos in folders, one broken file, one that is none."""
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    cv2.imwrite(str(folder / "a.JPG"), street())
    cv2.imwrite(str(folder / "deep" / "b.webp"), street())
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "notes.txt").write_text("not a photo")
    return folder


def run(
    task: predict.Task, photos: Path, predictor: Predictor, wanted: dict[str, list[str]] | None = None
) -> tuple[Counts, list[predict.Entry]]:
    """Run with a stand-in for the model."""
    out = photos.parent / "out" / "predictions.json"
    counts = predict.write(task, predictor, photos, out, wanted=wanted or {})
    return counts, json.loads(out.read_text())


def reading(data: bytes, name: str) -> list[predict.Entry]:
    def odometer(image: Pixels) -> OdometerReading:
        return OdometerReading("084213", 0.97, "km", None, None)

    return predict.odometer_entries(odometer, data, name)


def test_every_photo_has_its_entry_with_its_path_below_the_folder(photos: Path) -> None:
    counts, entries = run("odometer", photos, reading)
    assert counts == Counts(photos=3, entries=3, unreadable=1)
    by_file = {e["file"]: e for e in entries}
    assert set(by_file) == {"a.JPG", "deep/b.webp", "broken.png"}
    assert by_file["deep/b.webp"] == {
        "file": "deep/b.webp",
        "reading": "084213",
        "confidence": 0.97,
        "unit": "km",
    }
    assert by_file["broken.png"]["reading"] is None
    assert by_file["broken.png"]["error"]


def framed(asked: dict[str, list[str]]) -> Predictor:
    framing = Framing(ViewAnswers("rear"))
    return partial(predict.framing_entries, nothing, framing, asked)


def nothing(image: Pixels) -> tuple[()]:
    """Finds nothing."""
    return ()


def test_a_view_is_named_and_accepted_for_what_the_photo_shows(photos: Path) -> None:
    _, entries = run("framing", photos, framed({}))
    by_file = {e["file"]: e for e in entries}
    assert by_file["a.JPG"]["view"] == "rear"
    assert by_file["a.JPG"]["accepted"] is True
    assert "asked" not in by_file["a.JPG"]
    assert by_file["broken.png"]["view"] == "other"
    assert by_file["broken.png"]["accepted"] is False


def test_each_step_asked_of_a_photo_is_answered(photos: Path) -> None:
    asked = {"a.JPG": ["rear", "front"], "gone.jpg": ["rear"], "broken.png": ["wheel"]}
    counts, entries = run("framing", photos, framed(asked), asked)
    said = {(e["file"], e.get("asked")): e["accepted"] for e in entries}
    assert said == {
        ("a.JPG", "rear"): True,
        ("a.JPG", "front"): False,
        ("deep/b.webp", None): True,
        ("broken.png", "wheel"): False,
        ("gone.jpg", "rear"): False,
    }
    assert counts.unreadable == 2


def test_asks_are_gathered_by_file(tmp_path: Path) -> None:
    asks = tmp_path / "asks.json"
    asks.write_text(json.dumps([{"file": "a.jpg", "asked": v} for v in ("rear", "front")]))
    assert predict.read_asks(asks) == {"a.jpg": ["rear", "front"]}


@pytest.mark.parametrize("text", ["{", "[1]", '[{"file": "a.jpg"}]', '[{"file": "a.jpg", "asked": "roof"}]'])
def test_asks_that_make_no_sense_are_refused(tmp_path: Path, text: str) -> None:
    asks = tmp_path / "asks.json"
    asks.write_text(text)
    with pytest.raises(AsksInvalid):
        predict.read_asks(asks)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_damage_boxes_are_in_pixels_of_the_file_as_stored(orientation: int) -> None:
    """The model sees the upright photo; the scorer opens the file without turning it."""
    stored = np.zeros((60, 100, 3), np.uint8)
    stored[10:20, 70:90] = 255
    picture = Image.fromarray(stored)
    exif = picture.getexif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", exif=exif)

    def white_patch(image: Pixels) -> tuple[Detection, ...]:
        ys, xs = np.nonzero(image[:, :, 0] > 128)
        box = (float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1))
        return (Detection("dent", box, 0.5),)

    entries = predict.damage_entries(white_patch, buffer.getvalue(), "a.png")
    assert entries == [{"file": "a.png", "category": "dent", "bbox": [70.0, 10.0, 20.0, 10.0], "score": 0.5}]


def test_a_photo_that_cannot_be_read_has_no_damage_and_a_whole_entry(photos: Path) -> None:
    _, entries = run("damage", photos, partial(predict.damage_entries, nothing))
    assert [(e["file"], e["score"], e["bbox"]) for e in entries] == [
        ("broken.png", 0.0, [0.0, 0.0, 0.0, 0.0])
    ]


def test_progress_counts_up_to_the_number_of_photos(photos: Path) -> None:
    heard: list[tuple[int, int]] = []

    def hear(done: int, of: int) -> None:
        heard.append((done, of))

    predict.write("odometer", reading, photos, photos.parent / "p.json", wanted={}, progress=hear)
    assert heard == [(1, 3), (2, 3), (3, 3)]


def test_boxes_to_hide_are_in_pixels_of_the_file_as_stored() -> None:
    picture = Image.fromarray(np.zeros((60, 100, 3), np.uint8))
    exif = picture.getexif()
    exif[0x0112] = 6  # to be turned a quarter to the right: seen as 60 wide, 100 high
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", exif=exif)

    def find(data: bytes) -> Found:
        plate, car = (SceneObject(k, (10.0, 70.0, 20.0, 90.0), 0.4) for k in ("plate", "car"))
        return Found((plate, car), frozenset(), 60, 100)

    entries = predict.hidden_entries(find, "plate", buffer.getvalue(), "a.jpg")
    assert entries == [{"file": "a.jpg", "boxes": [[70.0, 40.0, 20.0, 10.0, 0.4]]}]


def test_a_face_is_hidden_with_all_of_its_person(photos: Path, tmp_path: Path) -> None:
    """Every face task ends in the boxes of people; a broken file has none, and stops nothing."""
    predict.run("face", photos, tmp_path / "face.json", None, models_dir=MODELS)
    predict.run("person", photos, tmp_path / "person.json", None, models_dir=MODELS)
    faces = json.loads((tmp_path / "face.json").read_text())
    assert faces == json.loads((tmp_path / "person.json").read_text())
    broken = next(e for e in faces if e["file"] == "broken.png")
    assert broken["boxes"] == []
    assert broken["error"]


def test_a_text_is_given_or_null_with_its_confidence(photos: Path) -> None:
    def vin(image: Pixels) -> CarText:
        return CarText(None, 0.0, None, "not_found")

    _, entries = run("vin", photos, partial(predict.text_entries, vin))
    assert {(e["file"], e["text"], e["confidence"]) for e in entries} == {
        (name, None, 0.0) for name in ("a.JPG", "deep/b.webp", "broken.png")
    }


def test_the_likeliest_plates_are_read_in_pixels_of_what_was_decoded() -> None:
    seen: list[tuple[float, float, float, float]] = []

    def find(data: bytes) -> Found:
        boxes = [SceneObject("plate", (40.0 * k, 0.0, 40.0 * k + 20, 8.0), 0.2 * k) for k in range(1, 5)]
        return Found(tuple(boxes), frozenset(), 400, 300)

    class Reads(Plates):
        def __call__(self, image: Pixels, boxes: Sequence[tuple[float, float, float, float]]) -> CarText:
            seen.extend(boxes)
            return CarText("AB123CD", 0.8, None, None)

    plates = Reads(lambda _: (), lambda _: Text("", 0.0))
    data = cv2.imencode(".png", street())[1].tobytes()
    entries = predict.plate_text_entries(find, plates, data, "a.png")
    assert entries == [{"file": "a.png", "text": "AB123CD", "confidence": 0.8}]
    assert [box[0] for box in seen] == [160.0, 120.0, 80.0]
