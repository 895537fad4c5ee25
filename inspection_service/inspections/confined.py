"""Confines what is asked of inspections to those a caller may see, and names the columns that are read of each."""

from __future__ import annotations

from typing import Any, Final, cast

from sqlalchemy import Select, bindparam, select

from inspection_service.inspections.records import Inspection
from inspection_service.inspections.scope import AllTenants, OrganisationScope, Scope, TenantScope
from inspection_service.storage import tables as t

NARROW: Final = tuple(
    column
    for column in t.inspections.c
    if column.name in Inspection.__dataclass_fields__ and column.name != "checklist"
)
"""An inspection's row without its largest part, which thousands share: see ``FrozenChecklists``."""
_SOME_TENANT: Final = TenantScope(cast(Any, bindparam("whose")))
_SOME_ORGANISATION: Final = OrganisationScope(cast(Any, bindparam("whose")))


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


def any_like(scope: Scope) -> Scope:
    """Return a scope that is told whose it is only when it is asked with: for statements that are made once."""
    match scope:
        case TenantScope():
            return _SOME_TENANT
        case OrganisationScope():
            return _SOME_ORGANISATION
        case AllTenants():
            return scope


def values_of(scope: Scope) -> dict[str, str]:
    """Return what a statement of ``any_like`` is asked with."""
    match scope:
        case TenantScope(whose) | OrganisationScope(whose):
            return {"whose": whose}
        case AllTenants():
            return {}
