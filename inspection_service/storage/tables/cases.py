"""An inspection: its log, its way in, what the seller sends and what is said about it."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from inspection_service.storage.tables.base import (
    ID,
    JSON_VALUE,
    id_column,
    metadata,
    moment_column,
    of_inspection,
    of_tenant,
)

inspections = Table(
    "inspections",
    metadata,
    id_column(primary_key=True),
    of_tenant(),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("language", String(2), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("vehicle", JSON_VALUE, nullable=False),
    Column("plate_key", String(ID)),  # these two: of the vehicle, to find it by
    Column("vin", String(ID)),
    Column("contact", JSON_VALUE, nullable=False),
    Column("checklist_id", String(ID), nullable=False),
    Column("checklist_sha256", String(64), nullable=False),
    Column("checklist", JSON_VALUE, nullable=False),
    Column("sign_off", String(16), nullable=False),
    Column("reference", Text),
    moment_column("deadline_at", optional=True),
    moment_column("created_at"),
    moment_column("updated_at"),
    Column("current_step", String(ID)),
    Column("claimed_by", String(ID)),
    moment_column("claimed_at", optional=True),
    Column("handover", JSON_VALUE),
    Column("asked", JSON_VALUE),
    Column("closing_reason", Text),
    # Of the seller's signature that stands, to sort by; null where a case was over before this was kept.
    moment_column("signed_at", optional=True),
    Index(None, "tenant_id", "created_at", "id"),
    Index(None, "tenant_id", "updated_at"),
    Index(None, "tenant_id", "reference", "created_at", "id"),
    Index(None, "tenant_id", "plate_key"),
    Index(None, "tenant_id", "vin"),
    Index(None, "tenant_id", "state", "created_at", "id"),
    # All of an open case that its place in the queue depends on: no row is looked at.
    Index("ix_inspections_queue", "state", "id", "tenant_id", "created_at", "updated_at", "signed_at"),
    Index(None, "state", "deadline_at"),
)

events = Table(
    "events",
    metadata,
    of_inspection(primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    moment_column("at"),
    Column("kind", String(40), nullable=False),
    Column("actor_kind", String(16), nullable=False),
    Column("actor_id", String(ID), nullable=False),
    Column("data", JSON_VALUE, nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("tenant_id", String(ID), ForeignKey("tenants.id"), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("body_sha256", String(64), nullable=False),
    of_inspection(),
    moment_column("created_at"),
)

links = Table(
    "links",
    metadata,
    id_column(primary_key=True),
    of_tenant(),
    of_inspection(index=True),
    Column("token_sha256", String(64), nullable=False, unique=True),
    moment_column("created_at"),
    moment_column("expires_at"),
    moment_column("spent_at", optional=True),
    moment_column("revoked_at", optional=True),
)

seller_sessions = Table(
    "seller_sessions",
    metadata,
    id_column(primary_key=True),
    of_tenant(),
    of_inspection(index=True),
    Column("link_id", String(ID), ForeignKey("links.id"), nullable=False),
    Column("token_sha256", String(64), nullable=False, unique=True),
    moment_column("created_at"),
    moment_column("expires_at"),
    moment_column("taken_over_at", optional=True),
)

codes = Table(
    "codes",
    metadata,
    id_column(primary_key=True),
    of_inspection(),
    Column("purpose", String(16), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("code_hmac", String(64), nullable=False),
    Column("tries", Integer, nullable=False),
    moment_column("created_at"),
    moment_column("expires_at"),
    moment_column("used_at", optional=True),
    Index(None, "inspection_id", "purpose", "created_at"),
)

uploads = Table(
    "uploads",
    metadata,
    id_column(primary_key=True),
    of_tenant(),
    of_inspection(),
    Column("capture_id", String(ID), nullable=False),
    Column("step_id", String(ID)),
    Column("length_bytes", Integer, nullable=False),
    Column("offset_bytes", Integer, nullable=False),
    Column("sha256", String(64)),
    Column("media_type", String(64), nullable=False),
    Column("method", String(32), nullable=False),
    moment_column("taken_at", optional=True),
    moment_column("expires_at"),
    Column("is_finished", Boolean, nullable=False),
    Column("pieces", JSON_VALUE, nullable=False),
    UniqueConstraint("inspection_id", "capture_id"),
    Index(None, "expires_at"),
)

captures = Table(
    "captures",
    metadata,
    of_inspection(primary_key=True),
    Column("id", String(ID), primary_key=True),
    Column("step_id", String(ID)),
    Column("attempt", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("media_type", String(64), nullable=False),
    Column("object_key", String(512), nullable=False),
    Column("method", String(32), nullable=False),
    moment_column("taken_at", optional=True),
    moment_column("received_at"),
    Column("judgement", JSON_VALUE),
    Column("decided_by", JSON_VALUE),
    Column("decision_reason", Text),
    Column("decision_note", Text),
    UniqueConstraint("inspection_id", "sha256"),
    Index(None, "state"),
)

judgements = Table(
    "judgements",
    metadata,
    Column("inspection_id", String(ID), primary_key=True),
    Column("capture_id", String(ID), primary_key=True),
    Column("model_set", String(64), primary_key=True),
    Column("judgement", JSON_VALUE, nullable=False),
    moment_column("at"),
    ForeignKeyConstraint(["inspection_id", "capture_id"], ["captures.inspection_id", "captures.id"]),
)

looks = Table(
    "looks",
    metadata,
    Column("inspection_id", String(ID), primary_key=True),
    Column("capture_id", String(ID), primary_key=True),
    # Of the inspection and of the photo, to find a tenant's newest without reading either.
    of_tenant(),
    moment_column("received_at"),
    Column("look", Text, nullable=False),
    ForeignKeyConstraint(["inspection_id", "capture_id"], ["captures.inspection_id", "captures.id"]),
    Index("ix_looks_newest", "tenant_id", "received_at"),
)

findings = Table(
    "findings",
    metadata,
    id_column(primary_key=True),
    Column("position", Integer, nullable=False),
    of_inspection(),
    Column("capture_id", String(ID)),
    Column("client_id", String(ID)),
    Column("source", String(16), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("box", JSON_VALUE),
    Column("part", String(40)),
    Column("severity", String(16)),
    Column("model_score", Float),
    Column("text", Text),
    moment_column("created_at"),
    Column("verdict", String(16)),
    Column("verdict_by", JSON_VALUE),
    Column("verdict_note", Text),
    Column("dispute", Text),
    Column("more_captures", JSON_VALUE, nullable=False),
    Column("annotation_id", String(ID)),
    UniqueConstraint("inspection_id", "client_id"),
    UniqueConstraint("inspection_id", "position"),
)

statements = Table(
    "statements",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    of_inspection(index=True),
    Column("control_point", String(ID), nullable=False),
    Column("voice", String(16), nullable=False),
    Column("value", JSON_VALUE, nullable=False),
    Column("actor", JSON_VALUE, nullable=False),
    moment_column("at"),
    Column("evidence", JSON_VALUE, nullable=False),
)

consents = Table(
    "consents",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    of_inspection(index=True),
    Column("purpose", String(16), nullable=False),
    Column("is_given", Boolean, nullable=False),
    moment_column("at"),
)

skipped_steps = Table(
    "skipped_steps",
    metadata,
    of_inspection(primary_key=True),
    Column("step_id", String(ID), primary_key=True),
    Column("reason", Text, nullable=False),
    moment_column("at"),
)

signatures = Table(
    "signatures",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    of_inspection(index=True),
    Column("role", String(16), nullable=False),
    Column("name", Text, nullable=False),
    moment_column("at"),
    Column("shown_sha256", String(64), nullable=False),
    Column("second_factor", String(16), nullable=False),
    Column("drawing_svg", Text),
    Column("note", Text),
    moment_column("voided_at", optional=True),
)

reports = Table(
    "reports",
    metadata,
    of_inspection(primary_key=True),
    moment_column("sealed_at"),
    Column("json_key", String(512), nullable=False),
    Column("json_sha256", String(64), nullable=False),
    Column("jws_key", String(512), nullable=False),
    Column("pdf_key", String(512), nullable=False),
    Column("pdf_sha256", String(64), nullable=False),
    Column("root_key", String(512), nullable=False),
)
