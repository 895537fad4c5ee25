"""Takes a document apart: bounded streams, embedded files, and the text its pages print.

Everything is read from the signed part alone, so that nothing added later can change what is found (ISO 32000-1).
"""

from __future__ import annotations

import bisect
import re
import zlib
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, Final

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from inspection_service.reports.answers import Fault

MAX_INFLATED_BYTES: Final = 256 << 20
"""What all compressed parts together may unfold to; a report unfolds to a few megabytes."""
MAX_EMBEDDED_BYTES: Final = 16 << 20
MAX_FILES: Final = 16
MAX_SHOWN_BYTES: Final = 16 << 20
"""What the contents of all pages and the tables of their fonts may unfold to; 500 photos take some 2 MB."""
MAX_CODES: Final = 70_000
"""Of one font; it has two-byte codes."""
MAX_PAGES: Final = 2000
_STREAM: Final = re.compile(rb"stream[\x00\s]*")
"""Readers differ in the white space they pass over here; none of it can begin a Flate stream (RFC 1950, 2.2)."""
_STREAM_HEAD: Final = re.compile(rb">>[\x00\s]*stream[\x00\s]")
_MAX_HEAD_BYTES: Final = 8192
"""The dictionary of a stream is shorter."""
MAX_STREAMS: Final = 50_000
"""A report of 500 photos has some 2,000."""
_FILTER: Final = re.compile(
    b"/"
    + b"".join(b"(?:%c|#%x|#%X)" % (letter, letter, letter) for letter in b"Filter")
    + rb"(?=[\x00\s/\[(<>%{}])"
)
"""The key as readers understand it, with letters written as ``#hh`` or not (ISO 32000-1, 7.3.5)."""
_PLAIN_FILTER: Final = re.compile(rb"/Filter ?/(?:FlateDecode|DCTDecode|Adobe\.PPKLite)(?=[\s/>])")
"""As our own documents write it: one Flate layer, a photograph, or the kind of the signature; never an array."""
_SHOWN: Final = re.compile(
    rb"(?P<open><<)|(?P<close>>>)"  # a property list: says what nobody sees
    rb"|/(?P<font>[^\s/<>\[\]()%]++)\s++[-\d.]++\s++Tf"
    rb"|<(?P<hex>[0-9A-Fa-f\s]*+)"
    rb"|\((?P<text>(?:[^()\\]|\\.)*+)",
    re.DOTALL,
)
"""The parts of a page's content that choose a font or show characters, as our documents write them.

Nothing here asks for an end that may never come: searching for it from every beginning would take for ever.
"""
_PAIR: Final = re.compile(rb"<([0-9A-Fa-f]{1,8})>\s*+<([0-9A-Fa-f]{1,64})>")
_RANGE: Final = re.compile(
    rb"<([0-9A-Fa-f]{1,8})>\s*+<([0-9A-Fa-f]{1,8})>\s*+(?:<([0-9A-Fa-f]{1,64})>|\[([^\[\]]*+))"
)
_ESCAPED: Final = re.compile(rb"\\([0-7]{1,3}|\r\n|.)", re.DOTALL)
_ESCAPES: Final[Mapping[bytes, bytes]] = {
    b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"\n": b"", b"\r\n": b"", b"\r": b"",
}  # fmt: skip


def refuse_bombs(data: bytes) -> None:
    """Refuse other foldings than one Flate layer, and measure each of those before a library unfolds it.

    The whole file is searched for streams, so that nothing depends on how a reader finds them; what a seller wrote may
    look like a filter anywhere else. The library has bounds of its own (pyHanko's ``DecodeLimits``) behind these.

    Raises:
        Fault: ``other_compression`` or ``bomb``.
    """
    ends: list[int] = []
    starts: list[int] = []
    for stream in _STREAM_HEAD.finditer(data):
        if len(ends) > MAX_STREAMS:
            raise Fault("bomb")
        earliest = max(0, stream.start() - _MAX_HEAD_BYTES)
        starts.append(max(earliest, data.rfind(b"obj", earliest, stream.start())))
        ends.append(stream.end())
    for match in _FILTER.finditer(data):
        if _PLAIN_FILTER.match(data, match.start()):
            continue
        following = bisect.bisect_right(ends, match.start())
        if following < len(ends) and starts[following] <= match.start():
            raise Fault("other_compression")
    _measure(data)


