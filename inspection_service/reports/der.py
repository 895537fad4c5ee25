"""Tells whether bytes are their own DER encoding, so that a structure has one spelling and no bit to spare.

Implements the restrictions of X.690, sections 10 and 11, for the types that CMS and X.509 use.
"""

from __future__ import annotations

import re
from typing import Final

MAX_DEPTH: Final = 32
_NAMED_BITS_MOST: Final = 5
"""The count of unused bits and four octets: the longest list of named bits, of RFC 3161, has 26."""
_CONSTRUCTED: Final = 0x20
_END_OF_CONTENTS, _SET = 0x00, 0x31
_BOOLEAN, _INTEGER, _BIT_STRING, _NULL, _OID, _ENUMERATED, _UTF8 = 0x01, 0x02, 0x03, 0x05, 0x06, 0x0A, 0x0C
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_UTC: Final = re.compile(rb"\d{12}Z")
_GENERALIZED: Final = re.compile(rb"\d{14}(?:\.\d*[1-9])?Z")


class NotDer(ValueError):
    """These bytes are not DER."""


def is_der(data: bytes) -> bool:
    """Whether ``data`` is exactly one value in DER."""
    try:
        return _value(data, 0, len(data), 0) == len(data)
    except (NotDer, IndexError):
        return False


def parts(data: bytes) -> list[bytes]:
    """Return the values inside a constructed value that ``is_der`` has accepted."""
    position, end = _length(data, 1)
    found: list[bytes] = []
    while position < end:
        following = _value(data, position, end, 0)
        found.append(data[position:following])
        position = following
    return found


def wrapped(tag: int, content: bytes) -> bytes:
    """Write a value with a one-octet tag and the shortest length."""
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _value(data: bytes, start: int, limit: int, depth: int) -> int:
    """Check the value at ``start``; return where it ends."""
    tag = data[start]
    if tag == _END_OF_CONTENTS or tag & 0x1F == 0x1F or depth > MAX_DEPTH:
        raise NotDer
    content, end = _length(data, start + 1)
    if end > limit:
        raise NotDer
    is_universal = tag & 0xC0 == 0
    if is_universal and bool(tag & _CONSTRUCTED) != (tag & 0x1F in (0x10, 0x11)):
        raise NotDer
    if tag & _CONSTRUCTED:
        inside: list[bytes] = []
        position = content
        while position < end:
            following = _value(data, position, end, depth + 1)
            inside.append(data[position:following])
            position = following
        if tag == _SET and inside != sorted(inside):
            raise NotDer
    elif is_universal and not _is_canonical(tag, data[content:end]):
        raise NotDer
    return end


def _length(data: bytes, position: int) -> tuple[int, int]:
    """Read a definite length in its shortest form; return where the content starts and ends."""
    first = data[position]
    if first < 0x80:
        return position + 1, position + 1 + first
    count = first & 0x7F
    octets = data[position + 1 : position + 1 + count]
    length = int.from_bytes(octets, "big")
    if not 1 <= count <= 4 or len(octets) < count or octets[0] == 0 or length < 0x80:
        raise NotDer
    return position + 1 + count, position + 1 + count + length


def _is_canonical(tag: int, content: bytes) -> bool:
    if tag == _BOOLEAN:
        return content in (b"\x00", b"\xff")
    if tag in (_INTEGER, _ENUMERATED):
        return len(content) == 1 or (len(content) > 1 and not _has_spare_octet(content))
    if tag == _BIT_STRING:
        return _is_bit_string(content)
    if tag == _NULL:
        return not content
    if tag == _OID:
        return _is_oid(content)
    if tag == _UTC_TIME:
        return _UTC.fullmatch(content) is not None
    if tag == _GENERALIZED_TIME:
        return _GENERALIZED.fullmatch(content) is not None
    if tag == _UTF8:
        return _is_utf8(content)
    return True


def _has_spare_octet(content: bytes) -> bool:
    return (content[0] == 0 and content[1] < 0x80) or (content[0] == 0xFF and content[1] >= 0x80)


def _is_bit_string(content: bytes) -> bool:
    """Only lists of named bits, such as a key's usages, end within an octet, and then with a bit that is set (11.2.2).

    Keys and signatures are whole octets: a count of unused bits other than zero would spell the same octets anew.
    """
    if not content or content[0] > 7 or (len(content) == 1 and content[0]):
        return False
    if not content[0]:
        return True
    return len(content) <= _NAMED_BITS_MOST and content[-1] & ((2 << content[0]) - 1) == 1 << content[0]


def _is_oid(content: bytes) -> bool:
    if not content or content[-1] & 0x80:
        return False
    starts = [0, *(index + 1 for index, octet in enumerate(content[:-1]) if not octet & 0x80)]
    return all(content[start] != 0x80 for start in starts)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
