"""The operators' list: all open cases in the order in which somebody should look.

The order is found over a few columns of all open cases; only what one page shows is read whole.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from inspection_service.errors import InvalidInput
from inspection_service.inspections import views
from inspection_service.inspections.changes import Acts
from inspection_service.inspections.needs import Need, place_when_over, rank, rank_when_over
from inspection_service.inspections.records import Dossier, InspectionId, OperatorId
from inspection_service.inspections.repository import Repository
from inspection_service.inspections.requests import Listed
from inspection_service.inspections.states import CLOSED

_LONGEST_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One line of the list."""

    dossier: Dossier
    """As lists read it: without the log."""
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
        async with self._reading() as repository:
            now = self._clock.now()
            ranks = {} if after and place_when_over(after) else await _open_ranks(repository, now)
            found = sorted((key, of) for of, key in ranks.items() if after is None or key > after)[
                : limit + 1
            ]
            if not only_open and len(found) <= limit:
                place = place_when_over(after) if after else None
                over = await repository.over(place, limit + 1 - len(found))
                found += [(rank_when_over(created_at, of), of) for of, created_at in over]
            entries = await _entries(repository, [of for _, of in found[:limit]], now)
        return Listed(tuple(entries), _write_cursor(found[limit - 1][0]) if len(found) > limit else None)

    async def queued(self, ids: Sequence[InspectionId]) -> tuple[QueueEntry, ...]:
        """Return single lines, in the list's order; what is not there (any more) is left out."""
        async with self._reading() as repository:
            entries = await _entries(repository, ids[:_LONGEST_PAGE], self._clock.now())
        return tuple(sorted(entries, key=lambda entry: entry.rank))

    async def cases_held(self) -> dict[OperatorId, int]:
        """Count the open cases each operator holds."""
        async with self._reading() as repository:
            return await repository.cases_held()


async def _open_ranks(repository: Repository, now: datetime) -> dict[InspectionId, str]:
    return {InspectionId(facts.id): rank(facts, now) for facts in await repository.open_facts()}


async def _entries(repository: Repository, ids: Sequence[InspectionId], now: datetime) -> list[QueueEntry]:
    inspections = await repository.inspections(ids)
    dossiers = await repository.dossiers(inspections, "listed")
    return [_entry(dossier, now) for dossier in dossiers]


def _entry(dossier: Dossier, now: datetime) -> QueueEntry:
    facts, case = views.facts(dossier), dossier.inspection
    needs = views.need_times(dossier, now)
    return QueueEntry(
        dossier=dossier,
        needs=tuple(needs),
        need_since=next(iter(needs.values()), None),
        rank=rank_when_over(case.created_at, case.id) if case.state in CLOSED else rank(facts, now),
    )


def _write_cursor(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _read_cursor(cursor: str | None) -> str | None:
    if cursor is None:
        return None
    try:
        key = base64.urlsafe_b64decode(cursor.encode()).decode()
        place_when_over(key)
    except (binascii.Error, ValueError, OverflowError) as error:
        raise InvalidInput("This cursor is not one of ours; start without one.", field="cursor") from error
    if "\x00" in key:
        raise InvalidInput("This cursor is not one of ours; start without one.", field="cursor")
    return key
