"""What the order of the operators' list is found from: a few columns of a few cases, never whole records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from inspection_service.inspections import queue_lists
from inspection_service.inspections.frozen import FrozenChecklists
from inspection_service.inspections.needs import (
    HELP_STATES,
    Facts,
    Place,
)
from inspection_service.inspections.questions import Questions
from inspection_service.inspections.records import InspectionId, OperatorId
from inspection_service.inspections.scope import Scope
from inspection_service.inspections.states import OPEN
from inspection_service.storage import tables as t


class QueueRepository(Questions):
    """The part of a ``Repository`` that lists stand on."""

    def __init__(
        self, connection: AsyncConnection, scope: Scope, checklists: FrozenChecklists | None = None
    ) -> None:
        super().__init__(self._rows_of, scope, checklists)
        self._connection = connection

    # -- the queue -------------------------------------------------------------------------------------------
    async def urgent(self) -> list[Facts]:
        """Return the open cases whose seller asks for help or failed twice: few, however many there are."""
        asked, failed = await self._asked_at(), await self._failed_at()
        if not asked and not failed:
            return []
        column = t.inspections.c
        query = self._within(select(*queue_lists.FACTS)).where(column.id.in_(sorted({*asked, *failed})))
        return [
            Facts(**row, help_asked_at=asked.get(row["id"]), failed_at=failed.get(row["id"]))
            for row in await self._ask(query.where(column.state.in_(HELP_STATES)), {})
        ]

    async def standing(self, urgency: int, now: datetime, after: Place | None, limit: int) -> list[Facts]:
        """Return the cases at one urgency below those, in the order of ``rank``; also some that are urgent besides.

        Args:
            urgency: Of ``stalled``, ``sign_off``, ``ALONE`` or ``OVER``.
            now: The present.
            after: The last one already seen, at the same urgency.
            limit: At most so many.
        """
        found = await self._ask(*queue_lists.standing(urgency, now, after, limit, self._scope))
        return [Facts(**row) for row in found]

    async def _asked_at(self) -> dict[str, datetime]:
        return {row["inspection_id"]: row["asked_at"] for row in await self._ask(queue_lists.ASKED, {})}

    async def _failed_at(self) -> dict[str, datetime]:
        """Return when the newest photo came of each case's steps that failed twice and have no answer."""
        photos: dict[tuple[str, str], list[tuple[str, datetime]]] = {}
        for row in await self._ask(queue_lists.FAILED, {}):
            of_step = photos.setdefault((row["inspection_id"], row["step_id"]), [])
            of_step.append((row["state"], row["received_at"]))
        found: dict[str, datetime] = {}
        for (inspection_id, _), of_step in photos.items():
            newest_state, newest_at = of_step[-1]
            is_answered = any(state in ("accepted", "overridden") for state, _ in of_step)
            if newest_state == "retake" and not is_answered:
                found[inspection_id] = max(newest_at, found.get(inspection_id, newest_at))
        return found

    async def cases_held(self) -> dict[OperatorId, int]:
        """Count the open cases each operator holds."""
        column = t.inspections.c
        query = self._within(select(column.claimed_by, func.count().label("held"))).where(
            column.claimed_by.is_not(None), column.state.in_(OPEN)
        )
        found = await self._connection.execute(query.group_by(column.claimed_by))
        return {OperatorId(row.claimed_by): int(row.held) for row in found}

    # -- who waits -------------------------------------------------------------------------------------------
    async def waiting_before(self, asked_at: datetime) -> int:
        """Count who asked for help before a moment and still waits, whatever their platform."""
        column = t.help_requests.c
        query = (
            select(func.count())
            .select_from(t.help_requests)
            .join(t.inspections)
            .where(
                column.answered_at.is_(None),
                column.withdrawn_at.is_(None),
                column.asked_at < asked_at,
                t.inspections.c.state.in_(HELP_STATES),
            )
        )
        return int((await self._connection.execute(query)).scalar_one())

    async def last_waits_s(self, limit: int) -> list[float]:
        """Return how long the last sellers who were helped had waited, whatever their platform."""
        column = t.help_requests.c
        query = (
            select(column.asked_at, column.answered_at)
            .where(column.answered_how.in_(("claim", "call")))
            .order_by(column.answered_at.desc())
            .limit(limit)
        )
        found = await self._connection.execute(query)
        return [(row.answered_at - row.asked_at).total_seconds() for row in found]

    # -- calls -----------------------------------------------------------------------------------------------
    async def calls_left_open(self) -> tuple[InspectionId, ...]:
        """Return open inspections where a call was opened after the last one ended, answered or not."""
        column = t.events.c

        ends = ("call.ended", "call.declined")

        def last(*kinds: str) -> ColumnElement[int]:
            return func.coalesce(func.max(case((column.kind.in_(kinds), column.seq), else_=0)), 0)

        query = (
            self._within(select(column.inspection_id).join(t.inspections))
            .where(t.inspections.c.state.in_(OPEN), column.kind.in_(("call.opened", *ends)))
            .group_by(column.inspection_id)
            .having(last("call.opened") > last(*ends))
        )
        found = await self._connection.execute(query)
        return tuple(InspectionId(row.inspection_id) for row in found)

    # -- within ----------------------------------------------------------------------------------------------
    async def _rows_of(self, query: Select[Any], values: Mapping[str, Any]) -> Sequence[RowMapping]:
        found: Sequence[RowMapping] = (await self._connection.execute(query, values)).mappings().all()
        return found
