"""Platforms and operators, and how they come in."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from inspection_service.storage.tables.base import (
    ID,
    JSON_VALUE,
    id_column,
    metadata,
    moment_column,
    of_tenant,
)

tenants = Table(
    "tenants",
    metadata,
    id_column(primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", String(16), nullable=False, server_default="live"),
    moment_column("created_at"),
)

api_keys = Table(
    "api_keys",
    metadata,
    id_column(primary_key=True),
    of_tenant(),
    Column("label", Text, nullable=False),
    Column("secret_sha256", String(64), nullable=False, unique=True),
    Column("prefix", String(16), nullable=False, server_default=""),
    Column("scopes", JSON_VALUE),  # null: every scope, as keys had before there were any
    moment_column("created_at"),
    moment_column("expires_at", optional=True),
    moment_column("last_used_at", optional=True),
    moment_column("revoked_at", optional=True),
)

HOUSE = "org_house"
"""The operating organisation every instance begins with."""

organisations = Table(
    "organisations",
    metadata,
    id_column(primary_key=True),
    Column("name", Text, nullable=False),
    moment_column("created_at"),
)

grants = Table(
    "grants",
    metadata,
    of_tenant(primary_key=True),
    Column("organisation_id", String(ID), ForeignKey("organisations.id"), primary_key=True),
    moment_column("granted_at"),
    moment_column("revoked_at", optional=True),
    Index(None, "organisation_id"),
)

operators = Table(
    "operators",
    metadata,
    id_column(primary_key=True),
    Column("email", String(320), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("role", String(16), nullable=False),
    # No foreign key: SQLite would have to copy the table, which sessions point at.
    Column("organisation_id", String(ID), nullable=False, server_default=HOUSE),
    Column("totp_wrapped", LargeBinary),
    moment_column("totp_confirmed_at", optional=True),
    Column("totp_last_step", BigInteger),
    Column("recovery_sha256", JSON_VALUE),
    moment_column("created_at"),
    moment_column("disabled_at", optional=True),
)

invitations = Table(
    "invitations",
    metadata,
    id_column(primary_key=True),
    Column("organisation_id", String(ID), ForeignKey("organisations.id"), nullable=False, index=True),
    Column("email", String(320), nullable=False),
    Column("name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("token_sha256", String(64), nullable=False, unique=True),
    Column("invited_by", String(ID)),
    moment_column("created_at"),
    moment_column("expires_at"),
    moment_column("accepted_at", optional=True),
    moment_column("revoked_at", optional=True),
)

accesses = Table(
    "accesses",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    moment_column("at"),
    Column("actor_kind", String(16), nullable=False),
    Column("actor_id", String(ID), nullable=False),
    Column("tenant_id", String(ID)),
    Column("inspection_id", String(ID)),
    Column("what", String(40), nullable=False),
    Column("detail", JSON_VALUE),
    Index(None, "inspection_id", "at"),
    Index(None, "tenant_id", "at"),
    Index(None, "actor_id", "at"),
)

operator_sessions = Table(
    "operator_sessions",
    metadata,
    id_column(primary_key=True),
    Column("operator_id", String(ID), ForeignKey("operators.id"), nullable=False),
    Column("token_sha256", String(64), nullable=False, unique=True),
    Column("device", String(80)),
    moment_column("created_at"),
    moment_column("expires_at"),
    moment_column("revoked_at", optional=True),
)

login_failures = Table(
    "login_failures",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("subject", String(64), nullable=False),  # hash of an account's e-mail, or keyed hash of an address
    moment_column("at"),
    Index(None, "subject", "at"),
)
