"""Removes a seller's personal values from the records of one inspection; ids, hashes and facts about the car stay."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from inspection_service.inspections.records import InspectionId
from inspection_service.inspections.rows import found_by
from inspection_service.storage import tables as t

GONE = ""
"""What stands where a text may not be missing."""


async def scrub(connection: AsyncConnection, inspection_id: InspectionId) -> None:
    """Overwrite, in the caller's transaction: contact, plate, VIN, reference, names, marks, words, numbers, answers."""
    column = t.inspections.c
    row = (
        await connection.execute(select(column.vehicle, column.asked).where(column.id == inspection_id))
    ).one()
    nobody = {"name": None, "email": None, "phone": None}
    vehicle = {**row.vehicle, "plate": None, "vin": None}
    asked = None if row.asked is None else [{**each, "text": GONE} for each in row.asked]
    await connection.execute(
        update(t.inspections)
        .where(column.id == inspection_id)
        .values(
            vehicle=vehicle,
            **found_by(None, None),
            contact=nobody,
            reference=None,
            handover=None,
            asked=asked,
            closing_reason=None,
        )
    )
    await _set(connection, t.findings, inspection_id, text=None, verdict_note=None, dispute=None)
    await _set(connection, t.signatures, inspection_id, drawing_svg=None, note=None)
    await connection.execute(
        update(t.signatures)
        .where(t.signatures.c.inspection_id == inspection_id, t.signatures.c.role == "seller")
        .values(name=GONE)
    )
    await _set(connection, t.skipped_steps, inspection_id, reason=GONE)
    await _set(connection, t.captures, inspection_id, decision_note=None)
    await connection.execute(
        update(t.captures)
        .where(t.captures.c.inspection_id == inspection_id, t.captures.c.state != "retake")
        .values(decision_reason=None)
    )
    await _set(connection, t.messages, inspection_id, text=GONE)
    await _set(connection, t.help_requests, inspection_id, phone=None)
    await _set(connection, t.frame_annotations, inspection_id, text=None)
    await _scrub_statements(connection, inspection_id)
    # The key stays used, so that nothing happens twice; the request's hash could be guessed from a plate and goes too.
    answers = t.idempotent_answers
    await connection.execute(
        update(answers)
        .where(answers.c.inspection_id == inspection_id)
        .values(body=None, headers=None, request_sha256=GONE)
    )


async def _scrub_statements(connection: AsyncConnection, inspection_id: InspectionId) -> None:
    column = t.statements.c
    query = select(column.id, column.value).where(column.inspection_id == inspection_id)
    for row in (await connection.execute(query)).all():
        if row.value.get("note") is not None:
            await connection.execute(
                update(t.statements).where(column.id == row.id).values(value={**row.value, "note": None})
            )


async def _set(connection: AsyncConnection, table: Table, inspection_id: InspectionId, **values: Any) -> None:
    await connection.execute(update(table).where(table.c.inspection_id == inspection_id).values(**values))