def _measure(data: bytes) -> None:
    """Unfold whatever could be a stream, within bounds of what comes out and of what goes in."""
    budget = MAX_INFLATED_BYTES
    # A place inside a stream may look like the beginning of another; reports have none that unfolds for long.
    packed_budget = 4 * len(data) + MAX_INFLATED_BYTES
    view = memoryview(data)
    for count, match in enumerate(_STREAM.finditer(data)):
        if count > 4 * MAX_STREAMS:
            raise Fault("bomb")
        unfolder = zlib.decompressobj()
        rest: bytes | memoryview = view[match.end() : match.end() + 65536]
        position = match.end() + len(rest)
        try:
            while rest and not unfolder.eof:
                packed = len(rest)
                budget -= len(unfolder.decompress(rest, 1 << 20))
                rest = unfolder.unconsumed_tail
                packed_budget -= packed - len(rest)
                if budget < 0 or packed_budget < 0:
                    raise Fault("bomb")
                if not rest:
                    rest = view[position : position + 65536]
                    position += len(rest)
        except zlib.error:
            continue


def open_pdf(data: bytes) -> PdfFileReader:
    """Open a document whose streams have been measured.

    Raises:
        Exception: Whatever the library raises on a hostile file.
    """
    reader = PdfFileReader(BytesIO(data))
    if reader.encrypted:
        raise Fault("structure")
    return reader


def embedded_files(reader: PdfFileReader) -> dict[str, bytes]:
    """Return the files a document carries, by name.

    Raises:
        Fault: Two of one name, or one larger than any of a report.
    """
    root = reader.root
    names = _at(root, "/Names", {})
    if "/EmbeddedFiles" not in names:
        return {}
    found: dict[str, bytes] = {}
    for name, specification in _name_tree(names["/EmbeddedFiles"]):
        if name in found or len(found) == MAX_FILES:
            raise Fault("structure")
        found[name] = content_of(specification["/EF"]["/F"])
    return found


def content_of(stream: Any) -> bytes:
    """Unfold a stream within a bound."""
    encoded: bytes = stream.encoded_data
    if "/Filter" not in stream:
        return encoded
    unfolder = zlib.decompressobj()
    content = unfolder.decompress(encoded, MAX_EMBEDDED_BYTES)
    if not unfolder.eof:
        raise Fault("structure")
    return content


def prints(reader: PdfFileReader, wanted: str) -> bool:
    """Whether a page prints a text, whatever spaces and line ends stand between its characters.

    Reads the characters that pages show through their fonts' tables (ToUnicode); drawn glyphs and pictures of text say
    nothing. Searched page by page, the last first, where a report has its proof.

    Raises:
        Fault: ``bomb``: its pages say more than those of any report.
    """
    shown = _Shown()
    return any(wanted in shown.text_of(page) for page in reversed(list(_pages(reader))))


class _Shown:
    """Reads pages within one bound for all of them."""

    def __init__(self) -> None:
        self._left = MAX_SHOWN_BYTES
        self._tables: dict[int, Mapping[bytes, str]] = {}

    def text_of(self, page: Any) -> str:
        """Return the characters of a page without white space."""
        contents = _at(page, "/Contents", [])
        streams = contents if isinstance(contents, list) else [contents]
        content = b"\n".join([self._content_of(resolved(part)) for part in streams])
        fonts = _at(_at(page, "/Resources", {}), "/Font", {})
        by_name: dict[bytes, Mapping[bytes, str]] = {}
        for name in fonts:
            font, number = fonts[name], getattr(fonts.raw_get(name), "idnum", -1)
            if "/ToUnicode" in font:
                if number < 0 or number not in self._tables:
                    self._tables[number] = _table(self._content_of(font["/ToUnicode"]))
                by_name[str(name)[1:].encode("latin-1")] = self._tables[number]
        return _text(content, by_name)

    def _content_of(self, stream: Any) -> bytes:
        content = content_of(stream)
        self._left -= len(content) + 64
        if self._left < 0:
            raise Fault("bomb")
        return content


