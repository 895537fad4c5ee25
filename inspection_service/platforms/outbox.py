"""Writes down, in the transaction of the event itself, which endpoints are to be told of it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from inspection_service.clock import new_id
from inspection_service.inspections.records import Event, Inspection
from inspection_service.platforms.kinds import kind_of, payload_of
from inspection_service.platforms.turns import is_anybody_waiting
from inspection_service.storage import tables as t


class WebhookOutbox:
    """One row for each event and endpoint that wants it: it is there if, and only if, the event is."""

    async def put(self, connection: AsyncConnection, inspection: Inspection, events: Sequence[Event]) -> None:
        """Write the rows; see ``inspections.outbox.Outbox``."""
        told = [(event, kind) for event in events if (kind := kind_of(event.kind)) is not None]
        if not told:
            return
        column = t.webhook_endpoints.c
        query = (
            select(column.id, column.kinds)
            .where(
                column.tenant_id == inspection.tenant_id,
                column.disabled_at.is_(None),
                column.deleted_at.is_(None),
            )
            .order_by(column.id)
        )
        rows = []
        for endpoint in (await connection.execute(query)).all():
            wanted = [e for e, kind in told if endpoint.kinds is None or kind in endpoint.kinds]
            if not wanted:
                continue
            waits = await is_anybody_waiting(connection, endpoint.id, inspection.id)
            for event in wanted:
                rows.append(_row(inspection, event, endpoint.id, waits=waits))
                waits = True
        if rows:
            await connection.execute(insert(t.webhook_deliveries), rows)


def _row(inspection: Inspection, event: Event, endpoint_id: str, *, waits: bool) -> dict[str, object]:
    return {
        "id": new_id("del"),
        "tenant_id": inspection.tenant_id,
        "endpoint_id": endpoint_id,
        "inspection_id": inspection.id,
        "event_seq": event.seq,
        "kind": kind_of(event.kind),
        "payload": payload_of(inspection, event),
        "state": "pending",
        "attempts": 0,
        "attempts_before": 0,
        "created_at": event.at,
        "next_at": None if waits else event.at,
    }
