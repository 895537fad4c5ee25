"""Personal values stand in a record as salted hashes, so that one can be shown or erased and the rest stays provable.

The value at JSON pointer P becomes ``{"sha256_salted": hex}`` with hex = SHA-256 over the canonical JSON (RFC 8785) of
``[salt, P, value]``; the salt is 16 bytes in base64url. The clear values are the disclosures beside the record. The
idea is that of SD-JWT (RFC 9901), with pointers (RFC 6901) instead of arrays of digests.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from inspection_service.inspections.personal import SALT_BYTES, PersonalKeys, Subject
from inspection_service.reports.canonical import canonical_bytes, is_canonical, sha256_hex

COMMITMENT: Final = "sha256_salted"
MAX_DISCLOSURES_BYTES: Final = 16 << 20

_Path = tuple[str, ...]

_SELLERS: Final[frozenset[_Path]] = frozenset(
    {
        ("inspection", "contact"),
        ("inspection", "reference"),
        ("vehicle", "plate", "value"),
        ("vehicle", "vin", "value"),
        ("steps", "*", "reason"),
        ("not_seen", "*", "reason"),
        ("findings", "*", "text"),
        ("findings", "*", "dispute"),
        ("findings", "*", "verdict_note"),
        ("mileage", "readings", "*", "note"),
        ("statements", "*", "value", "note"),
        ("control_points", "*", "answers", "*", "value", "note"),
        ("signatures", "*", "name"),
        ("signatures", "*", "drawing_svg"),
        ("signatures", "*", "code_sent_to"),
        ("signatures", "*", "note"),
        ("annotations", "*", "text"),
    }
)
"""Where personal values and free texts stand; ``*`` is any place in a list."""
_DECISION: Final[_Path] = ("captures", "*", "decision_reason")
"""A person's own words, except for a retake, where it is one of our codes."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One clear value and the salt that ties it to its commitment."""

    pointer: str
    salt: str
    """16 bytes in base64url without padding."""
    value: Any
    subject: Subject = "seller"
    """Whose data it is; not part of the file."""

    @property
    def commitment(self) -> str:
        """The hash that stands in the record, lower-case hexadecimal."""
        return commitment(self.salt, self.pointer, self.value)


@dataclass(frozen=True, slots=True)
class Opened:
    """What a record says once the disclosures given with it are put beside it."""

    values: Mapping[str, Any]
    """Clear values by pointer; each fits its commitment."""
    withheld: tuple[str, ...]
    """Pointers of commitments nobody disclosed."""


def conceal(record: Mapping[str, Any], keys: PersonalKeys) -> tuple[dict[str, Any], tuple[Disclosure, ...]]:
    """Replace every personal value of a clear record by its commitment; ``None`` stays ``None``.

    Returns:
        The record to sign, and the disclosures in the order of their pointers.
    """
    found: list[Disclosure] = []

    def walk(value: Any, path: _Path, around: Any) -> Any:
        subject = _subject(path, around, value)
        if subject is not None and value is not None:
            pointer = pointer_of(path)
            disclosure = Disclosure(pointer, _b64url(keys.salt(subject, pointer)), value, subject)
            found.append(disclosure)
            return {COMMITMENT: disclosure.commitment}
        if isinstance(value, Mapping):
            return {key: walk(item, (*path, str(key)), value) for key, item in value.items()}
        if isinstance(value, list):
            return [walk(item, (*path, str(place)), value) for place, item in enumerate(value)]
        return value

    concealed = walk(record, (), None)
    assert isinstance(concealed, dict)
    return concealed, tuple(sorted(found, key=lambda disclosure: disclosure.pointer))


def disclosures_bytes(report_sha256: str, disclosures: Sequence[Disclosure]) -> bytes:
    """Write the file ``disclosures.json``: canonical JSON, ordered by pointer."""
    listed = [
        {"pointer": d.pointer, "salt": d.salt, "value": d.value}
        for d in sorted(disclosures, key=lambda d: d.pointer)
    ]
    return canonical_bytes({"report_sha256": report_sha256, "disclosures": listed})


