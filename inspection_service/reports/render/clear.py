"""The record as this copy may show it: disclosed values in their places, a visible mark where one is withheld.

A mark is text between two characters of the private use area. No text from outside may hold them, so nobody can write a
mark into their own name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from inspection_service.reports.commitments import commitments, is_commitment, pointer_of
from inspection_service.reports.render.inputs import Json, Record, RenderInputs
from inspection_service.reports.words import Words

MARK_START: Final = "\ue000"
MARK_END: Final = "\ue001"


def clear_record(record: Record, inputs: RenderInputs) -> Json:
    """Put the clear values into a copy of the record, and marks where there are none.

    Args:
        record: With commitments, or with clear values already in place.
        inputs: The values by pointer, and why others are withheld.
    """
    words = Words(record["language"])

    def mark(pointer: str) -> str:
        reason = inputs.withheld.get(pointer, inputs.withheld_reason)
        return f"{MARK_START}{words.say(f'withheld.{reason}')}{MARK_END}"

    def walk(value: Any, path: tuple[str, ...]) -> Any:
        if is_commitment(value):
            pointer = pointer_of(path)
            return harmless(inputs.values[pointer]) if pointer in inputs.values else mark(pointer)
        if isinstance(value, Mapping):
            return {key: walk(item, (*path, str(key))) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [walk(item, (*path, str(place))) for place, item in enumerate(value)]
        return harmless(value)

    cleared = walk(record, ())
    assert isinstance(cleared, dict)
    return cleared


def harmless(value: Any) -> Any:
    """Write the two characters of a mark by their numbers wherever somebody else wrote them."""
    if isinstance(value, str):
        return value.replace(MARK_START, "[U+E000]").replace(MARK_END, "[U+E001]")
    if isinstance(value, Mapping):
        return {key: harmless(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [harmless(item) for item in value]
    return value


def is_withheld(value: object) -> bool:
    """Whether a value of a clear record is a mark."""
    return isinstance(value, str) and value.startswith(MARK_START)


def unmarked(text: str) -> str:
    """Leave only the words of a mark, for titles and alternative texts, which nothing can style."""
    return text.replace(MARK_START, "").replace(MARK_END, "")


def withheld_pointers(record: Record, values: Mapping[str, Any]) -> Sequence[str]:
    """List the places of a record whose value is not among those disclosed."""
    return [pointer for pointer, _ in commitments(record) if pointer not in values]
