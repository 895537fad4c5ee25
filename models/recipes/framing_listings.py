"""Which photos of the framing set show one car: those of one listing, whose numbers lie near to one another."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from models.recipes import framing_data as data

ONE_LISTING = 100
"""Largest step between the numbers of two photos of one listing."""
SPOILED = frozenset(data.FAULT_OF_QUALITY) - {"truncated"}


@dataclass(frozen=True)
class CarPhoto:
    """One photo of a whole car: ``listing`` is the same for photos of one car, ``number`` for sizes of one photo."""

    photo: data.Photo
    listing: str
    number: int


def car_photos(folder: Path) -> list[CarPhoto]:
    """Photos of whole cars of which it is known which show the same one."""
    sources = {e["file"]: e["source"] for e in json.loads((folder / "framing" / "labels.json").read_text())}
    groups: dict[str, list[tuple[int, data.Photo]]] = defaultdict(list)
    for photo in data.framing_photos(folder):
        found = re.search(r"__(\d+)", sources[photo.name.removeprefix("framing/")])
        if photo.source == "ria" and found and photo.view in data.RING and photo.quality not in SPOILED:
            groups[photo.group].append((int(found[1]), photo))
    out = []
    for group, photos in sorted(groups.items()):
        listing, before = 0, 0
        for number, photo in sorted(photos, key=lambda each: (each[0], each[1].name)):
            listing = number if number - before > ONE_LISTING else listing
            out.append(CarPhoto(photo, f"{group}:{listing}", number))
            before = number
    return out
