"""Asks which cases stand where in the operators' list, as ``needs`` says it; statements are made once, as of outlines.

One index holds all of an open case that its place depends on: however many are open, no row of theirs is looked at.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select

from inspection_service.inspections.confined import any_like, values_of, within
from inspection_service.inspections.needs import (
    ALONE,
    OVER,
    STALLED_AFTER_S,
    TRIES_BEFORE_KEEPING,
    URGENCY,
    Place,
)
from inspection_service.inspections.scope import Scope
from inspection_service.inspections.states import CLOSED, OPEN
from inspection_service.storage import tables as t

_case: Final = t.inspections.c
FACTS: Final = (_case.id, _case.state, _case.created_at, _case.updated_at, _case.signed_at)
_help: Final = t.help_requests.c
ASKED: Final = select(_help.inspection_id, _help.asked_at).where(
    _help.answered_at.is_(None), _help.withdrawn_at.is_(None)
)
"""Calls for help that are still open."""


def _failed() -> Select[Any]:
    column, skipped = t.captures.c, t.skipped_steps.c
    is_skipped = (
        select(skipped.step_id)
        .where(skipped.inspection_id == column.inspection_id, skipped.step_id == column.step_id)
        .exists()
    )
    # Few cases are at this point, and few of their steps fail twice: only their photos are looked at.
    hard = (
        select(column.inspection_id, column.step_id)
        .join(t.inspections, _case.id == column.inspection_id)
        .where(_case.state == "in_progress", column.state == "retake", column.step_id.is_not(None))
        .group_by(column.inspection_id, column.step_id)
        .having(func.count() >= TRIES_BEFORE_KEEPING)
        .subquery()
    )
    return (
        select(column.inspection_id, column.step_id, column.state, column.received_at)
        .join(hard, and_(hard.c.inspection_id == column.inspection_id, hard.c.step_id == column.step_id))
        .join(t.inspections, _case.id == column.inspection_id)
        .where(_case.state == "in_progress", ~is_skipped)
        .order_by(column.received_at, column.attempt)
    )


FAILED: Final = _failed()
"""All photos of the steps that failed twice, in the order they came, unless the step is skipped."""


def standing(
    urgency: int, now: datetime, after: Place | None, limit: int, scope: Scope
) -> tuple[Select[Any], dict[str, Any]]:
    """Return the statement for the cases at one urgency in the order of ``rank``, and its values.

    Args:
        urgency: Of ``stalled``, ``sign_off``, ``ALONE`` or ``OVER``.
        now: The present.
        after: The last one already seen, at the same urgency.
        limit: At most so many.
        scope: Whose.
    """
    values = {"silent_since": now - timedelta(seconds=STALLED_AFTER_S), "most": limit, **values_of(scope)}
    if after is not None:
        # What stands in the row is when the silence began; it counts as a need only later.
        ahead = STALLED_AFTER_S if urgency == URGENCY["stalled"] else 0
        values |= {"after_at": after.at - timedelta(seconds=ahead), "after_id": after.id}
    return _standing(urgency, any_like(scope), after is not None), values


@cache
def _standing(urgency: int, scope: Scope, is_continued: bool) -> Select[Any]:
    is_there, since = _list(urgency)
    is_oldest_first = urgency < ALONE
    query = within(select(*FACTS), scope).where(is_there)
    if is_continued:
        last = bindparam("after_at", type_=_case.created_at.type)
        later = since > last if is_oldest_first else since < last
        query = query.where(or_(later, and_(since == last, _case.id > bindparam("after_id"))))
    return query.order_by(since if is_oldest_first else since.desc(), _case.id).limit(bindparam("most"))


def _list(urgency: int) -> tuple[ColumnElement[bool], ColumnElement[Any]]:
    """Return which cases stand at an urgency, and by which moment they are ordered."""
    is_silent = _case.updated_at < bindparam("silent_since", type_=_case.updated_at.type)
    stalled = and_(_case.state == "in_progress", is_silent)
    if urgency == URGENCY["stalled"]:
        return stalled, _case.updated_at
    if urgency == ALONE:
        return and_(_case.state.in_(OPEN - {"seller_signed"}), ~stalled), _case.created_at
    if urgency == OVER:
        return _case.state.in_(CLOSED), _case.created_at
    return _case.state == "seller_signed", func.coalesce(_case.signed_at, _case.updated_at)
