"""Whose inspections a caller may see: part of every repository, so that no route can forget it."""

from __future__ import annotations

from dataclasses import dataclass

from inspection_service.inspections.records import TenantId


@dataclass(frozen=True, slots=True)
class TenantScope:
    """Only one tenant's inspections exist for this caller: a platform's key, a seller's session."""

    tenant_id: TenantId


@dataclass(frozen=True, slots=True)
class OrganisationScope:
    """Only the inspections of tenants that let this operating organisation in, as their grants stand at each query.

    A grant that is revoked therefore ends at once: nothing is remembered between two questions.
    """

    organisation_id: str


@dataclass(frozen=True, slots=True)
class AllTenants:
    """Every inspection: for the service itself, never for a platform, an operator or a seller."""


Scope = TenantScope | OrganisationScope | AllTenants
