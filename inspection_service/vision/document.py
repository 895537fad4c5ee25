"""Which number plates stand on a registration document, to be held against the one that was ordered.

Layouts differ from country to country, and the field codes beside the values (A the plate, B the first registration, E
the VIN) are too small on most photos to go by. So every line is read that may be a plate by the pattern of a country,
and whoever knows the ordered plate asks whether it is among them. Names and addresses are no such lines, and nothing of
them leaves this file. Source: Council Directive 1999/37/EC, annex I (field codes).
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from inspection_service.vision.car_text import LEAST_SCORE, NOT_FOUND, CarText
from inspection_service.vision.odometer import hull, line_picture
from inspection_service.vision.odometer_second import TextReader
from inspection_service.vision.plate_text import as_plate
from inspection_service.vision.text_lines import LineFinder

MOST_LINES: Final = 40
"""Lines of a document that are read, longest first."""
SHAPE: Final = (1.5, 12.0)
"""Widths in heights that a plate on a document may have, its field code before it included."""
MOST_PLATES: Final = 12
FIELD: Final = "A "
DATE: Final = re.compile(r"\d{1,4}[./]\d{1,2}[./]\d{1,4}")


class Documents:
    """Reads what may be the plate on a registration document; safe to use from several threads."""

    def __init__(self, finder: LineFinder, reader: TextReader) -> None:
        """Use a finder of lines and a reader of lines."""
        self._finder = finder
        self._reader = reader

    def __call__(self, image: NDArray[np.uint8]) -> CarText:
        """Look at an upright photo, ``(H, W, 3)`` uint8 BGR; what may be the plate is in ``among``."""
        lines = [f for f in self._finder(image) if SHAPE[0] <= f.width / f.height <= SHAPE[1]][:MOST_LINES]
        among = []
        for line in lines:
            said = self._reader(line_picture(image, line, beside=0.25, above=0.0))
            if said.score < LEAST_SCORE or DATE.search(said.text):
                continue
            for text in dict.fromkeys((said.text, said.text.strip().removeprefix(FIELD))):
                plate = as_plate(text)
                if plate is not None and plate.countries and not plate.changed:
                    among.append(CarText(plate.text, said.score, hull(line), None, ("document",)))
        return CarText(None, 0.0, None, NOT_FOUND.why_not, among=tuple(among[:MOST_PLATES]))
