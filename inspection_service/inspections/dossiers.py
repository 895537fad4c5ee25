"""Asks for everything about an inspection in one statement, and reads the answer.

The statements are made once and only given values: to make one, and to find again what was compiled of it, costs more
than the database's answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    bindparam,
    func,
    or_,
    select,
    true,
)

from inspection_service.inspections import rows
from inspection_service.inspections.confined import NARROW, any_like, values_of, within
from inspection_service.inspections.live_case import FRAME_FACTS
from inspection_service.inspections.records import CaptureId, Dossier, Inspection
from inspection_service.inspections.scope import Scope
from inspection_service.inspections.views import LISTED_EVENTS
from inspection_service.storage import tables as t
from inspection_service.storage.nested import nested

Depth = Literal["whole", "summary"]
"""How much is read: everything; or only the events ``views`` reads and the newest one, and neither annotations nor
recordings."""

_platform: Final = select(t.tenants.c.name).where(t.tenants.c.id == t.inspections.c.tenant_id)
# Not joined: without statistics SQLite goes through all platforms first, and looks each case up for each of them.
PLATFORM_NAME: Final = _platform.scalar_subquery().label("platform_name")
CLAIMED_BY_NAME: Final = (
    select(t.operators.c.name)
    .where(t.operators.c.id == t.inspections.c.claimed_by)
    .scalar_subquery()
    .label("claimed_by_name")
)
_NAMED: Final = (
    PLATFORM_NAME,
    _platform.with_only_columns(t.tenants.c.kind).scalar_subquery().label("platform_kind"),
    CLAIMED_BY_NAME,
)


def one(depth: Depth, scope: Scope) -> Select[Any]:
    """Return the statement for one inspection within a scope; its values are ``values_of_one``."""
    return _one(depth, any_like(scope))


@cache
def _one(depth: Depth, scope: Scope) -> Select[Any]:
    query = select(*NARROW, *_NAMED, *_parts(depth))
    return within(query, scope).where(t.inspections.c.id == bindparam("inspection_id"))


def values_of_one(inspection_id: str, scope: Scope) -> dict[str, str]:
    """Return what ``one`` is asked with."""
    return {"inspection_id": inspection_id, **values_of(scope)}


@cache
def many(depth: Depth) -> Select[Any]:
    """Return the statement for what hangs on inspections that were read already, whose ``ids`` it is given."""
    query = select(t.inspections.c.id, *_NAMED, *_parts(depth))
    return query.where(t.inspections.c.id.in_(bindparam("ids", expanding=True)))


def dossier_from(row: rows.Row, inspection: Inspection) -> Dossier:
    """Read the answer."""
    names = {event["actor_id"]: event["actor_name"] or "" for event in row["events"]}
    names[inspection.tenant_id] = row["platform_name"]
    parts: dict[str, tuple[Mapping[str, Any], ...]] = {}
    for piece in row.get("recording_parts", ()):
        parts[piece["recording_id"]] = (piece, *parts.get(piece["recording_id"], ()))
    return Dossier(
        inspection=inspection,
        platform_name=row["platform_name"],
        is_sandbox=row["platform_kind"] == "sandbox",
        claimed_by_name=row["claimed_by_name"],
        captures=tuple(map(rows.capture_from, row["captures"])),
        findings=tuple(map(rows.finding_from, row["findings"])),
        statements=tuple(map(rows.statement_from, row["statements"])),
        consents=tuple(map(rows.consent_from, row["consents"])),
        skipped=tuple(map(rows.skipped_from, row["skipped_steps"])),
        signatures=tuple(map(rows.signature_from, row["signatures"])),
        events=tuple(rows.event_from(event, names) for event in row["events"]),
        report=next(map(rows.report_from, row["reports"]), None),
        annotations=tuple(map(rows.annotation_from, row.get("annotations", ()))),
        recordings=tuple(
            rows.recording_from(each, tuple(map(rows.part_from, parts.get(each["id"], ()))))
            for each in row.get("recordings", ())
        ),
        help=next(map(rows.help_from, reversed(row["help_requests"])), None),
        corrections=tuple(map(rows.correction_from, row["corrections"])),
        legal_hold=next(map(rows.hold_from, row["legal_holds"]), None),
        erased_photos=frozenset(CaptureId(photo["capture_id"]) for photo in row["erased_photos"]),
    )


def _parts(depth: Depth) -> list[ColumnElement[Any]]:
    found = [
        part("events", _events(depth), t.events, "seq"),
        part("captures", select(t.captures), t.captures, "received_at", "attempt"),
        part("findings", select(t.findings), t.findings, "position"),
        part("statements", select(t.statements), t.statements, "id"),
        part("consents", select(t.consents), t.consents, "id"),
        part("skipped_steps", select(t.skipped_steps), t.skipped_steps, "at"),
        part("signatures", _standing(t.signatures, "voided_at"), t.signatures, "id"),
        part("reports", select(t.reports), t.reports, "sealed_at"),
        part("help_requests", select(t.help_requests), t.help_requests, "id"),
        part("corrections", select(t.corrections), t.corrections, "no"),
        part("legal_holds", _standing(t.legal_holds, "lifted_at"), t.legal_holds, "id"),
        part("erased_photos", select(t.erased_photos), t.erased_photos, "at"),
    ]
    return found + (_of_calls() if depth == "whole" else [])


def _of_calls() -> list[ColumnElement[Any]]:
    """What calls left with an inspection; lists go without it."""
    annotations = select(t.frame_annotations, *FRAME_FACTS).join(
        t.frames, t.frames.c.id == t.frame_annotations.c.frame_id
    )
    parts = select(t.recording_parts).join(t.recordings)
    return [
        part("annotations", annotations, t.frame_annotations, "position"),
        part("recordings", select(t.recordings), t.recordings, "started_at", "id"),
        part("recording_parts", parts, t.recordings, "kind"),
    ]


def part(
    name: str, query: Select[Any], of: Table, *order: str, made: type[NamedTuple] | None = None
) -> ColumnElement[Any]:
    """Make a column of what hangs on an inspection: rows of this query, which stand in a table of this one's."""
    mine = of.c.inspection_id == t.inspections.c.id
    return nested(query.where(mine), t.inspections, order=order, made=made).label(name)


def _events(depth: Depth) -> Select[Any]:
    """Ask for the log with the operators' names, which it does not hold itself."""
    newest = t.events.alias()
    last = (
        select(func.max(newest.c.seq))
        .where(newest.c.inspection_id == t.events.c.inspection_id)
        .scalar_subquery()
    )
    wanted = true() if depth == "whole" else or_(t.events.c.kind.in_(LISTED_EVENTS), t.events.c.seq == last)
    named = select(t.events, t.operators.c.name.label("actor_name"))
    return named.outerjoin(t.operators, t.operators.c.id == t.events.c.actor_id).where(wanted)


def _standing(table: Table, ended: str) -> Select[Any]:
    return select(table).where(table.c[ended].is_(None))
