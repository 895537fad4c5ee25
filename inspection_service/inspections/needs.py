"""Why an operator should look at a case, since when, and so in which order: one rule for lists and single cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from inspection_service.inspections.records import InspectionState
from inspection_service.inspections.states import CLOSED

Need = Literal["help", "failed_twice", "stalled", "sign_off"]

TRIES_BEFORE_KEEPING: Final = 2
"""Failed tries after which the seller may keep a photo, and an operator should look."""
STALLED_AFTER_S: Final = 10 * 60
"""Seconds of silence in the middle of an inspection that make it worth a look."""
URGENCY: Final[Mapping[Need, int]] = {"help": 0, "failed_twice": 1, "stalled": 2, "sign_off": 3}
"""The order in which operators look."""
HELP_STATES: Final[frozenset[InspectionState]] = frozenset(
    {"in_progress", "review", "seller_signed", "signed_off"}
)
"""Wherever a seller's page is open and the case is not over, they may ask for a person."""
ALONE: Final = 5
OVER: Final = 9
"""Where cases stand that need nobody, and those that are over: behind all others, the newest first."""
_FAR: Final = 10**18
"""More microseconds than any date has: newest first is this minus the moment."""


@dataclass(frozen=True, slots=True)
class Facts:
    """As much of a case as the order of the queue depends on."""

    id: str
    state: InspectionState
    created_at: datetime
    updated_at: datetime
    help_asked_at: datetime | None = None
    """Of a call for help that is still open."""
    failed_at: datetime | None = None
    """When the newest photo came in of a step that failed twice and has no answer."""
    signed_at: datetime | None = None
    """When the seller signed."""


def need_times(facts: Facts, now: datetime) -> dict[Need, datetime]:
    """Return why an operator should look and since when, most urgent first; empty when the seller does well alone."""
    found: dict[Need, datetime] = {}
    if facts.help_asked_at is not None and facts.state in HELP_STATES:
        found["help"] = facts.help_asked_at
    if facts.state == "in_progress":
        if facts.failed_at is not None:
            found["failed_twice"] = facts.failed_at
        stalled_at = facts.updated_at + timedelta(seconds=STALLED_AFTER_S)
        if now > stalled_at:
            found["stalled"] = stalled_at
    if facts.state == "seller_signed":
        found["sign_off"] = facts.signed_at or facts.updated_at
    return found


def rank(facts: Facts, now: datetime) -> str:
    """Return a key by which cases sort: who needs somebody first, the oldest need before others; then the newest.

    What is over comes last, the newest first.
    """
    if facts.state not in CLOSED:
        for need, since in need_times(facts, now).items():
            return f"{URGENCY[need]}:{_us(since):018d}:{facts.id}"
    urgency = OVER if facts.state in CLOSED else ALONE
    return f"{urgency}:{_FAR - _us(facts.created_at):018d}:{facts.id}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key of ``rank`` stands."""

    urgency: int
    at: datetime
    """Since when the need has waited; of a case that needs nobody, or is over, when it was ordered."""
    id: str

    @classmethod
    def of(cls, key: str) -> Place:
        """Read a key.

        Raises:
            ValueError, OverflowError: It is none.
        """
        urgency, moment, inspection_id = key.split(":")
        if not urgency.isdecimal() or not moment.isdecimal() or "\x00" in inspection_id:
            raise ValueError(key)
        us = _FAR - int(moment) if int(urgency) >= ALONE else int(moment)
        return cls(int(urgency), _EPOCH + timedelta(microseconds=us), inspection_id)


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _us(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
