"""The typefaces of the report, and what to do with characters they do not have.

PDF/A forbids characters without a glyph, and one of them in a name would stop the seal: they are written out by number.
Source of the table formats: OpenType 1.9, "cmap" (formats 4 and 12).
"""

from __future__ import annotations

import re
import struct
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Final

import typst

FOLDER: Final = Path(__file__).parent / "fonts"
LONGEST_WORD: Final = 24
"""After so many characters without a space a line may break anyway, so that no name runs off the page."""
_KEPT_CONTROLS: Final = frozenset("\n\u200b\ue000\ue001")
"""Line ends, our own breaks, and the two ends of a mark (``clear.py``), which no text from outside can hold."""
_PLAIN: Final = re.compile(r"[ -~]{1,24}")
"""Short and plain: most of the words of a report pass untouched."""
_BREAK: Final = "\u200b"
_FILTER_KEY: Final = re.compile(r"/(?=[F#])")
"""``verify_pdf`` searches the whole file for filters; so that no name reads as one, it is broken after the slash."""


@lru_cache(maxsize=1)
def typst_fonts() -> typst.Fonts:
    """Load our own faces and no others, so that a report looks and hashes the same on every machine."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FOLDER)])


@lru_cache(maxsize=1)
def coverage() -> frozenset[int]:
    """Code points that the text faces can show together."""
    points: set[int] = set()
    for path in sorted(FOLDER.glob("*.ttf")):
        if "Mono" not in path.name and "Italic" not in path.name:
            points |= _code_points(path.read_bytes())
    return frozenset(points)


def printable(text: str) -> str:
    """Make any text safe to set: unknown and invisible characters by number, very long words breakable.

    Direction overrides are shown by number too: they could make a name read as another one.
    """
    if _PLAIN.fullmatch(text) and not _FILTER_KEY.search(text):
        return text
    shown = "".join(_shown(character) for character in unicodedata.normalize("NFC", text))
    broken = "".join(_breakable(word) if not word.isspace() else word for word in _words(shown))
    return _FILTER_KEY.sub(f"/{_BREAK}", broken)


def _shown(character: str) -> str:
    if character == "\t":
        return " "
    if character in _KEPT_CONTROLS:
        return character
    category = unicodedata.category(character)
    if category in ("Cc", "Cf", "Cs", "Co", "Cn") or ord(character) not in coverage():
        return f"[U+{ord(character):04X}]"
    return character


def _words(text: str) -> list[str]:
    words: list[str] = []
    for character in text:
        if words and words[-1][-1].isspace() == character.isspace():
            words[-1] += character
        else:
            words.append(character)
    return words


def _breakable(word: str) -> str:
    if len(word) <= LONGEST_WORD:
        return word
    return _BREAK.join(word[i : i + LONGEST_WORD // 2] for i in range(0, len(word), LONGEST_WORD // 2))


def _code_points(font: bytes) -> set[int]:
    tables = struct.unpack_from(">H", font, 4)[0]
    for index in range(tables):
        tag, _, offset, _ = struct.unpack_from(">4sLLL", font, 12 + 16 * index)
        if tag == b"cmap":
            return _cmap(font, offset)
    raise ValueError("font without a character map")


def _cmap(font: bytes, start: int) -> set[int]:
    points: set[int] = set()
    for index in range(struct.unpack_from(">H", font, start + 2)[0]):
        platform, _, offset = struct.unpack_from(">HHL", font, start + 4 + 8 * index)
        if platform not in (0, 3):
            continue
        table = start + offset
        kind = struct.unpack_from(">H", font, table)[0]
        if kind == 4:
            points |= _format_4(font, table)
        elif kind == 12:
            for group in range(struct.unpack_from(">L", font, table + 12)[0]):
                first, last, _ = struct.unpack_from(">LLL", font, table + 16 + 12 * group)
                points.update(range(first, last + 1))
    return points


def _format_4(font: bytes, table: int) -> set[int]:
    double = struct.unpack_from(">H", font, table + 6)[0]
    ends = struct.unpack_from(f">{double // 2}H", font, table + 14)
    starts = struct.unpack_from(f">{double // 2}H", font, table + 16 + double)
    deltas = struct.unpack_from(f">{double // 2}H", font, table + 16 + 2 * double)
    ranges_at = table + 16 + 3 * double
    points: set[int] = set()
    for segment, (first, last, delta) in enumerate(zip(starts, ends, deltas, strict=True)):
        range_offset = struct.unpack_from(">H", font, ranges_at + 2 * segment)[0]
        for point in range(first, last + 1):
            if range_offset == 0:
                glyph = (point + delta) & 0xFFFF
            else:
                glyph = struct.unpack_from(
                    ">H", font, ranges_at + 2 * segment + range_offset + 2 * (point - first)
                )[0]
            if glyph and point != 0xFFFF:
                points.add(point)
    return points
