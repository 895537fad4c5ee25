"""Reads a document's cross-reference tables in the one spelling our documents use, before a library reads them.

Readers differ in which of two entries, trailers or keys they take, and in how far they follow tables that lead in
circles; a report has no two of anything (ISO 32000-2, 7.5.4 to 7.5.6: classic tables, each pointing back to the last).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from inspection_service.reports.answers import Fault

MAX_ENTRIES: Final = 250_000
"""Of all tables together; a report of 500 photos has some 10,000 objects."""
MAX_TABLES: Final = 80
"""One for the document, one for the signature, one or two for every timestamp."""
_SIZE_SLACK: Final = 64
"""Numbers a writer may have given away and not used."""
_ENTRY_BYTES: Final = 20
_MAX_TRAILER_BYTES: Final = 2048
_LAST: Final = re.compile(rb"startxref\s{1,4}(\d{1,10})\s{1,4}%%EOF\s{0,4}\Z")
_BEGIN: Final = re.compile(rb"xref[ \r\n]{1,2}")
_SECTION: Final = re.compile(rb"(\d{1,7}) (\d{1,7}) ?(?:\r\n|\n|\r)")
_ENTRIES: Final = re.compile(rb"(?:\d{10} (?:\d{5}) [nf](?:\r\n| \n| \r))*+")
_TEXT: Final = rb"\s*(?:<[0-9A-Fa-f]*+>|\([A-Za-z0-9+/=]*+\))"
_KEY: Final = re.compile(
    rb"/(Size|Root|Info|Prev|ID)\s*(\d{1,10} 0 R|\d{1,10}|\[" + _TEXT + _TEXT + rb"\s*\])(?=[\s/]|\Z)\s*"
)
_TRAILER: Final = re.compile(
    rb"trailer\s{0,4}<<\s*(?P<keys>/[^%#<>]*+(?:<[0-9A-Fa-f]*+>[^%#<>]*+){0,2})>>"
    rb"\s{0,4}startxref\s{1,4}(?P<at>\d{1,10})\s{1,4}%%EOF\s{0,4}"
)


@dataclass(frozen=True, slots=True)
class Table:
    """One revision's table."""

    start: int
    end: int
    """Where the revision ends, with its mark and the white space after it."""
    places: Mapping[int, int]
    """Where the objects in use are, by number."""
    keys: Mapping[str, bytes]
    """Of its trailer."""


def read_tables(data: bytes) -> list[Table]:
    """Read every table of a document, the oldest first.

    Raises:
        Fault: ``structure``: they are not as our documents have them; ``bomb``: there are too many.
    """
    last = _LAST.search(data, max(0, len(data) - 64))
    if last is None:
        raise Fault("structure")
    tables: list[Table] = []
    at, limit, count = int(last[1]), len(data), 0
    while True:
        if at >= limit or len(tables) == MAX_TABLES:
            raise Fault("structure")
        table = _table(data, at, MAX_ENTRIES - count)
        if table.end > limit or (not tables and table.end != len(data)):
            raise Fault("structure")
        tables.append(table)
        count += len(table.places)
        if "Prev" not in table.keys:
            break
        at, limit = int(table.keys["Prev"]), table.start
    tables.reverse()
    _check_places(data, tables)
    return tables


def _table(data: bytes, at: int, left: int) -> Table:
    begin = _BEGIN.match(data, at)
    if begin is None:
        raise Fault("structure")
    position = begin.end()
    places: dict[int, int] = {}
    seen: set[int] = set()
    while (section := _SECTION.match(data, position)) is not None:
        first, count = int(section[1]), int(section[2])
        if count + len(seen) > left:
            raise Fault("bomb")
        end = section.end() + count * _ENTRY_BYTES
        if end > len(data) or _ENTRIES.fullmatch(data, section.end(), end) is None:
            raise Fault("structure")
        for number in range(first, first + count):
            start = section.end() + (number - first) * _ENTRY_BYTES
            kind = data[start + 17 : start + 18]
            # Only the first object may be free, and no number is ever used again: readers would differ.
            if (
                number in seen
                or (kind == b"f") != (number == 0)
                or (number and data[start + 11 : start + 16] != b"00000")
            ):
                raise Fault("structure")
            seen.add(number)
            if number:
                places[number] = int(data[start : start + 10])
        position = end
    return _with_trailer(data, at, position, places)


def _with_trailer(data: bytes, at: int, position: int, places: dict[int, int]) -> Table:
    trailer = _TRAILER.match(data, position, position + _MAX_TRAILER_BYTES)
    if trailer is None or int(trailer["at"]) != at:
        raise Fault("structure")
    keys: dict[str, bytes] = {}
    place = trailer.start("keys")
    while place < trailer.end("keys"):
        key = _KEY.match(data, place, trailer.end("keys"))
        if key is None:
            raise Fault("structure")
        name, value = key[1].decode("ascii"), key[2]
        is_shaped = value.endswith(b"R") == (name in ("Root", "Info")) and value.startswith(b"[") == (
            name == "ID"
        )
        if name in keys or not is_shaped:
            raise Fault("structure")
        keys[name] = value
        place = key.end()
    if not {"Size", "Root", "Info", "ID"} <= set(keys):
        raise Fault("structure")
    return Table(at, trailer.end(), places, keys)


def _check_places(data: bytes, tables: list[Table]) -> None:
    """Check that every object lies in its own revision, under its own number, below the size that is named."""
    end, size = 0, 0
    for table in tables:
        for number, place in table.places.items():
            if not end <= place < table.start or not data.startswith(b"%d 0 obj" % number, place):
                raise Fault("structure")
        needed = max(size, 1 + max(table.places, default=0))
        named = int(table.keys["Size"])
        if not needed <= named <= needed + _SIZE_SLACK:
            raise Fault("structure")
        if any(table.keys[key] != tables[0].keys[key] for key in ("Root", "Info")):
            raise Fault("structure")
        end, size = table.end, named
