"""Photos a platform asks for besides the checklist: each is a step of its own, made from the words it came with.

The frozen checklist and its hash stay what they were; whatever goes through the steps sees these after its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from inspection_service.inspections.records import AskedPhoto, Inspection

MOST_ASKED: Final = 20
"""Photos one may ask a seller for besides the checklist."""
ASKED_FAULTS: Final = ("blur", "dark", "glare")
"""Of a photo asked for in words only its quality is judged: what it must show, only its seller and its reader know."""
_TITLE: Final = {"fr": "Photo demandée", "en": "Photo asked for"}


def steps_of(inspection: Inspection) -> tuple[dict[str, Any], ...]:
    """Return the steps of the frozen checklist, then one for each photo asked for besides."""
    steps: tuple[dict[str, Any], ...] = tuple(inspection.checklist.get("steps", ()))
    return steps + tuple(_step(asked, steps) for asked in inspection.asked)


def asked_id(asked: tuple[AskedPhoto, ...], seed: str | None) -> str:
    """Return the id of the next one; with a seed always the same."""
    if seed is not None:
        return f"asked-{hashlib.sha256(seed.encode()).hexdigest()[:12]}"
    taken = {each.id for each in asked}
    return next(f"asked-{number}" for number in range(1, len(taken) + 2) if f"asked-{number}" not in taken)


def _step(asked: AskedPhoto, steps: tuple[Mapping[str, Any], ...]) -> dict[str, Any]:
    about = next((step for step in steps if step["id"] == asked.about), None)
    like = about or next(iter(steps), {})
    titles = {} if about is None else about["title"]
    return {
        "id": asked.id,
        "section": like.get("section"),
        "kind": "photo",
        "view": None,
        "required": True,
        "title": {language: _title(title, titles.get(language)) for language, title in _TITLE.items()},
        "instruction": dict.fromkeys(_TITLE, asked.text),
        "overlay": None,
        "example": None,
        "checks": {"view": False, "car_whole": False, "damage": True, "reading": None},
        "retake": {code: text for code, text in like.get("retake", {}).items() if code in ASKED_FAULTS},
        "asked": True,
    }


def _title(asked: str, about: str | None) -> str:
    return asked if about is None else f"{asked} ({about})"
