"""The shape of a judgement, for the API's document only: what the record holds is passed on as it was written."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import WithJsonSchema


def _object(**members: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": members, "required": list(members)}


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


def _or_null(shape: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [shape, {"type": "null"}]}


_TEXT: Final[dict[str, Any]] = {"type": "string"}
_NUMBER: Final[dict[str, Any]] = {"type": "number"}
_WHOLE: Final[dict[str, Any]] = {"type": "integer"}
_TRUTH: Final[dict[str, Any]] = {"type": "boolean"}
_BOX: Final[dict[str, Any]] = {
    "type": "array",
    "prefixItems": [_NUMBER] * 4,
    "minItems": 4,
    "maxItems": 4,
    "description": "x1, y1, x2, y2 in pixels of the upright photo.",
}
_SEEN: Final = _object(kind=_TEXT, box=_BOX, score=_NUMBER)
_IDENTITY: Final[dict[str, Any]] = {
    "anyOf": [
        _object(
            matches_order={
                "enum": ["yes", "no", "not_read", "not_stated"],
                "description": "`no` is a doubt for a person to look at. The text that was read is not kept.",
            },
            confidence=_NUMBER,
            box=_or_null(_BOX),
            why_not=_or_null(_TEXT),
            evidence=_list(_TEXT),
        ),
        {"type": "null"},
    ]
}
JUDGEMENT: Final = _object(
    model_set=_TEXT,
    width=_WHOLE,
    height=_WHOLE,
    asked=_or_null(_TEXT),
    view=_TEXT,
    view_score=_NUMBER,
    views={"type": "object", "additionalProperties": _NUMBER},
    accepted=_TRUTH,
    reasons=_list(_TEXT),
    quality=_object(sharpness=_NUMBER, brightness=_NUMBER, clipped_share=_NUMBER, faults=_list(_TEXT)),
    scene=_list(_SEEN),
    detections=_list(_SEEN),
    odometer=_or_null(
        _object(
            reading=_or_null(_TEXT),
            confidence=_NUMBER,
            unit=_or_null(_TEXT),
            box=_or_null(_BOX),
            why_not=_or_null(_TEXT),
        )
    ),
    seconds=_NUMBER,
)
JUDGEMENT["properties"] |= {
    "plate": _IDENTITY,
    "vin": _IDENTITY,
    "look": _or_null({**_TEXT, "description": "Fingerprint by which copies of the photo are recognised."}),
    "car_look": _or_null(
        {**_TEXT, "description": "How the car looks, to be held against other photos of it."}
    ),
    "same_as": _list(_object(capture_id=_TEXT, inspection_id=_TEXT)),
}
"""JSON Schema of what ``vision.Judgement.to_json`` writes, as ``work.identifying`` lets it stand; records from before
plates were read lack the last five."""

JudgementJson = Annotated[dict[str, Any] | None, WithJsonSchema(_or_null(JUDGEMENT))]
"""A judgement in its JSON form, or none yet."""
