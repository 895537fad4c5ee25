"""What the order of the operators' list is found from: a few columns of a few cases, never whole records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, null, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from inspection_service.inspections import rows
from inspection_service.inspections.frozen import FrozenChecklists
from inspection_service.inspections.needs import (
    ALONE,
    HELP_STATES,
    OVER,
    STALLED_AFTER_S,
    TRIES_BEFORE_KEEPING,
    URGENCY,
    Facts,
    Place,
)
from inspection_service.inspections.records import Inspection, InspectionId, OperatorId
from inspection_service.inspections.scope import AllTenants, OrganisationScope, Scope, TenantScope
from inspection_service.inspections.states import CLOSED, OPEN
from inspection_service.storage import tables as t

NARROW: Final = tuple(column for column in t.inspections.c if column.name != "checklist")
"""An inspection's row without its largest part, which thousands share: see ``FrozenChecklists``."""
_FACTS: Final = tuple(t.inspections.c[name] for name in ("id", "state", "created_at", "updated_at"))
_SIGNED_AT: Final = (
    select(func.max(t.signatures.c.at))
    .where(
        t.signatures.c.inspection_id == t.inspections.c.id,
        t.signatures.c.role == "seller",
        t.signatures.c.voided_at.is_(None),
    )
    .correlate(t.inspections)
    .scalar_subquery()
)


