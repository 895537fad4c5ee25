"""Why an operator should look at a case, since when, and so in which order: one rule for lists and single cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from inspection_service.inspections.records import InspectionState

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
_NOBODY: Final = 5
_OVER: Final = 9
_FAR: Final = 10**18
"""More microseconds than any date has: newest first is this minus the moment."""


@dataclass(frozen=True, slots=True)
class Facts:
    """As much of a case as the order of the queue depends on."""

    id: str
    state: InspectionState
    created_at: datetime
    updated_at: datetime
    help_asked_at: datetime | None
    """Of a call for help that is still open."""
    failed_at: datetime | None
    """When the newest photo came in of a step that failed twice and has no answer."""
    signed_at: datetime | None
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
    """Return a key by which cases sort: who needs somebody first, the oldest need before others; then the newest."""
    for need, since in need_times(facts, now).items():
        return f"{URGENCY[need]}:{_us(since):018d}:{facts.id}"
    return f"{_NOBODY}:{_FAR - _us(facts.created_at):018d}:{facts.id}"


def rank_when_over(created_at: datetime, inspection_id: str) -> str:
    """Return the key of a closed case: after all open ones, the newest first."""
    return f"{_OVER}:{_FAR - _us(created_at):018d}:{inspection_id}"


def place_when_over(rank_key: str) -> tuple[datetime, str] | None:
    """Return creation and id of a closed case from its key; ``None`` for the key of an open one.

    Raises:
        ValueError, OverflowError: It is no key.
    """
    urgency, moment, inspection_id = rank_key.split(":")
    if not urgency.isdecimal() or not moment.isdecimal():
        raise ValueError(rank_key)
    if int(urgency) != _OVER:
        return None
    return _EPOCH + timedelta(microseconds=_FAR - int(moment)), inspection_id


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _us(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
