"""The mark a person drew, as a picture that can hold nothing else.

Source: SVG 1.1 path data, of which only ``M`` and ``L`` with plain numbers are taken.
"""

from __future__ import annotations

import re
from typing import Final

MAX_CHARACTERS: Final = 200_000
_TOKEN: Final = re.compile(r"([ML])|(-?\d{1,5}(?:\.\d{1,6})?)(?![\d.])|[\s,]+|(.)", re.DOTALL)


def mark_svg(path_data: str | None) -> bytes | None:
    """Draw path data in a frame of 600 by 200.

    Returns:
        An SVG document written anew, or ``None`` when the data is absent or anything but moves and lines.
    """
    if not path_data or len(path_data) > MAX_CHARACTERS:
        return None
    commands: list[str] = []
    numbers = 0
    for letter, number, other in _TOKEN.findall(path_data):
        if other or (letter and numbers % 2) or (number and not commands):
            return None
        if letter:
            commands.append(letter)
        elif number:
            commands.append(number)
            numbers += 1
    if numbers == 0 or numbers % 2 or commands[0] != "M" or commands[-1] in "ML":
        return None
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 200" width="600" height="200">'
        f'<path d="{" ".join(commands)}" fill="none" stroke="#17324d" stroke-width="4" '
        'stroke-linecap="round" stroke-linejoin="round"/></svg>'
    ).encode("ascii")
