"""One spelling for one record, so that a hash of a report means something.

Implements RFC 8785 (JSON Canonicalization Scheme).
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import rfc8785


def canonical_bytes(record: Any) -> bytes:
    """Write a JSON value in the only way RFC 8785 allows.

    Args:
        record: Dictionaries, lists, strings, numbers, booleans and ``None``; integers within ±2**53.

    Returns:
        UTF-8 without a byte order mark or a final newline.

    Raises:
        ValueError: The value has no canonical form (NaN, too large an integer, a lone surrogate).
    """
    try:
        return rfc8785.dumps(record)
    except (rfc8785.CanonicalizationError, UnicodeError) as exc:
        raise ValueError(str(exc)) from exc


def is_canonical(data: bytes) -> bool:
    """Tell whether bytes are exactly the canonical form of the JSON they hold."""
    try:
        return canonical_bytes(json.loads(data)) == data
    except (ValueError, RecursionError):
        return False


def load_record(data: bytes) -> dict[str, Any]:
    """Read canonical bytes back.

    Raises:
        ValueError: They are not a JSON object in canonical form.
    """
    if not is_canonical(data):
        raise ValueError("This is not JSON in canonical form (RFC 8785).")
    record = json.loads(data)
    if not isinstance(record, dict):
        raise ValueError("The report is not a JSON object.")
    return record


def sha256_hex(data: bytes) -> str:
    """Hash bytes; lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()
