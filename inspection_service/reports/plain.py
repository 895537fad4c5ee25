"""How the record writes what the dossier holds: moments, people, floats, checklist texts, boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from inspection_service.clock import isoformat
from inspection_service.inspections.records import Actor


def moment(at: datetime | None) -> str | None:
    """Write a time as RFC 3339."""
    return None if at is None else isoformat(at)


def actor(who: Actor | None) -> dict[str, str] | None:
    """Write who acted; ids of people stay outside the record."""
    return None if who is None else {"kind": who.kind, "name": who.name}


def plain(value: Any) -> Any:
    """Copy a JSON value with floats cut to what they are worth: four digits."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return round(value, 4)
    return value


def localised(texts: Any, language: str) -> str:
    """Take a checklist text in the report's language; checklists are complete in both."""
    if isinstance(texts, Mapping):
        return str(texts.get(language) or next(iter(texts.values()), ""))
    return "" if texts is None else str(texts)


def pixels(box: Sequence[float] | None) -> list[float] | None:
    """Write a box with a tenth of a pixel."""
    return None if box is None else [round(float(edge), 1) for edge in box]
