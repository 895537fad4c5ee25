"""Whose inspections a caller may see: part of every repository, so that no route can forget it."""

from __future__ import annotations

from dataclasses import dataclass

from inspection_service.inspections.records import TenantId


@dataclass(frozen=True, slots=True)
class TenantScope:
    """Only one tenant's inspections exist for this caller: a platform's key, a seller's session."""

    tenant_id: TenantId


@dataclass(frozen=True, slots=True)
class AllTenants:
    """Every inspection: for the service itself and for operators, never for a platform or a seller."""


Scope = TenantScope | AllTenants
