"""One photo through the pipeline: what is run, what is said, and in whose pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from inspection_service.vision.car_text import CarText
from inspection_service.vision.damage import Detection
from inspection_service.vision.decode import Limits
from inspection_service.vision.detector import BoxXyxy
from inspection_service.vision.engine import Placement, stretch
from inspection_service.vision.errors import NotAnImage
from inspection_service.vision.framing import VIEWS, Framing
from inspection_service.vision.odometer import OdometerReading
from inspection_service.vision.pipeline import Pipeline
from inspection_service.vision.scene import SceneObject
from tests.unit.vision.test_framing import LIMITS

pytestmark = pytest.mark.unit

Image = NDArray[np.uint8]


class ViewAnswers:
    """A framing network whose answer the test sets."""

    classes = VIEWS
    thresholds: Mapping[str, float] = LIMITS

    def __init__(self, view: str) -> None:
        self.view = view

    def prepare(self, image: Image) -> tuple[NDArray[np.float32], Placement]:
        fitted, placement = stretch(image, 8, 8)
        return fitted.transpose(2, 0, 1)[None].astype(np.float32), placement

    def run(self, batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        views = np.full((1, 20), 0.01, np.float32)
        views[0, VIEWS.index(self.view)] = 0.81
        return {"views": views, "faults": np.zeros((1, 6), np.float32)}


class Bench:
    """A pipeline of stand-ins that record what they were shown."""

    def __init__(self, view: str, reading: str | None = "127506", why_not: str | None = None) -> None:
        self.views = ViewAnswers(view)
        self.scene_sizes: list[tuple[int, int]] = []
        self.odometer_sizes: list[tuple[int, int]] = []
        self.damage_calls = 0
        self.plate_boxes: list[list[BoxXyxy]] = []
        self.plates_looked_for = 0
        self.vin_sizes: list[tuple[int, int]] = []
        self.plates_seen: tuple[SceneObject, ...] = ()
        self.documents_read = 0
        self.reading = reading
        self.why_not = why_not
        self.pipeline = Pipeline(
            "5e7" * 21,
            scene=self.scene,
            find_plates=self.find_plates,
            framing=Framing(self.views),
            damage=self.damage,
            odometer=self.odometer,
            plates=self.plates,
            vins=self.vins,
            documents=self.documents,
            limits=Limits(),
        )

    def scene(self, image: Image) -> tuple[SceneObject, ...]:
        height, width = image.shape[:2]
        self.scene_sizes.append((width, height))
        car = SceneObject("car", (width * 0.1, height * 0.2, width * 0.9, height * 0.8), 0.9)
        return (car,)

    def find_plates(self, image: Image) -> tuple[SceneObject, ...]:
        self.plates_looked_for += 1
        return self.plates_seen

    def plates(self, image: Image, boxes: Sequence[BoxXyxy]) -> CarText:
        self.plate_boxes.append(list(boxes))
        return CarText("AB123CD", 0.9, boxes[0], None, ("cuts",))

    def vins(self, image: Image) -> CarText:
        self.vin_sizes.append((image.shape[1], image.shape[0]))
        return CarText("VF1JP09F641501074", 0.9, (1.0, 2.0, 3.0, 4.0), None, ("cuts",))

    def documents(self, image: Image) -> CarText:
        self.documents_read += 1
        found = CarText("AB123CD", 0.9, (1.0, 2.0, 3.0, 4.0), None, ("document",))
        return CarText(None, 0.0, None, "not_found", among=(found,))

    def damage(self, image: Image) -> tuple[Detection, ...]:
        self.damage_calls += 1
        height, width = image.shape[:2]
        on_the_door = Detection("dent", (width / 4, height / 2, width / 2, height / 2 + 10), 0.6)
        on_a_tree = Detection("other_damage", (0.0, 0.0, width / 20, height / 20), 0.7)
        return (on_a_tree, on_the_door)

    def odometer(self, image: Image) -> OdometerReading:
        self.odometer_sizes.append((image.shape[1], image.shape[0]))
        return OdometerReading(self.reading, 0.98, "km", (1.0, 2.0, 3.0, 4.0), self.why_not)


def street(width: int = 400, height: int = 300) -> Image:
    """Bright, with sharp edges."""
    image = np.full((height, width, 3), 90, np.uint8)
    step = width // 40
    for i in range(0, width, step * 2):
        image[:, i : i + step] = 190
    for i in range(0, height, step * 2):
        image[i : i + step] //= 2
    return image


def jpeg(image: Image) -> bytes:
    return cv2.imencode(".jpg", image)[1].tobytes()


def test_a_good_photo_of_the_right_view_is_accepted_with_everything_found() -> None:
    bench = Bench("left_side")
    said = bench.pipeline.judge(jpeg(street()), "left_side").to_json()
    assert said["accepted"] is True
    assert said["reasons"] == []
    assert (said["width"], said["height"], said["asked"], said["view"]) == (
        400,
        300,
        "left_side",
        "left_side",
    )
    assert said["scene"] == [{"kind": "car", "box": [40.0, 60.0, 360.0, 240.0], "score": 0.9}]
    assert said["detections"] == [{"kind": "dent", "box": [100.0, 150.0, 200.0, 160.0], "score": 0.6}]
    assert said["odometer"] is None
    assert set(said["quality"]) == {"sharpness", "brightness", "clipped_share", "faults"}
    assert said["model_set"] == "5e7" * 21


def test_boxes_of_a_photo_judged_at_a_reduced_scale_are_in_its_own_pixels() -> None:
    bench = Bench("left_side")
    said = bench.pipeline.judge(jpeg(street(4000, 3000)), "left_side")
    assert bench.scene_sizes == [(1000, 750)]
    assert (said.width, said.height) == (4000, 3000)
    assert said.scene[0].box == (400.0, 600.0, 3600.0, 2400.0)
    assert said.detections[0].box == (1000.0, 1500.0, 2000.0, 1520.0)


@pytest.mark.parametrize("asked", ["odometer", "dashboard", None])
def test_an_odometer_is_read_large_enough_for_small_print_whatever_was_asked(asked: str | None) -> None:
    bench = Bench("odometer")
    said = bench.pipeline.judge(jpeg(street(3600, 2700)), asked)
    assert bench.odometer_sizes == [(3600, 2700)]
    assert said.odometer is not None
    assert said.accepted


def test_an_odometer_in_a_large_photo_is_read_at_half_scale_and_boxed_at_full() -> None:
    bench = Bench("odometer")
    said = bench.pipeline.judge(jpeg(street(4032, 3024)), "odometer")
    assert bench.odometer_sizes == [(2016, 1512)]
    assert said.odometer is not None
    assert said.odometer.box == (2.0, 4.0, 6.0, 8.0)


def test_an_odometer_that_cannot_be_read_is_asked_for_again_but_only_where_it_was_asked_for() -> None:
    bench = Bench("odometer", reading=None, why_not="blurred")
    assert bench.pipeline.judge(jpeg(street()), "odometer").reasons == ("not_readable",)
    assert bench.pipeline.judge(jpeg(street()), "dashboard").accepted


@pytest.mark.parametrize("why_not", ["readers_disagree", "implausible"])
def test_a_good_photo_of_an_odometer_stands_when_only_the_readers_fail(why_not: str) -> None:
    """A person reads the number then; another photo of the same display would not help."""
    said = Bench("odometer", reading=None, why_not=why_not).pipeline.judge(jpeg(street()), "odometer")
    assert said.accepted
    assert said.odometer is not None
    assert said.odometer.reading is None


def test_the_plate_of_the_photographed_car_is_read_and_not_one_in_the_street() -> None:
    bench = Bench("rear")
    own, other = (180.0, 200.0, 220.0, 210.0), (2.0, 200.0, 30.0, 207.0)
    bench.plates_seen = (SceneObject("plate", other, 0.9), SceneObject("plate", own, 0.6))
    said = bench.pipeline.judge(jpeg(street()), "rear")
    assert bench.plate_boxes == [[own]]
    assert said.plate is not None
    assert said.plate.text == "AB123CD"
    assert [thing.kind for thing in said.scene] == ["car", "plate", "plate"]
    assert said.vin is None


def test_without_a_plate_in_sight_none_is_read() -> None:
    bench = Bench("rear")
    assert bench.pipeline.judge(jpeg(street()), "rear").plate is None
    assert (bench.plates_looked_for, bench.plate_boxes) == (1, [])


def test_on_a_view_that_shows_no_plate_none_is_looked_for() -> None:
    """It would cost as much as half of the judgement."""
    bench = Bench("front_seats")
    bench.pipeline.judge(jpeg(street()), "front_seats")
    assert bench.plates_looked_for == 0


def test_a_vin_is_read_large_enough_for_small_print_and_boxed_at_full_scale() -> None:
    bench = Bench("vin_plate")
    said = bench.pipeline.judge(jpeg(street(4032, 3024)), None)
    assert bench.vin_sizes == [(2016, 1512)]
    assert said.vin is not None
    assert said.vin.box == (2.0, 4.0, 6.0, 8.0)


def test_damage_is_not_looked_for_inside() -> None:
    bench = Bench("front_seats")
    assert bench.pipeline.judge(jpeg(street()), "front_seats").detections == ()
    assert bench.damage_calls == 0


def test_damage_shown_in_a_photo_of_the_wrong_view_is_still_found() -> None:
    bench = Bench("other")
    said = bench.pipeline.judge(jpeg(street()), "dashboard")
    assert not said.accepted
    assert said.detections


def test_a_blurred_photo_is_refused_with_its_reason_and_fault() -> None:
    bench = Bench("rear")
    soft = np.asarray(cv2.GaussianBlur(street(), (0, 0), 6), np.uint8)
    said = bench.pipeline.judge(jpeg(soft), "rear")
    assert said.reasons == ("blur",)
    assert said.quality.faults == ("blur",)


def test_bytes_that_are_no_photo_are_refused() -> None:
    with pytest.raises(NotAnImage):
        Bench("rear").pipeline.judge(b"no photo", "rear")


def test_a_view_that_does_not_exist_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="roof"):
        Bench("rear").pipeline.judge(jpeg(street()), "roof")


class Ticks:
    """Seconds the test moves on."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_live_sessions_look_at_their_scenes_in_turn() -> None:
    """However many begin in one moment: after the first look each has a moment of its own."""
    bench, ticks = Bench("rear"), Ticks()
    guides = [bench.pipeline.live(ticks) for _ in range(8)]
    looks = []
    for _ in range(40):  # frames, a tenth of a second apart
        before = len(bench.scene_sizes)
        for guide in guides:
            guide.hint(street(64, 36), "rear")
        looks.append(len(bench.scene_sizes) - before)
        ticks.now_s += 0.1
    assert looks[0] == 8
    assert max(looks[1:]) <= 2


def test_a_new_step_is_judged_at_once() -> None:
    bench = Bench("rear")
    guide = bench.pipeline.live(Ticks())
    guide.hint(street(640, 360), "rear")
    assert guide.hint(street(640, 360), "front").code == "wrong_view"


def test_a_hint_says_where_the_car_is_in_shares_of_the_frame() -> None:
    said = Bench("rear").pipeline.hint(street(640, 360), "rear").to_json()
    assert said["car"] == [0.1, 0.2, 0.9, 0.8]
    assert said["ok"] is True


@pytest.mark.parametrize(
    ("asked", "is_read"), [("registration_document", True), (None, True), ("rear", False)]
)
def test_the_plate_is_looked_for_on_a_document_that_was_asked_for_alone(
    asked: str | None, is_read: bool
) -> None:
    bench = Bench("registration_document")
    said = bench.pipeline.judge(jpeg(street()), asked)
    assert bench.documents_read == int(is_read)
    assert (said.plate is not None) == is_read