def read_disclosures(data: bytes) -> tuple[str, tuple[Disclosure, ...]]:
    """Read ``disclosures.json`` from anybody.

    Returns:
        The hash of the record it belongs to, and its disclosures.

    Raises:
        ValueError: It is not such a file in canonical form, or names a pointer twice.
    """
    if len(data) > MAX_DISCLOSURES_BYTES or not is_canonical(data):
        raise ValueError("the disclosures are not canonical JSON")
    value = json.loads(data)
    if not isinstance(value, dict) or set(value) != {"report_sha256", "disclosures"}:
        raise ValueError("the disclosures are of another kind")
    report_sha256, listed = value["report_sha256"], value["disclosures"]
    if not isinstance(report_sha256, str) or not isinstance(listed, list):
        raise ValueError("the disclosures are of another kind")
    found: list[Disclosure] = []
    for item in listed:
        if not isinstance(item, dict) or set(item) != {"pointer", "salt", "value"}:
            raise ValueError("a disclosure is of another kind")
        if not isinstance(item["pointer"], str) or not _is_salt(item["salt"]):
            raise ValueError("a disclosure is of another kind")
        found.append(Disclosure(item["pointer"], item["salt"], item["value"]))
    if len({disclosure.pointer for disclosure in found}) != len(found):
        raise ValueError("a value is disclosed twice")
    return report_sha256, tuple(found)


def open_record(record: Mapping[str, Any], disclosures: Sequence[Disclosure]) -> Opened:
    """Check disclosures against the commitments of a record.

    Raises:
        ValueError: A disclosure has no commitment there, or its value is another one; the message names it.
    """
    committed = dict(commitments(record))
    values: dict[str, Any] = {}
    for disclosure in disclosures:
        if committed.get(disclosure.pointer) != disclosure.commitment:
            raise ValueError(f"the value disclosed for {disclosure.pointer} is not the one that was signed")
        values[disclosure.pointer] = disclosure.value
    return Opened(values, tuple(sorted(set(committed) - set(values))))


def disclosed(record: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a record with the values that are known in place; others stay commitments."""

    def walk(value: Any, path: _Path) -> Any:
        if is_commitment(value):
            return values.get(pointer_of(path), value)
        if isinstance(value, Mapping):
            return {key: walk(item, (*path, str(key))) for key, item in value.items()}
        if isinstance(value, list):
            return [walk(item, (*path, str(place))) for place, item in enumerate(value)]
        return value

    opened = walk(record, ())
    assert isinstance(opened, dict)
    return opened


def commitments(value: Any, path: _Path = ()) -> Iterator[tuple[str, str]]:
    """Find every commitment in a record: pointer and hash."""
    if is_commitment(value):
        yield pointer_of(path), value[COMMITMENT]
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from commitments(item, (*path, str(key)))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from commitments(item, (*path, str(place)))


def is_commitment(value: Any) -> bool:
    """Whether this stands for a value instead of being one."""
    return isinstance(value, Mapping) and set(value) == {COMMITMENT} and isinstance(value[COMMITMENT], str)


def commitment(salt: str, pointer: str, value: Any) -> str:
    """Hash a value with its place and salt; lower-case hexadecimal.

    Raises:
        ValueError: The value has no canonical form.
    """
    return sha256_hex(canonical_bytes([salt, pointer, value]))


def pointer_of(path: Sequence[str]) -> str:
    """Write a place as a JSON pointer (RFC 6901)."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


def _subject(path: _Path, around: Any, value: Any) -> Subject | None:
    """Say whose data stands at a place; ``None`` where nothing personal does."""
    if not path:
        return None
    if path[-1] == "name" and isinstance(around, Mapping) and set(around) == {"kind", "name"}:
        return "operator" if around["kind"] == "operator" and value else None
    shape = tuple("*" if part.isascii() and part.isdigit() else part for part in path)
    if shape == _DECISION and isinstance(around, Mapping):
        return None if around.get("state") == "retake" else "seller"
    if shape not in _SELLERS:
        return None
    is_operators = shape == ("signatures", "*", "name") and around.get("role") == "operator"
    return "operator" if is_operators else "seller"


def _is_salt(text: Any) -> bool:
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, TypeError):
        return False
    return len(data) == SALT_BYTES and _b64url(data) == text


def _b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
