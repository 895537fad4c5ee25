"""The operators' list: all open cases in the order in which somebody should look.

It is several lists, one behind the other, and of each only what one page shows is read.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from inspection_service.errors import InvalidInput
from inspection_service.inspections import views
from inspection_service.inspections.changes import Acts
from inspection_service.inspections.needs import ALONE, OVER, URGENCY, Facts, Need, Place, need_times, rank
from inspection_service.inspections.outline import OperatorOutline
from inspection_service.inspections.records import InspectionId, OperatorId
from inspection_service.inspections.repository import Repository
from inspection_service.inspections.requests import Listed

_LONGEST_PAGE: Final = 200
_OPEN_LISTS: Final = (URGENCY["stalled"], URGENCY["sign_off"], ALONE)
"""Below those who are urgent, in order."""


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One line of the list."""

    outline: OperatorOutline
    needs: tuple[Need, ...]
    """Most urgent first."""
    need_since: datetime | None
    """Since when the most urgent one has waited."""
    rank: str
    """Sorts the list; compared as text."""


class Queueing(Acts):
    """What operators look at."""

    async def queue(
        self, *, only_open: bool = True, cursor: str | None = None, limit: int = 200
    ) -> Listed[QueueEntry]:
        """List cases, those who need somebody first (help, failed twice, stalled, sign-off; the oldest need first).

        Args:
            only_open: Leave out what is over; else that comes last, newest first.
            cursor: ``next_cursor`` of the page before.
            limit: At most so many, and never more than 200.
        """
        limit = max(1, min(limit, _LONGEST_PAGE))
        after = _read_cursor(cursor)
        lists = (*_OPEN_LISTS, OVER) if not only_open else _OPEN_LISTS
        async with self._reading() as repository:
            now = self._clock.now()
            found = await _ranked(repository, now, lists, after, limit + 1)
            shown = {InspectionId(facts.id): facts for facts in found[:limit]}
            outlines = await repository.for_operators(list(shown))
        entries = tuple(_entry(each, shown[each.inspection.id], now) for each in outlines)
        return Listed(entries, _write_cursor(rank(found[limit - 1], now)) if len(found) > limit else None)

    async def queued(self, ids: Sequence[InspectionId]) -> tuple[QueueEntry, ...]:
        """Return single lines, in the list's order; what is not there (any more) is left out."""
        outlines = await self._asking().for_operators(ids[:_LONGEST_PAGE])
        now = self._clock.now()
        entries = (_entry(each, views.facts(each), now) for each in outlines)
        return tuple(sorted(entries, key=lambda entry: entry.rank))

    async def cases_held(self) -> dict[OperatorId, int]:
        """Count the open cases each operator holds."""
        async with self._reading() as repository:
            return await repository.cases_held()


async def _ranked(
    repository: Repository, now: datetime, lists: Iterable[int], after: str | None, limit: int
) -> list[Facts]:
    """Find as many cases as are wanted, list by list: however many are open, only these are looked at."""
    place = None if after is None else Place.of(after)
    urgent = {rank(facts, now): facts for facts in await repository.urgent()}
    known = {facts.id for facts in urgent.values()}
    found = [facts for key, facts in sorted(urgent.items()) if after is None or key > after]
    for urgency in lists:
        if len(found) >= limit or (place is not None and place.urgency > urgency):
            continue
        last = place if place is not None and place.urgency == urgency else None
        standing = await repository.standing(urgency, now, last, limit + len(known))
        found += [facts for facts in standing if facts.id not in known]
    return found[:limit]


def _entry(outline: OperatorOutline, facts: Facts, now: datetime) -> QueueEntry:
    needs = need_times(facts, now)
    return QueueEntry(
        outline=outline,
        needs=tuple(needs),
        need_since=next(iter(needs.values()), None),
        rank=rank(facts, now),
    )


def _write_cursor(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _read_cursor(cursor: str | None) -> str | None:
    if cursor is None:
        return None
    try:
        key = base64.urlsafe_b64decode(cursor.encode()).decode()
        Place.of(key)
    except (binascii.Error, ValueError, OverflowError) as error:
        raise InvalidInput("This cursor is not one of ours; start without one.", field="cursor") from error
    return key