def _pages(reader: PdfFileReader) -> Iterator[Any]:
    waiting, seen = [reader.root["/Pages"]], 0
    while waiting:
        node = waiting.pop(0)
        seen += 1
        kids = _listed(node, "/Kids")
        if seen + len(waiting) + len(kids) > MAX_PAGES:
            raise Fault("structure")
        if "/Kids" in node:
            waiting[:0] = [resolved(kid) for kid in kids]
        else:
            yield node


def _text(content: bytes, by_name: Mapping[bytes, Mapping[bytes, str]]) -> str:
    shown: list[str] = []
    current: Mapping[bytes, str] = {}
    depth = 0
    for match in _SHOWN.finditer(content):
        if match["open"] is not None:
            depth += 1
        elif match["close"] is not None:
            depth = max(0, depth - 1)
        elif match["font"] is not None:
            current = by_name.get(match["font"], {})
        elif depth:
            continue
        elif match["hex"] is not None:
            shown.append(_decoded(_from_hex(match["hex"]), current))
        else:
            shown.append(_decoded(_ESCAPED.sub(_escape, match["text"]), current))
    return "".join("".join(shown).replace("\u200b", "").split())


def _from_hex(text: bytes) -> bytes:
    digits = b"".join(text.split())
    return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))


def _escape(match: re.Match[bytes]) -> bytes:
    escaped = match[1]
    return bytes([int(escaped, 8) & 0xFF]) if escaped[:1].isdigit() else _ESCAPES.get(escaped, escaped)


def _decoded(codes: bytes, table: Mapping[bytes, str]) -> str:
    return "".join(table.get(codes[i : i + 2], "") for i in range(0, len(codes), 2))


def _table(cmap: bytes) -> dict[bytes, str]:
    """Read which characters a font's two-byte codes stand for.

    Raises:
        Fault: ``bomb``: it names more than there are.
    """
    table: dict[bytes, str] = {}
    count = 0
    for piece in cmap.split(b"endbf")[:-1]:
        section = piece[piece.rfind(b"beginbf") + 7 :]
        if section.startswith(b"char"):
            for code, text in _PAIR.findall(section):
                table[_from_hex(code)] = _utf16(text)
                count += 1
        elif section.startswith(b"range"):
            for match in _RANGE.finditer(section):
                found = _range(match)
                table.update(found)
                count += 1 + len(found)
                if count > MAX_CODES:
                    raise Fault("bomb")
        if count > MAX_CODES:
            raise Fault("bomb")
    return table


def _range(match: re.Match[bytes]) -> dict[bytes, str]:
    first, last = int(match[1], 16) & 0xFFFF, min(int(match[2], 16), 0xFFFF)
    if match[3] is None:
        texts = re.findall(rb"<([0-9A-Fa-f]{1,64})>", match[4])[:0x10000]
    else:
        texts = [b"%0*x" % (len(match[3]), int(match[3], 16) + n) for n in range(last - first + 1)]
    return {(first + n & 0xFFFF).to_bytes(2, "big"): _utf16(text) for n, text in enumerate(texts)}


def _utf16(text: bytes) -> str:
    return _from_hex(text).decode("utf-16-be", errors="replace")


def _name_tree(root: Any) -> list[tuple[str, Any]]:
    entries: list[tuple[str, Any]] = []
    waiting, seen = [root], 0
    while waiting:
        node = waiting.pop(0)
        kids, names = _listed(node, "/Kids"), _listed(node, "/Names")
        seen += 1 + len(kids)
        if seen > MAX_FILES or len(entries) + len(names) // 2 > MAX_FILES:
            raise Fault("structure")
        waiting += [resolved(kid) for kid in kids]
        entries += [(str(names[n]), resolved(names[n + 1])) for n in range(0, len(names) - 1, 2)]
    return entries


def _listed(node: Any, key: str) -> list[Any]:
    return list(_at(node, key, ()))


def _at(dictionary: Any, key: str, default: Any) -> Any:
    """Look a key up and follow its reference, which ``get`` of the library does not."""
    return dictionary[key] if key in dictionary else default  # noqa: SIM401


def resolved(value: Any) -> Any:
    """Follow a reference."""
    return value.get_object() if isinstance(value, generic.IndirectObject) else value  # type: ignore[no-untyped-call]
