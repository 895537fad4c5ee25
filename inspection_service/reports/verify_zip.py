"""Reads a ``.zip`` from anybody within fixed bounds: every byte accounted for, nothing unfolded before it is measured.

A small part of the format (APPNOTE 6.3.3): stored and deflated members one after the other, no encryption, no links, no
comments, no 64-bit records, no second name for one place.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final

from inspection_service.reports.answers import Fault

MAX_BUNDLE_BYTES: Final = 2 << 30
MAX_UNFOLDED_BYTES: Final = 2 << 30
MAX_MEMBERS: Final = 12_000
MAX_RATIO: Final = 200
"""Times a member may unfold to its packed size; JSON of ours stays below 20."""
SMALL_BYTES: Final = 1 << 20
"""Up to this size the ratio does not matter."""
_END: Final = struct.Struct("<4s4H2LH")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_DESCRIPTOR: Final = 0x08
_UTF8: Final = 0x800
_STORED, _DEFLATED = 0, 8
_UNIX: Final = 3
_CHUNK: Final = 1 << 16
_MAX_LINE_BYTES: Final = 512
"""Of the directory: its numbers, a name of less than a hundred bytes, and little more."""
_EXTRA: Final = struct.Struct("<2H")
_MAX_EXTRA_BYTES: Final = 64
_HARMLESS: Final = frozenset({0x000A, 0x5455, 0x5855, 0x7855, 0x7875})
"""Extra fields that tools add by themselves: times and owners. Others hold second names or sizes (APPNOTE 4.5.2)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One member as the directory names it; its data lie where the local header says the same."""

    name: str
    method: int
    crc: int
    packed: int
    size: int
    start: int
    """Of its data."""


class Zip:
    """A bundle that has been measured: ``entries`` by name, ``read`` and ``digest`` for their content."""

    def __init__(self, path: Path, is_allowed: Callable[[str], bool]) -> None:
        """Keep the path; nothing is opened yet.

        Args:
            path: The file.
            is_allowed: Whether a name may be that of a member.
        """
        self._path = path
        self._is_allowed = is_allowed
        self._file: BinaryIO | None = None
        self.entries: dict[str, Entry] = {}

    def __enter__(self) -> Zip:
        """Open the file and check its structure.

        Raises:
            Fault: ``zip_malformed``, ``zip_too_large``, ``zip_bomb``, ``zip_stranger`` (named) or ``zip_encrypted``.
            OSError: It cannot be read.
        """
        self._file = self._path.open("rb")
        try:
            self.entries = _directory(self._file, self._is_allowed)
        except (struct.error, UnicodeError) as exc:
            self._file.close()
            raise Fault("zip_malformed") from exc
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def read(self, name: str, limit_bytes: int) -> bytes:
        """Return a member's content.

        Raises:
            Fault: ``zip_too_large``, or ``zip_malformed`` when it is not what the directory says.
        """
        entry = self.entries[name]
        if entry.size > limit_bytes:
            raise Fault("zip_too_large", name=name)
        return b"".join(self._pieces(entry))

    def digest(self, name: str) -> str:
        """Return the SHA-256 of a member, never holding more than a piece of it.

        Raises:
            Fault: ``zip_malformed``.
        """
        hashed = hashlib.sha256()
        for piece in self._pieces(self.entries[name]):
            hashed.update(piece)
        return hashed.hexdigest()

    def _pieces(self, entry: Entry) -> Iterator[bytes]:
        assert self._file is not None
        self._file.seek(entry.start)
        unfolder = zlib.decompressobj(-zlib.MAX_WBITS) if entry.method == _DEFLATED else None
        left, size, crc = entry.packed, 0, 0
        while left:
            packed = self._file.read(min(_CHUNK, left))
            left -= len(packed)
            if not packed:
                raise Fault("zip_malformed")
            while packed:
                piece = packed if unfolder is None else _unfold(unfolder, packed)
                packed = b"" if unfolder is None else unfolder.unconsumed_tail
                size += len(piece)
                crc = zlib.crc32(piece, crc)
                if size > entry.size:
                    raise Fault("zip_malformed")
                yield piece
        is_whole = unfolder is None or (unfolder.eof and not unfolder.unused_data)
        if size != entry.size or crc != entry.crc or not is_whole:
            raise Fault("zip_malformed")


def _unfold(unfolder: zlib._Decompress, packed: bytes) -> bytes:
    try:
        return unfolder.decompress(packed, _CHUNK)
    except zlib.error as exc:
        raise Fault("zip_malformed") from exc


def _directory(file: BinaryIO, is_allowed: Callable[[str], bool]) -> dict[str, Entry]:
    total = os.fstat(file.fileno()).st_size
    if total > MAX_BUNDLE_BYTES:
        raise Fault("zip_too_large", name="-")
    if total < _END.size:
        raise Fault("zip_malformed")
    file.seek(total - _END.size)
    magic, disk, first_disk, here, count, length, offset, comment = _END.unpack(file.read(_END.size))
    if magic != b"PK\x05\x06" or disk or first_disk or here != count or comment:
        raise Fault("zip_malformed")
    if count > MAX_MEMBERS or length > count * _MAX_LINE_BYTES or offset + length != total - _END.size:
        raise Fault("zip_malformed")
    file.seek(offset)
    directory = file.read(length)
    entries: dict[str, Entry] = {}
    names: set[str] = set()
    position, following = 0, 0
    for _ in range(count):
        entry, position, following = _entry(file, directory, position, following, is_allowed)
        if entry.name.lower() in names:  # on many disks they are one file
            raise Fault("zip_stranger", name=entry.name)
        names.add(entry.name.lower())
        entries[entry.name] = entry
    if position != length or following != offset:
        raise Fault("zip_malformed")
    if sum(entry.size for entry in entries.values()) > MAX_UNFOLDED_BYTES:
        raise Fault("zip_bomb")
    return entries


def _entry(
    file: BinaryIO, directory: bytes, position: int, place: int, is_allowed: Callable[[str], bool]
) -> tuple[Entry, int, int]:
    """Read one line of the directory and its local header, which must say the same.

    Returns:
        The entry, where the next line starts, and where the next member must start.
    """
    fields = _CENTRAL.unpack_from(directory, position)
    magic, made_by, _, flags, method, _, _, crc, packed, size, name_length, extra, comment = fields[:13]
    attributes, local = fields[15], fields[16]
    start = position + _CENTRAL.size
    raw = directory[start : start + name_length]
    if magic != b"PK\x01\x02" or fields[13] or comment or len(raw) != name_length or local != place:
        raise Fault("zip_malformed")
    name = raw.decode("ascii", errors="replace")
    shown = "".join(c if c.isprintable() else "?" for c in name[:80])
    mode = attributes >> 16 if made_by >> 8 == _UNIX else 0
    if not is_allowed(name) or mode & 0o170000 not in (0, 0o100000):
        raise Fault("zip_stranger", name=shown)
    if flags & ~(_DESCRIPTOR | _UTF8 | 0x06):
        raise Fault("zip_encrypted" if flags & 1 else "zip_malformed")
    if method not in (_STORED, _DEFLATED) or (method == _STORED and packed != size):
        raise Fault("zip_malformed")
    if size > SMALL_BYTES and size > packed * MAX_RATIO:
        raise Fault("zip_bomb")
    file.seek(place)
    header = _LOCAL.unpack(file.read(_LOCAL.size))
    if header[0] != b"PK\x03\x04" or header[2] & ~0x06 != flags & ~0x06 or header[3] != method:
        raise Fault("zip_malformed")
    if file.read(header[9]) != raw:
        raise Fault("zip_malformed")
    _check_extra(file.read(header[10]), header[10])
    _check_extra(directory[start + name_length : start + name_length + extra], extra)
    begin = place + _LOCAL.size + header[9] + header[10]
    end = begin + packed
    if flags & _DESCRIPTOR:
        end += _descriptor(file, end, crc, packed, size)
    elif header[6:9] != (crc, packed, size):
        raise Fault("zip_malformed")
    return Entry(name, method, crc, packed, size, begin), start + name_length + extra, end


def _check_extra(data: bytes, length: int) -> None:
    """Refuse extra fields in which other tools would find another name or size, or anybody a hiding place."""
    if len(data) != length or length > _MAX_EXTRA_BYTES:
        raise Fault("zip_malformed")
    position = 0
    while position < length:
        kind, size = _EXTRA.unpack_from(data, position)
        position += _EXTRA.size + size
        if kind not in _HARMLESS or position > length:
            raise Fault("zip_malformed")


def _descriptor(file: BinaryIO, place: int, crc: int, packed: int, size: int) -> int:
    """Return the length of the record after a member's data that repeats its sizes."""
    file.seek(place)
    data = file.read(24)
    for numbers in ("<LLL", "<LQQ"):
        for magic in (b"PK\x07\x08", b""):
            expected = magic + struct.pack(numbers, crc, packed, size)
            if data.startswith(expected):
                return len(expected)
    raise Fault("zip_malformed")
