"""Copies for the public."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table

from inspection_service.storage.tables.base import (
    ID,
    JSON_VALUE,
    id_column,
    metadata,
    moment_column,
    of_inspection,
)

publications = Table(
    "publications",
    metadata,
    id_column(primary_key=True),
    of_inspection(index=True),
    Column("public_id", String(ID), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("surroundings", Boolean, nullable=False),
    moment_column("prepared_at"),
    Column("prepared_by", JSON_VALUE, nullable=False),
    moment_column("approved_at", optional=True),
    Column("approved_by", JSON_VALUE),
    moment_column("ended_at", optional=True),
    Column("ended_by", JSON_VALUE),
    Column("correction_no", Integer),
    Column("pdf_key", String(512)),
    Column("pdf_sha256", String(64)),
)

publication_photos = Table(
    "publication_photos",
    metadata,
    Column("publication_id", String(ID), ForeignKey("publications.id"), primary_key=True),
    Column("capture_id", String(ID), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("original_sha256", String(64), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("regions", JSON_VALUE, nullable=False),
    Column("removed", JSON_VALUE, nullable=False),
    Column("doubts", JSON_VALUE, nullable=False),
    moment_column("checked_at", optional=True),
    Column("checked_by", JSON_VALUE),
    Column("copy_key", String(512)),
    Column("copy_sha256", String(64)),
    Column("copy_bytes", Integer),
    Column("why_no_credentials", String(40)),
)
