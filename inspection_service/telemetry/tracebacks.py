"""Writes an error for the log: where it happened and what it is, never the data it happened with.

A traceback with local variables holds tokens and contacts; so does the text of many an error: a database names the row
that is there twice, a validator repeats what it was given, ``int()`` quotes what is no number.
"""

from __future__ import annotations

import sqlite3
import traceback
from collections.abc import Iterator
from typing import Final

from inspection_service.errors import InspectionServiceError

_QUOTES_DATA: Final = (ValueError, LookupError)
"""Errors of Python itself whose text repeats the value; the others speak of code, or of the machine."""
_MAX_DEPTH: Final = 8
_THEN: Final = "\nWhile that was handled, or because of it:\n"


def format_error(error: BaseException) -> str:
    """Write an error with its causes and its members, each with its frames, without their local variables."""
    return "".join(_lines(error, _MAX_DEPTH)).rstrip("\n")


def _lines(error: BaseException, depth: int) -> Iterator[str]:
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and depth:
        yield from _lines(before, depth - 1)
        yield _THEN
    if error.__traceback__ is not None:
        yield "Traceback (most recent call last):\n"
        yield from traceback.format_tb(error.__traceback__)
    yield _named(error) + "\n"
    if isinstance(error, BaseExceptionGroup) and depth:
        for member in error.exceptions:
            yield from _lines(member, depth - 1)


def _named(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    is_plain = kind.__module__ == "builtins" and not isinstance(error, _QUOTES_DATA)
    if is_plain or isinstance(error, (InspectionServiceError, sqlite3.OperationalError)):
        return f"{name}: {error}" if str(error) else name
    state = getattr(error, "sqlstate", None)
    return name + (f" {state}" if state else "") + " (its text is withheld: it may repeat what was sent)"
