"""Between rows of the database and records."""

from __future__ import annotations

from sqlalchemy import RowMapping

from inspection_service.inspections.records import InspectionId, TenantId
from inspection_service.platforms.records import Attempt, Delivery, Endpoint


def endpoint_from(row: RowMapping) -> Endpoint:
    """Read an endpoint."""
    return Endpoint(
        id=row["id"],
        tenant_id=TenantId(row["tenant_id"]),
        url=row["url"],
        description=row["description"],
        kinds=None if row["kinds"] is None else tuple(row["kinds"]),
        created_at=row["created_at"],
        failing_since=row["failing_since"],
        disabled_at=row["disabled_at"],
        disabled_why=row["disabled_why"],
    )


def delivery_from(row: RowMapping, reference: str | None = None, tries: tuple[Attempt, ...] = ()) -> Delivery:
    """Read a delivery."""
    return Delivery(
        id=row["id"],
        tenant_id=TenantId(row["tenant_id"]),
        endpoint_id=row["endpoint_id"],
        inspection_id=None if row["inspection_id"] is None else InspectionId(row["inspection_id"]),
        event_seq=row["event_seq"],
        kind=row["kind"],
        payload=row["payload"],
        state=row["state"],
        attempts=row["attempts"],
        created_at=row["created_at"],
        next_at=row["next_at"],
        finished_at=row["finished_at"],
        reference=reference,
        tries=tries,
    )


def attempt_from(row: RowMapping) -> Attempt:
    """Read an attempt."""
    return Attempt(row["no"], row["at"], row["duration_ms"], row["status"], row["error"], row["answer"])