class QueueRepository:
    """The part of a ``Repository`` that lists stand on."""

    def __init__(
        self, connection: AsyncConnection, scope: Scope, checklists: FrozenChecklists | None = None
    ) -> None:
        self._connection = connection
        self._scope = scope
        self._checklists = checklists or FrozenChecklists()

    # -- the queue -------------------------------------------------------------------------------------------
    async def urgent(self) -> list[Facts]:
        """Return the open cases whose seller asks for help or failed twice: few, however many there are."""
        asked, failed = await self._asked_at(), await self._failed_at()
        if not asked and not failed:
            return []
        column = t.inspections.c
        query = self._within(select(*_FACTS)).where(column.id.in_(sorted({*asked, *failed})))
        found = await self._connection.execute(query.where(column.state.in_(HELP_STATES)))
        return [
            Facts(row.id, row.state, row.created_at, row.updated_at, asked.get(row.id), failed.get(row.id))
            for row in found
        ]

    async def standing(self, urgency: int, now: datetime, after: Place | None, limit: int) -> list[Facts]:
        """Return the cases at one urgency below those, in the order of ``rank``; also some that are urgent besides.

        Args:
            urgency: Of ``stalled``, ``sign_off``, ``ALONE`` or ``OVER``.
            now: The present.
            after: The last one already seen, at the same urgency.
            limit: At most so many.
        """
        column = t.inspections.c
        query, since, by_id = self._list(urgency, now)
        is_oldest_first = urgency < ALONE
        if after is not None:
            # What stands in the row is when the silence began; it counts as a need only later.
            ahead = STALLED_AFTER_S if urgency == URGENCY["stalled"] else 0
            last = literal(after.at - timedelta(seconds=ahead), column.created_at.type)
            later = since > last if is_oldest_first else since < last
            query = query.where(or_(later, and_(since == last, by_id > after.id)))
        query = query.order_by(since if is_oldest_first else since.desc(), by_id).limit(limit)
        return [
            Facts(row.id, row.state, row.created_at, row.updated_at, signed_at=row.signed_at)
            for row in await self._connection.execute(query)
        ]

    async def _asked_at(self) -> dict[str, datetime]:
        column = t.help_requests.c
        query = select(column.inspection_id, column.asked_at).where(
            column.answered_at.is_(None), column.withdrawn_at.is_(None)
        )
        return {row.inspection_id: row.asked_at for row in await self._connection.execute(query)}

    async def _failed_at(self) -> dict[str, datetime]:
        """Return when the newest photo came of each case's steps that failed twice and have no answer."""
        column, skipped = t.captures.c, t.skipped_steps.c
        is_skipped = (
            select(skipped.step_id)
            .where(skipped.inspection_id == column.inspection_id, skipped.step_id == column.step_id)
            .exists()
        )
        # Few cases are at this point, and few of their steps fail twice: only their photos are looked at.
        hard = (
            select(column.inspection_id, column.step_id)
            .join(t.inspections, t.inspections.c.id == column.inspection_id)
            .where(
                t.inspections.c.state == "in_progress",
                column.state == "retake",
                column.step_id.is_not(None),
            )
            .group_by(column.inspection_id, column.step_id)
            .having(func.count() >= TRIES_BEFORE_KEEPING)
            .subquery()
        )
        query = (
            select(column.inspection_id, column.step_id, column.state, column.received_at)
            .join(hard, and_(hard.c.inspection_id == column.inspection_id, hard.c.step_id == column.step_id))
            .join(t.inspections, t.inspections.c.id == column.inspection_id)
            .where(t.inspections.c.state == "in_progress", ~is_skipped)
            .order_by(column.received_at, column.attempt)
        )
        photos: dict[tuple[str, str], list[tuple[str, datetime]]] = {}
        for row in await self._connection.execute(query):
            photos.setdefault((row.inspection_id, row.step_id), []).append((row.state, row.received_at))
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
    def _list(
        self, urgency: int, now: datetime
    ) -> tuple[Select[Any], ColumnElement[Any], ColumnElement[str]]:
        """Ask which cases stand at an urgency, as ``needs`` says it.

        Returns:
            The query, and by what it is to be ordered: a moment, then the id.
        """
        column = t.inspections.c
        query = self._within(select(*_FACTS, null().label("signed_at")))
        stalled = and_(
            column.state == "in_progress", column.updated_at < now - timedelta(seconds=STALLED_AFTER_S)
        )
        if urgency == URGENCY["stalled"]:
            return query.where(stalled), column.updated_at, column.id
        if urgency == ALONE:
            alone = column.state.in_(OPEN - {"seller_signed"})
            return query.where(alone, ~stalled), column.created_at, column.id
        if urgency == OVER:
            return query.where(column.state.in_(CLOSED)), column.created_at, column.id
        signed = self._within(select(*_FACTS, _SIGNED_AT.label("signed_at")))
        # In a query of its own, else both databases look each signature up twice: to show it, and to sort by it.
        signed_cases = signed.where(column.state == "seller_signed").offset(0).subquery()
        found = signed_cases.c
        return select(signed_cases), func.coalesce(found.signed_at, found.updated_at), found.id

    async def _with_checklists(self, found: Sequence[rows.Row]) -> list[Inspection]:
        """Complete rows of ``NARROW`` columns; a checklist that was not seen before is read once."""
        column = t.inspections.c
        contents = {row["checklist_sha256"]: self._checklists.get(row["checklist_sha256"]) for row in found}
        unseen = {
            row["checklist_sha256"]: row["id"] for row in found if contents[row["checklist_sha256"]] is None
        }
        if unseen:
            query = select(column.checklist_sha256, column.checklist).where(
                column.id.in_(sorted(unseen.values()))
            )
            for sha256, content in await self._connection.execute(query):
                self._checklists.keep(sha256, content)
                contents[sha256] = content
        return [
            rows.inspection_from({**row, "checklist": contents[row["checklist_sha256"]]}) for row in found
        ]

    def _within(self, query: Select[Any]) -> Select[Any]:
        return within(query, self._scope)


def within(query: Select[Any], scope: Scope) -> Select[Any]:
    """Confine a query over inspections to a scope."""
    match scope:
        case TenantScope(tenant_id):
            return query.where(t.inspections.c.tenant_id == tenant_id)
        case OrganisationScope(organisation_id):
            column = t.grants.c
            granted = select(column.tenant_id).where(
                column.organisation_id == organisation_id, column.revoked_at.is_(None)
            )
            return query.where(t.inspections.c.tenant_id.in_(granted))
        case AllTenants():
            return query
