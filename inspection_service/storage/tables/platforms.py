"""What platforms rely on: answers that are given once, webhooks, reminders."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from inspection_service.storage.tables.base import (
    ID,
    JSON_VALUE,
    id_column,
    metadata,
    moment_column,
    of_inspection,
    of_tenant,
)

idempotent_answers = Table(
    "idempotent_answers",
    metadata,
    of_tenant(primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("request_sha256", String(64), nullable=False),
    Column("status", Integer),  # null: the first request is still at work
    Column("headers", JSON_VALUE),
    Column("body", LargeBinary),  # null beside a status: erased with its inspection
    Column("inspection_id", String(ID)),  # null: about none
    moment_column("created_at"),
    Index(None, "created_at"),
    Index(None, "inspection_id"),
)

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    id_column(primary_key=True),
    of_tenant(index=True),
    Column("url", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("kinds", JSON_VALUE),  # null: every kind
    Column("secrets_wrapped", LargeBinary, nullable=False),
    moment_column("created_at"),
    moment_column("failing_since", optional=True),  # null: the last answer was good
    moment_column("failed_at", optional=True),
    moment_column("disabled_at", optional=True),
    Column("disabled_why", String(40)),
    moment_column("deleted_at", optional=True),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    id_column(primary_key=True),
    of_tenant(),
    Column("endpoint_id", String(ID), ForeignKey("webhook_endpoints.id"), nullable=False),
    Column("inspection_id", String(ID), index=True),  # null: a ping
    Column("event_seq", Integer),
    Column("kind", String(40), nullable=False),
    Column("payload", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("attempts_before", Integer, nullable=False),  # of rounds that ended before it was sent again
    moment_column("created_at"),
    moment_column("first_at", optional=True),  # of this round
    moment_column("next_at", optional=True),  # null: over, or an earlier event of the inspection goes first
    moment_column("finished_at", optional=True),
    UniqueConstraint("endpoint_id", "inspection_id", "event_seq", name="uq_webhook_deliveries_event"),
    Index(None, "endpoint_id", "state", "next_at"),
    Index(None, "state", "created_at"),
    Index(None, "tenant_id", "created_at", "id"),
)

webhook_attempts = Table(
    "webhook_attempts",
    metadata,
    Column("delivery_id", String(ID), ForeignKey("webhook_deliveries.id"), primary_key=True),
    Column("no", Integer, primary_key=True, autoincrement=False),
    moment_column("at"),
    Column("duration_ms", Integer, nullable=False),
    Column("status", Integer),
    Column("error", String(80)),
    Column("answer", Text),
)

reminders = Table(
    "reminders",
    metadata,
    id_column(primary_key=True),
    of_tenant(),
    of_inspection(),
    Column("kind", String(16), nullable=False),
    Column("no", Integer, nullable=False),
    Column("channel", String(16), nullable=False),
    moment_column("due_at"),  # also the moment of the next try
    Column("tries", Integer, nullable=False),
    moment_column("sent_at", optional=True),  # when it was settled, also when nobody could be reached
    Column("outcome", String(40)),
    UniqueConstraint("inspection_id", "kind", "no"),
    Index(None, "sent_at", "due_at"),
)
