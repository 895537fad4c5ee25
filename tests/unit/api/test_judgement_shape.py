"""The API's document describes judgements as the models' room writes them."""

import jsonschema
import pytest

from inspection_service.api.dto.judgement import JUDGEMENT
from inspection_service.testing import judgement
from inspection_service.vision.damage import Detection
from inspection_service.vision.judgement import Judgement, Quality
from inspection_service.vision.odometer import OdometerReading
from inspection_service.vision.quality import Measures
from inspection_service.vision.scene import SceneObject

pytestmark = pytest.mark.unit


def written(odometer: OdometerReading | None) -> dict[str, object]:
    """Return a full judgement in its JSON form, lists and all, as it comes back from the database."""
    return Judgement(
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
        seconds=0.5,
    ).to_json()


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
