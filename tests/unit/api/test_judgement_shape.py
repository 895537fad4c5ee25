"""The API's document describes judgements as the record keeps them: what the models say, without personal text."""

import jsonschema
import pytest

from inspection_service.api.dto.judgement import JUDGEMENT
from inspection_service.inspections.records import Vehicle
from inspection_service.testing import judgement
from inspection_service.vision.car_text import CarText
from inspection_service.vision.damage import Detection
from inspection_service.vision.judgement import Judgement, Quality
from inspection_service.vision.odometer import OdometerReading
from inspection_service.vision.quality import Measures
from inspection_service.vision.scene import SceneObject
from inspection_service.work.identifying import identified

pytestmark = pytest.mark.unit


def written(odometer: OdometerReading | None) -> dict[str, object]:
    """Return a full judgement in its JSON form, lists and all, as it comes back from the database."""
    seen = Judgement(
        model_set="f" * 64,
        width=4000,
        height=3000,
        asked=None,
        view="front",
        view_score=0.9,
        views={"front": 0.9},
        accepted=False,
        reasons=("blur",),
        quality=Quality(
            Measures(sharpness=0.5, brightness=120.0, highlights=240.0, clipped_share=0.0), ("blur",)
        ),
        scene=(SceneObject("car", (1.0, 2.0, 3.0, 4.0), 0.9),),
        detections=(Detection("dent", (1.0, 2.0, 3.0, 4.0), 0.9),),
        odometer=odometer,
        plate=CarText("AB123CD", 0.9, (1.0, 2.0, 3.0, 4.0), None, ("cuts", "pattern:FR")),
        vin=None,
        look="0" * 64,
        car_look="AAAA",
        seconds=0.5,
    ).to_json()
    copies = [{"capture_id": "cap_1", "inspection_id": "ins_1"}]
    return {**identified(seen, Vehicle(plate="AB-123-CD")), "same_as": copies}


@pytest.mark.parametrize(
    "odometer", [None, OdometerReading("127506", 0.97, "km", (1.0, 2.0, 3.0, 4.0), None)]
)
def test_what_is_written_has_the_shape_and_nothing_more(odometer: OdometerReading | None) -> None:
    """Member by member, so that a new one is described too."""
    value = written(odometer)
    jsonschema.validate(value, JUDGEMENT)
    assert set(value) == set(JUDGEMENT["properties"])


def test_the_fake_has_the_shape() -> None:
    """What tests feed to the pages is what the service sends."""
    jsonschema.validate(judgement(), JUDGEMENT)
