"""Asks for everything about an inspection in one statement, and reads the answer.

The statements are made once and only given values: to make one, and to find again what was compiled of it, costs more
than the database's answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, Literal, cast

from sqlalchemy import (
    JSON,
    ColumnElement,
    Select,
    Table,
    bindparam,
    case,
    func,
    literal,
    null,
    or_,
    select,
    true,
)

from inspection_service.inspections import rows
from inspection_service.inspections.live_case import FRAME_FACTS
from inspection_service.inspections.queue_repository import NARROW, within
from inspection_service.inspections.records import CaptureId, Dossier, Inspection
from inspection_service.inspections.scope import AllTenants, OrganisationScope, Scope, TenantScope
from inspection_service.inspections.views import LISTED_EVENTS
from inspection_service.storage import tables as t
from inspection_service.storage.nested import nested

Depth = Literal["whole", "summary", "listed"]
"""How much is read: everything; only the events ``views`` reads and the newest one, and neither annotations nor
recordings; the same, and of a photo that was judged an empty judgement: a page of the queue has a thousand photos,
shows none of what the models saw, and would spend most of its time on reading it."""

_NAMED: Final = (
    t.tenants.c.name.label("platform_name"),
    t.tenants.c.kind.label("platform_kind"),
    select(t.operators.c.name)
    .where(t.operators.c.id == t.inspections.c.claimed_by)
    .scalar_subquery()
    .label("claimed_by_name"),
)
_SOME_TENANT: Final = TenantScope(cast(Any, bindparam("whose")))
_SOME_ORGANISATION: Final = OrganisationScope(cast(Any, bindparam("whose")))
_WITHOUT_JUDGEMENT: Final = (
    *(column for column in t.captures.columns if column.name != "judgement"),
    case((t.captures.c.judgement.is_not(null()), literal({}, JSON()))).label("judgement"),
)


def one(depth: Depth, scope: Scope) -> Select[Any]:
    """Return the statement for one inspection within a scope; its values are ``values_of_one``."""
    match scope:
        case TenantScope():
            return _one(depth, _SOME_TENANT)
        case OrganisationScope():
            return _one(depth, _SOME_ORGANISATION)
        case AllTenants():
            return _one(depth, scope)


@cache
def _one(depth: Depth, scope: Scope) -> Select[Any]:
    query = select(*NARROW, *_NAMED, *_parts(depth)).join(t.tenants)
    return within(query, scope).where(t.inspections.c.id == bindparam("inspection_id"))


def values_of_one(inspection_id: str, scope: Scope) -> dict[str, str]:
    """Return what ``one`` is asked with."""
    match scope:
        case TenantScope(whose) | OrganisationScope(whose):
            return {"inspection_id": inspection_id, "whose": whose}
        case AllTenants():
            return {"inspection_id": inspection_id}


@cache
def many(depth: Depth) -> Select[Any]:
    """Return the statement for what hangs on inspections that were read already, whose ``ids`` it is given."""
    query = select(t.inspections.c.id, *_NAMED, *_parts(depth)).join(t.tenants)
    return query.where(t.inspections.c.id.in_(bindparam("ids", expanding=True)))


def dossier_from(row: rows.Row, inspection: Inspection) -> Dossier:
    """Read the answer."""
    names = {event["actor_id"]: event["actor_name"] or "" for event in row["events"]}
    names[inspection.tenant_id] = row["platform_name"]
    parts: dict[str, tuple[Mapping[str, Any], ...]] = {}
    for part in row.get("recording_parts", ()):
        parts[part["recording_id"]] = (part, *parts.get(part["recording_id"], ()))
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
    captures = select(*(_WITHOUT_JUDGEMENT if depth == "listed" else t.captures.c))
    found = [
        _part("events", _events(depth), t.events, "seq"),
        _part("captures", captures, t.captures, "received_at", "attempt"),
        _part("findings", select(t.findings), t.findings, "position"),
        _part("statements", select(t.statements), t.statements, "id"),
        _part("consents", select(t.consents), t.consents, "id"),
        _part("skipped_steps", select(t.skipped_steps), t.skipped_steps, "at"),
        _part("signatures", _standing(t.signatures, "voided_at"), t.signatures, "id"),
        _part("reports", select(t.reports), t.reports, "sealed_at"),
        _part("help_requests", select(t.help_requests), t.help_requests, "id"),
        _part("corrections", select(t.corrections), t.corrections, "no"),
        _part("legal_holds", _standing(t.legal_holds, "lifted_at"), t.legal_holds, "id"),
        _part("erased_photos", select(t.erased_photos), t.erased_photos, "at"),
    ]
    return found + (_of_calls() if depth == "whole" else [])


def _of_calls() -> list[ColumnElement[Any]]:
    """What calls left with an inspection; lists go without it."""
    annotations = select(t.frame_annotations, *FRAME_FACTS).join(
        t.frames, t.frames.c.id == t.frame_annotations.c.frame_id
    )
    parts = select(t.recording_parts).join(t.recordings)
    return [
        _part("annotations", annotations, t.frame_annotations, "position"),
        _part("recordings", select(t.recordings), t.recordings, "started_at", "id"),
        _part("recording_parts", parts, t.recordings, "kind"),
    ]


def _part(name: str, query: Select[Any], of: Table, *order: str) -> ColumnElement[Any]:
    mine = of.c.inspection_id == t.inspections.c.id
    return nested(query.where(mine), t.inspections, order=order).label(name)


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
