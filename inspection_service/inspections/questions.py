"""What one statement each tells of the inspections of a scope: so each answer is one moment by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import RowMapping, Select, bindparam, select

from inspection_service.inspections import dossiers, outlines, rows
from inspection_service.inspections.confined import NARROW, any_like, values_of, within
from inspection_service.inspections.dossiers import Depth
from inspection_service.inspections.errors import CaptureUnknown, InspectionUnknown
from inspection_service.inspections.frozen import FrozenChecklists
from inspection_service.inspections.outline import OperatorOutline, PlatformOutline
from inspection_service.inspections.records import Capture, CaptureId, Dossier, Inspection, InspectionId
from inspection_service.inspections.requests import Wanted
from inspection_service.inspections.scope import Scope
from inspection_service.storage import tables as t

Ask = Callable[[Select[Any], Mapping[str, Any]], Awaitable[Sequence[RowMapping]]]
"""Gives the rows of a query with these values: ``Database.ask``, or the same within a transaction."""


@cache
def _one(scope: Scope, lock: bool) -> Select[Any]:
    query = within(select(*NARROW), scope).where(t.inspections.c.id == bindparam("inspection_id"))
    return query.with_for_update() if lock else query


@cache
def _photo(scope: Scope) -> Select[Any]:
    case, photo = t.inspections, t.captures
    query = select(photo).select_from(
        case.outerjoin(photo, (photo.c.inspection_id == case.c.id) & (photo.c.id == bindparam("capture_id")))
    )
    return within(query, scope).where(case.c.id == bindparam("inspection_id"))


class Questions:
    """Asks for inspections of one scope, whole or in outline."""

    def __init__(self, ask: Ask, scope: Scope, checklists: FrozenChecklists | None = None) -> None:
        self._ask = ask
        self._scope = scope
        self._checklists = checklists or FrozenChecklists()

    async def inspection(self, inspection_id: InspectionId, *, lock: bool = False) -> Inspection:
        """Read one inspection.

        Args:
            inspection_id: Which.
            lock: Keep every other writer of it waiting until this transaction ends.

        Raises:
            InspectionUnknown: There is none in this scope.
        """
        asked = {"inspection_id": inspection_id, **values_of(self._scope)}
        found = await self._with_checklists(await self._ask(_one(any_like(self._scope), lock), asked))
        if not found:
            raise InspectionUnknown
        return found[0]

    async def capture(self, inspection_id: InspectionId, capture_id: CaptureId) -> Capture:
        """Read one photo.

        Raises:
            InspectionUnknown: There is no such inspection in this scope.
            CaptureUnknown: It has no such photo.
        """
        asked = {"inspection_id": inspection_id, "capture_id": capture_id, **values_of(self._scope)}
        found = await self._ask(_photo(any_like(self._scope)), asked)
        if not found:
            raise InspectionUnknown
        if found[0]["id"] is None:
            raise CaptureUnknown(capture_id=capture_id)
        return rows.capture_from(found[0])

    async def dossier(self, inspection_id: InspectionId, depth: Depth = "whole") -> Dossier:
        """Read one inspection and what hangs on it.

        Raises:
            InspectionUnknown: There is none in this scope.
        """
        query, values = dossiers.one(depth, self._scope), dossiers.values_of_one(inspection_id, self._scope)
        found = await self._ask(query, values)
        if not found:
            raise InspectionUnknown
        (inspection,) = await self._with_checklists(found)
        return dossiers.dossier_from(found[0], inspection)

    async def outline(self, inspection_id: InspectionId) -> PlatformOutline:
        """Read one inspection as its platform sees it.

        Raises:
            InspectionUnknown: There is none in this scope.
        """
        for found in await self._for_platforms(*outlines.one(inspection_id, self._scope)):
            return found
        raise InspectionUnknown

    async def page(
        self, wanted: Wanted, before: tuple[datetime, str] | None, limit: int
    ) -> list[PlatformOutline]:
        """Return inspections as their platform sees them, newest first.

        Args:
            wanted: Only these.
            before: ``created_at`` and id of the last one already seen.
            limit: At most so many.
        """
        return await self._for_platforms(*outlines.page(wanted, before, limit, self._scope))

    async def for_operators(self, ids: Sequence[InspectionId]) -> list[OperatorOutline]:
        """Return some inspections as the operators' list shows them, in the order asked for.

        What is not there is left out.
        """
        if not ids:
            return []
        asked = await self._ask(*outlines.some(ids, self._scope))
        inspections = await self._with_checklists(asked)
        pairs = zip(asked, inspections, strict=True)
        found = {each.id: outlines.for_operators(row, each) for row, each in pairs}
        return [found[name] for name in ids if name in found]

    async def _for_platforms(self, query: Select[Any], values: Mapping[str, Any]) -> list[PlatformOutline]:
        asked = await self._ask(query, values)
        inspections = await self._with_checklists(asked)
        return [outlines.for_platforms(*each) for each in zip(asked, inspections, strict=True)]

    async def _with_checklists(self, found: Sequence[RowMapping]) -> list[Inspection]:
        """Complete rows of ``NARROW`` columns; a checklist that was not seen before is read once."""
        column = t.inspections.c
        named = {row["checklist_sha256"]: row["id"] for row in found}
        contents: dict[str, Any] = {sha256: self._checklists.get(sha256) for sha256 in named}
        unseen = {sha256: of for sha256, of in named.items() if contents[sha256] is None}
        if unseen:
            query = select(column.checklist_sha256, column.checklist).where(
                column.id.in_(sorted(unseen.values()))
            )
            for row in await self._ask(query, {}):
                self._checklists.keep(row["checklist_sha256"], row["checklist"])
                contents[row["checklist_sha256"]] = row["checklist"]
        return [rows.inspection_from(row, contents[row["checklist_sha256"]]) for row in found]

    def _within(self, query: Select[Any]) -> Select[Any]:
        return within(query, self._scope)
