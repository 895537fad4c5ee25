"""Whose turn it is: of one inspection, an endpoint gets one event after the other.

Among the pending deliveries of one inspection to one endpoint only the first has a time (``next_at``); the others wait
without one. Whoever adds, ends or reopens one holds the lock on the inspection, so that two never make their turns from
what the other is about to change. On SQLite the one writer is the lock.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from inspection_service.storage import tables as t

_d = t.webhook_deliveries.c


async def lock(connection: AsyncConnection, inspection_id: str | None) -> None:
    """Keep acts on the inspection, and other senders, waiting until this transaction ends."""
    if inspection_id is not None:
        query = select(t.inspections.c.id).where(t.inspections.c.id == inspection_id).with_for_update()
        await connection.execute(query)


async def is_anybody_waiting(connection: AsyncConnection, endpoint_id: str, inspection_id: str) -> bool:
    """Say whether an event of this inspection is still to be delivered to this endpoint."""
    query = select(_d.id).where(
        _d.endpoint_id == endpoint_id, _d.inspection_id == inspection_id, _d.state == "pending"
    )
    return (await connection.execute(query.limit(1))).first() is not None


def is_free() -> ColumnElement[bool]:
    """Say of a delivery that nobody is sending it: its last attempt, if there was one, has its outcome.

    One whose sender died counts as being sent until its lease has ended and somebody else has sent it.
    """
    attempt = t.webhook_attempts.c
    has_outcome = exists().where(attempt.delivery_id == _d.id, attempt.no == _d.attempts)
    return or_(_d.attempts == _d.attempts_before, has_outcome)


def is_behind() -> ColumnElement[bool]:
    """Say of a delivery that an earlier event of its inspection goes first."""
    other = t.webhook_deliveries.alias()
    return exists().where(
        other.c.endpoint_id == _d.endpoint_id,
        other.c.inspection_id == _d.inspection_id,
        other.c.event_seq < _d.event_seq,
        other.c.state == "pending",
    )


async def line_up(
    connection: AsyncConnection, endpoint_id: str, inspection_id: str | None, now: datetime
) -> bool:
    """Give the turn to the first pending event of an inspection, and take it from those behind that nobody sends.

    Returns:
        Whether somebody has the turn who had it not before.
    """
    if inspection_id is None:
        return False
    query = (
        select(_d.id, _d.next_at)
        .where(_d.endpoint_id == endpoint_id, _d.inspection_id == inspection_id, _d.state == "pending")
        .order_by(_d.event_seq)
    )
    pending = (await connection.execute(query)).all()
    is_next = bool(pending) and pending[0].next_at is None
    if is_next:
        await connection.execute(
            update(t.webhook_deliveries).where(_d.id == pending[0].id).values(next_at=now)
        )
    early = [row.id for row in pending[1:] if row.next_at is not None]
    if early:
        await connection.execute(
            update(t.webhook_deliveries).where(_d.id.in_(early), is_free()).values(next_at=None)
        )
    return is_next
