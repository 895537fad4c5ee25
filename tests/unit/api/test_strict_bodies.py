"""What a request body says is taken as it is written: no text for a number, no number for a yes."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import pytest
from pydantic import ValidationError

from inspection_service.api import dto
from inspection_service.api.dto.common import Input
from inspection_service.api.dto.direct import DirectUploadInput
from inspection_service.api.dto.live import KeepInput
from inspection_service.api.dto.platform import VehicleInput
from inspection_service.api.dto.webhooks import ReplayInput

pytestmark = pytest.mark.unit
_OTHER: Final[dict[str, list[Any]]] = {
    "boolean": ["true", "false", "1", 1, 0, 1.0],
    "integer": ["5", True, 5.5],
    "number": ["0.5", True],
    "string": [5, True],
}
"""What was once taken for a value of the type, and is not one."""


def _bodies(above: type[Input] = Input) -> Iterator[type[Input]]:
    for module in pkgutil.iter_modules(dto.__path__):
        importlib.import_module(f"{dto.__name__}.{module.name}")
    for body in above.__subclasses__():
        yield body
        yield from _bodies(body)


def _wrong(schema: dict[str, Any]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Values of other types for a schema, each with the place of what is wrong in it."""
    for each in schema.get("anyOf", []):
        if each.get("type") != "null":
            yield from _wrong(each)
    kind = schema.get("type")
    if kind == "array":
        count = schema.get("minItems", 1)
        parts = schema.get("prefixItems", [schema.get("items", {})])
        for place, value in _wrong(parts[0]):
            yield (0, *place), [value] * count
        yield (), "text"
    elif kind == "object":
        name = schema.get("propertyNames", {}).get("enum", ["any"])[0]
        for place, value in _wrong(schema.get("additionalProperties", {})):
            yield (name, *place), {name: value}
    elif "enum" not in schema:
        for value in _OTHER.get(str(kind), []):
            yield (), value


@pytest.mark.parametrize("body", list(dict.fromkeys(_bodies())))
def test_a_value_of_another_type_is_refused(body: type[Input]) -> None:
    """Each member of each body: what the document calls a boolean, a number or a text is nothing else."""
    for field, schema in body.model_json_schema()["properties"].items():
        for place, value in _wrong(schema):
            with pytest.raises(ValidationError) as refused:
                body.model_validate({field: value})
            places = [error["loc"] for error in refused.value.errors()]
            assert any(loc[: len(place) + 1] == (field, *place) for loc in places), (field, value, places)


def test_what_json_has_no_type_for_is_read_from_text() -> None:
    """Days and moments are texts; lists become what they are kept as."""
    assert VehicleInput.model_validate({"first_registration": "2019-05-17"}).first_registration == date(
        2019, 5, 17
    )
    since = ReplayInput.model_validate({"since": "2026-11-22T10:00:00Z"}).since
    assert since.isoformat() == "2026-11-22T10:00:00+00:00"
    drawn = KeepInput.model_validate({"strokes": [{"points": [[0, 1], [0.5, 0.25]], "width": 0.01}]})
    assert drawn.strokes[0].points == [(0, 1), (0.5, 0.25)]


@pytest.mark.parametrize("day", [0, 1558051200, "1558051200", "2019-05-17T00:00:00", "17.05.2019", ""])
def test_a_day_is_written_as_one(day: object) -> None:
    """Seconds since 1970 are no day, nor is a moment."""
    with pytest.raises(ValidationError):
        VehicleInput.model_validate({"first_registration": day})


def test_a_whole_number_may_be_written_with_a_point() -> None:
    """JSON has one kind of number: 87000.0 is an integer, and 87000.5 is none."""
    car = VehicleInput.model_validate({"declared_mileage_km": 87000.0})
    assert car.declared_mileage_km == 87000
    assert isinstance(car.declared_mileage_km, int)
    for wrong in (87000.5, float("inf"), float("nan")):
        with pytest.raises(ValidationError):
            VehicleInput.model_validate({"declared_mileage_km": wrong})
    with pytest.raises(ValidationError):
        DirectUploadInput.model_validate({"length_bytes": "12"})
