"""What all tables share: their names for keys, ids, and moments that are aware on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime, Dialect, ForeignKey, MetaData, String
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """An aware moment; SQLite forgets time zones, so they are taken off on the way in and put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return UTC, aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ID = 64
JSON_VALUE = JSON(none_as_null=True)


def id_column(name: str = "id", **options: Any) -> Column[str]:
    """Name an opaque id."""
    return Column(name, String(ID), nullable=False, **options)


def of_tenant(**options: Any) -> Column[str]:
    """Say whose it is."""
    return Column("tenant_id", String(ID), ForeignKey("tenants.id"), nullable=False, **options)


def of_inspection(**options: Any) -> Column[str]:
    """Say which inspection it belongs to."""
    return Column("inspection_id", String(ID), ForeignKey("inspections.id"), nullable=False, **options)


def moment_column(name: str, *, optional: bool = False) -> Column[datetime]:
    """Name a moment."""
    return Column(name, Moment(), nullable=optional)
