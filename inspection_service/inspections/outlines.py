"""Asks for outlines, each list in one statement, and reads the answer; see ``dossiers`` for why they are made once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, select, tuple_

from inspection_service.inspections import rows
from inspection_service.inspections.confined import NARROW, any_like, values_of, within
from inspection_service.inspections.dossiers import CLAIMED_BY_NAME, PLATFORM_NAME, part
from inspection_service.inspections.mileages import plate_key
from inspection_service.inspections.outline import OperatorOutline, PlatformOutline, Shot
from inspection_service.inspections.records import Inspection
from inspection_service.inspections.requests import Wanted
from inspection_service.inspections.scope import Scope
from inspection_service.storage import tables as t

_case: Final = t.inspections.c
_FILTERS: Final[Mapping[str, ColumnElement[bool]]] = {
    "states": _case.state.in_(bindparam("states", expanding=True)),
    "reference": _case.reference == bindparam("reference"),
    "plate": _case.plate_key == bindparam("plate"),
    "vin": _case.vin == bindparam("vin"),
    "created_from": _case.created_at >= bindparam("created_from", type_=_case.created_at.type),
    "created_to": _case.created_at < bindparam("created_to", type_=_case.created_at.type),
    "updated_since": _case.updated_at >= bindparam("updated_since", type_=_case.updated_at.type),
    # As one comparison, so that the index leads to the place however deep it is.
    "before": tuple_(_case.created_at, _case.id)
    < tuple_(bindparam("before_at", type_=_case.created_at.type), bindparam("before_id")),
}
"""What narrows a list, each by the name of its first value."""


def one(inspection_id: str, scope: Scope) -> tuple[Select[Any], dict[str, Any]]:
    """Return the statement for one inspection as its platform sees it, and its values."""
    return _one(any_like(scope)), {"inspection_id": inspection_id, **values_of(scope)}


def some(ids: Sequence[str], scope: Scope) -> tuple[Select[Any], dict[str, Any]]:
    """Return the statement for these inspections as operators see them, in no order, and its values."""
    return _some(any_like(scope)), {"ids": list(ids), **values_of(scope)}


def page(
    wanted: Wanted, before: tuple[datetime, str] | None, limit: int, scope: Scope
) -> tuple[Select[Any], dict[str, Any]]:
    """Return the statement for a page of a platform's list, newest first, and its values."""
    values: dict[str, Any] = {
        name: value for name in _FILTERS if (value := getattr(wanted, name, None)) not in (None, ())
    }
    if "plate" in values:
        values["plate"] = plate_key(wanted.plate) or ""  # never empty: what is no plate finds none
    names = tuple(values) + (() if before is None else ("before",))
    if before is not None:
        values["before_at"], values["before_id"] = before
    return _page(names, any_like(scope)), {**values, "most": limit, **values_of(scope)}


@cache
def _one(scope: Scope) -> Select[Any]:
    query = within(select(*NARROW, *_steps(), *_proof()), scope)
    return query.where(_case.id == bindparam("inspection_id"))


@cache
def _some(scope: Scope) -> Select[Any]:
    query = within(select(*NARROW, *_steps(), *_needs()), scope)
    return query.where(_case.id.in_(bindparam("ids", expanding=True)))


@cache
def _page(filters: tuple[str, ...], scope: Scope) -> Select[Any]:
    newest = _case.created_at.desc(), _case.id.desc()
    wanted = within(select(_case.id), scope).where(*(_FILTERS[name] for name in filters))
    # Which ones first, then what hangs on these: a database that sorts must not read all of it for all of them.
    shown = wanted.order_by(*newest).limit(bindparam("most")).subquery()
    query = select(*NARROW, *_steps(), *_proof())
    return query.join(shown, shown.c.id == _case.id).order_by(*newest)


def for_platforms(row: rows.Row, inspection: Inspection) -> PlatformOutline:
    """Read the answer of ``one`` and ``page``."""
    return PlatformOutline(
        inspection=inspection,
        captures=row["captures"],
        skipped=tuple(map(rows.skipped_from, row["skipped_steps"])),
        report=next(map(rows.report_from, row["reports"]), None),
        corrections=tuple(map(rows.correction_from, row["corrections"])),
    )


def for_operators(row: rows.Row, inspection: Inspection) -> OperatorOutline:
    """Read the answer of ``some``."""
    return OperatorOutline(
        inspection=inspection,
        captures=row["captures"],
        skipped=tuple(map(rows.skipped_from, row["skipped_steps"])),
        platform_name=row["platform_name"],
        claimed_by_name=row["claimed_by_name"],
        help_asked_at=row["help_asked_at"],
        signed_at=row["signed_at"],
        last_event_at=row["last_event_at"],
    )


def _steps() -> list[ColumnElement[Any]]:
    """What tells how far an inspection is."""
    captures = t.captures.c
    shots = select(
        captures.id,
        captures.step_id,
        captures.attempt,
        captures.state,
        captures.received_at,
        captures.judgement.is_not(None).label("is_judged"),
        captures.decided_by["kind"].as_string().label("decider"),
        captures.decision_reason,
        captures.decision_note,
    )
    return [
        part("captures", shots, t.captures, "received_at", "attempt", made=Shot),
        part("skipped_steps", select(t.skipped_steps), t.skipped_steps, "at"),
    ]


def _proof() -> list[ColumnElement[Any]]:
    """What a platform is shown besides."""
    return [
        part("reports", select(t.reports), t.reports, "sealed_at"),
        part("corrections", select(t.corrections), t.corrections, "no"),
    ]


def _needs() -> list[ColumnElement[Any]]:
    """What operators are shown besides."""
    helps = t.help_requests.c
    waits = and_(helps.inspection_id == _case.id, helps.answered_at.is_(None), helps.withdrawn_at.is_(None))
    newest = select(t.events.c.at).where(t.events.c.inspection_id == _case.id)
    return [
        PLATFORM_NAME,
        CLAIMED_BY_NAME,
        _alone("help_asked_at", select(func.max(helps.asked_at)).where(waits)),
        _case.signed_at,
        _alone("last_event_at", newest.order_by(t.events.c.seq.desc()).limit(1)),
    ]


def _alone(name: str, query: Select[Any]) -> ColumnElement[Any]:
    return query.correlate(t.inspections).scalar_subquery().label(name)
