"""Time and identity as things one hands in, so that a test decides what time it is."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)


def new_id(prefix: str) -> str:
    """Make an unguessable id such as ``ins_5f0c...``.

    Args:
        prefix: Two or three letters that tell a reader of a log what kind of thing it names.

    Returns:
        The prefix, an underscore and 96 random bits in lower-case hexadecimal.
    """
    return f"{prefix}_{secrets.token_hex(12)}"


def isoformat(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC with milliseconds, the only form that leaves the service."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
