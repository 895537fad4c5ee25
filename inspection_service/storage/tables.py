"""The tables, as SQLAlchemy Core; the migrations make them and a test holds the two together.

Moments are stored in UTC and come back aware on both databases. Secrets are only there as hashes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
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

_ID = 64
_JSON = JSON(none_as_null=True)


def _id(name: str = "id", **options: Any) -> Column[str]:
    return Column(name, String(_ID), nullable=False, **options)


def _of_tenant() -> Column[str]:
    return Column("tenant_id", String(_ID), ForeignKey("tenants.id"), nullable=False)


def _of_inspection(**options: Any) -> Column[str]:
    return Column("inspection_id", String(_ID), ForeignKey("inspections.id"), nullable=False, **options)


def _moment(name: str, *, optional: bool = False) -> Column[datetime]:
    return Column(name, Moment(), nullable=optional)


tenants = Table(
    "tenants", metadata, _id(primary_key=True), Column("name", Text, nullable=False), _moment("created_at")
)

api_keys = Table(
    "api_keys",
    metadata,
    _id(primary_key=True),
    _of_tenant(),
    Column("label", Text, nullable=False),
    Column("secret_sha256", String(64), nullable=False, unique=True),
    _moment("created_at"),
    _moment("revoked_at", optional=True),
)

operators = Table(
    "operators",
    metadata,
    _id(primary_key=True),
    Column("email", String(320), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("role", String(16), nullable=False),
    _moment("created_at"),
    _moment("disabled_at", optional=True),
)

operator_sessions = Table(
    "operator_sessions",
    metadata,
    _id(primary_key=True),
    Column("operator_id", String(_ID), ForeignKey("operators.id"), nullable=False),
    Column("token_sha256", String(64), nullable=False, unique=True),
    _moment("created_at"),
    _moment("expires_at"),
    _moment("revoked_at", optional=True),
)

login_failures = Table(
    "login_failures",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("email_sha256", String(64), nullable=False),
    _moment("at"),
    Index(None, "email_sha256", "at"),
)

inspections = Table(
    "inspections",
    metadata,
    _id(primary_key=True),
    _of_tenant(),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("language", String(2), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("vehicle", _JSON, nullable=False),
    Column("contact", _JSON, nullable=False),
    Column("checklist_id", String(_ID), nullable=False),
    Column("checklist_sha256", String(64), nullable=False),
    Column("checklist", _JSON, nullable=False),
    Column("sign_off", String(16), nullable=False),
    Column("reference", Text),
    _moment("deadline_at", optional=True),
    _moment("created_at"),
    _moment("updated_at"),
    Column("current_step", String(_ID)),
    Column("claimed_by", String(_ID)),
    _moment("claimed_at", optional=True),
    Column("handover", _JSON),
    Index(None, "tenant_id", "created_at", "id"),
    Index(None, "state", "deadline_at"),
)

events = Table(
    "events",
    metadata,
    _of_inspection(primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    _moment("at"),
    Column("kind", String(40), nullable=False),
    Column("actor_kind", String(16), nullable=False),
    Column("actor_id", String(_ID), nullable=False),
    Column("data", _JSON, nullable=False),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("tenant_id", String(_ID), ForeignKey("tenants.id"), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("body_sha256", String(64), nullable=False),
    _of_inspection(),
    _moment("created_at"),
)

links = Table(
    "links",
    metadata,
    _id(primary_key=True),
    _of_tenant(),
    _of_inspection(index=True),
    Column("token_sha256", String(64), nullable=False, unique=True),
    _moment("created_at"),
    _moment("expires_at"),
    _moment("spent_at", optional=True),
    _moment("revoked_at", optional=True),
)

seller_sessions = Table(
    "seller_sessions",
    metadata,
    _id(primary_key=True),
    _of_tenant(),
    _of_inspection(index=True),
    Column("link_id", String(_ID), ForeignKey("links.id"), nullable=False),
    Column("token_sha256", String(64), nullable=False, unique=True),
    _moment("created_at"),
    _moment("expires_at"),
    _moment("taken_over_at", optional=True),
)

codes = Table(
    "codes",
    metadata,
    _id(primary_key=True),
    _of_inspection(),
    Column("purpose", String(16), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("code_hmac", String(64), nullable=False),
    Column("tries", Integer, nullable=False),
    _moment("created_at"),
    _moment("expires_at"),
    _moment("used_at", optional=True),
    Index(None, "inspection_id", "purpose", "created_at"),
)

uploads = Table(
    "uploads",
    metadata,
    _id(primary_key=True),
    _of_tenant(),
    _of_inspection(),
    Column("capture_id", String(_ID), nullable=False),
    Column("step_id", String(_ID)),
    Column("length_bytes", Integer, nullable=False),
    Column("offset_bytes", Integer, nullable=False),
    Column("sha256", String(64)),
    Column("media_type", String(64), nullable=False),
    Column("method", String(32), nullable=False),
    _moment("taken_at", optional=True),
    _moment("expires_at"),
    Column("is_finished", Boolean, nullable=False),
    Column("pieces", _JSON, nullable=False),
    UniqueConstraint("inspection_id", "capture_id"),
    Index(None, "expires_at"),
)

captures = Table(
    "captures",
    metadata,
    _of_inspection(primary_key=True),
    Column("id", String(_ID), primary_key=True),
    Column("step_id", String(_ID)),
    Column("attempt", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("media_type", String(64), nullable=False),
    Column("object_key", String(512), nullable=False),
    Column("method", String(32), nullable=False),
    _moment("taken_at", optional=True),
    _moment("received_at"),
    Column("judgement", _JSON),
    Column("decided_by", _JSON),
    Column("decision_reason", Text),
    Column("decision_note", Text),
    UniqueConstraint("inspection_id", "sha256"),
    Index(None, "state"),
)

judgements = Table(
    "judgements",
    metadata,
    Column("inspection_id", String(_ID), primary_key=True),
    Column("capture_id", String(_ID), primary_key=True),
    Column("model_set", String(64), primary_key=True),
    Column("judgement", _JSON, nullable=False),
    _moment("at"),
    ForeignKeyConstraint(["inspection_id", "capture_id"], ["captures.inspection_id", "captures.id"]),
)

findings = Table(
    "findings",
    metadata,
    _id(primary_key=True),
    Column("position", Integer, nullable=False),
    _of_inspection(),
    Column("capture_id", String(_ID)),
    Column("client_id", String(_ID)),
    Column("source", String(16), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("box", _JSON),
    Column("part", String(40)),
    Column("severity", String(16)),
    Column("model_score", Float),
    Column("text", Text),
    _moment("created_at"),
    Column("verdict", String(16)),
    Column("verdict_by", _JSON),
    Column("verdict_note", Text),
    Column("dispute", Text),
    Column("more_captures", _JSON, nullable=False),
    Column("annotation_id", String(_ID)),
    UniqueConstraint("inspection_id", "client_id"),
    UniqueConstraint("inspection_id", "position"),
)

statements = Table(
    "statements",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _of_inspection(index=True),
    Column("control_point", String(_ID), nullable=False),
    Column("voice", String(16), nullable=False),
    Column("value", _JSON, nullable=False),
    Column("actor", _JSON, nullable=False),
    _moment("at"),
    Column("evidence", _JSON, nullable=False),
)

consents = Table(
    "consents",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _of_inspection(index=True),
    Column("purpose", String(16), nullable=False),
    Column("is_given", Boolean, nullable=False),
    _moment("at"),
)

skipped_steps = Table(
    "skipped_steps",
    metadata,
    _of_inspection(primary_key=True),
    Column("step_id", String(_ID), primary_key=True),
    Column("reason", Text, nullable=False),
    _moment("at"),
)

signatures = Table(
    "signatures",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _of_inspection(index=True),
    Column("role", String(16), nullable=False),
    Column("name", Text, nullable=False),
    _moment("at"),
    Column("shown_sha256", String(64), nullable=False),
    Column("second_factor", String(16), nullable=False),
    Column("drawing_svg", Text),
    Column("note", Text),
    _moment("voided_at", optional=True),
)

reports = Table(
    "reports",
    metadata,
    _of_inspection(primary_key=True),
    _moment("sealed_at"),
    Column("json_key", String(512), nullable=False),
    Column("json_sha256", String(64), nullable=False),
    Column("jws_key", String(512), nullable=False),
    Column("pdf_key", String(512), nullable=False),
    Column("pdf_sha256", String(64), nullable=False),
    Column("root_key", String(512), nullable=False),
)

# -- what a live session keeps -------------------------------------------------------------------------------
frames = Table(
    "frames",
    metadata,
    _id(primary_key=True),
    _of_inspection(index=True),
    Column("step_id", String(_ID)),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("media_type", String(64), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("object_key", String(512), nullable=False),
    _moment("at"),
    Column("is_kept", Boolean, nullable=False),
    _moment("deleted_at", optional=True),
    Column("has_bytes", Boolean, nullable=False),
    Index(None, "has_bytes", "is_kept", "at"),
)

frame_annotations = Table(  # not ``annotations``: the name of the future import above
    "annotations",
    metadata,
    _id(primary_key=True),
    Column("position", Integer, nullable=False),
    _of_inspection(),
    Column("frame_id", String(_ID), ForeignKey("frames.id"), nullable=False),
    Column("strokes", _JSON, nullable=False),
    Column("text", Text),
    Column("by", _JSON, nullable=False),
    _moment("at"),
    Column("finding_id", String(_ID)),
    UniqueConstraint("inspection_id", "position"),
)

recordings = Table(
    "recordings",
    metadata,
    _id(primary_key=True),
    _of_inspection(index=True),
    Column("device", String(16), nullable=False),
    Column("by", _JSON, nullable=False),
    _moment("started_at"),
    _moment("device_started_at", optional=True),
    _moment("touched_at"),
    _moment("ended_at", optional=True),
    Column("end", String(32)),
    Column("steps", _JSON, nullable=False),
    _moment("deleted_at", optional=True),
    Column("has_bytes", Boolean, nullable=False),
    Index(None, "has_bytes", "ended_at"),
)

recording_parts = Table(
    "recording_parts",
    metadata,
    Column("recording_id", String(_ID), ForeignKey("recordings.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("media_type", String(200), nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("chain_sha256", String(64), nullable=False),
    _moment("at"),
)

recording_chunks = Table(
    "recording_chunks",
    metadata,
    Column("recording_id", String(_ID), ForeignKey("recordings.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("chain_sha256", String(64), nullable=False),
)

messages = Table(
    "messages",
    metadata,
    _id(primary_key=True),
    Column("position", Integer, nullable=False),
    _of_inspection(),
    Column("client_id", String(_ID)),
    Column("by", _JSON, nullable=False),
    Column("text", Text, nullable=False),
    _moment("at"),
    Column("read_aloud", Boolean, nullable=False),
    UniqueConstraint("inspection_id", "position"),
    UniqueConstraint("inspection_id", "client_id"),
)

help_requests = Table(
    "help_requests",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _of_inspection(index=True),
    _moment("asked_at"),
    Column("phone", String(32)),
    _moment("answered_at", optional=True),
    Column("answered_how", String(16)),
    _moment("withdrawn_at", optional=True),
    Index(None, "answered_at", "withdrawn_at", "asked_at"),
)

# -- what proves a report later ------------------------------------------------------------------------------
ledger_leaves = Table(
    "ledger_leaves",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("data", LargeBinary, nullable=False),
    Column("json_sha256", String(64), nullable=False, index=True),
    Column("previous", String(64), index=True),
)

ledger_nodes = Table(
    "ledger_nodes",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(32), nullable=False),
)

ledger_heads = Table(
    "ledger_heads",
    metadata,
    Column("no", Integer, primary_key=True, autoincrement=True),
    Column("tree_size", Integer, nullable=False),
    Column("root", LargeBinary(32), nullable=False),
    _moment("at"),
    Column("day", String(10), nullable=False),
    Column("jws", Text, nullable=False),
    Column("timestamp_token", LargeBinary),
    UniqueConstraint("tree_size", "day"),
    Index(None, "day"),
)

corrections = Table(
    "corrections",
    metadata,
    _of_inspection(primary_key=True),
    Column("no", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    _moment("at"),
    Column("by", _JSON, nullable=False),
    Column("reason", String(40), nullable=False),
    Column("text", Text, nullable=False),
    Column("json_key", String(512), nullable=False),
    Column("json_sha256", String(64), nullable=False),
    Column("jws_key", String(512), nullable=False),
    Column("pdf_key", String(512)),
    Column("pdf_sha256", String(64)),
)

personal_keys = Table(
    "personal_keys",
    metadata,
    _of_inspection(primary_key=True),
    Column("subject", String(16), primary_key=True),
    Column("wrapped", LargeBinary),
    _moment("created_at"),
    _moment("destroyed_at", optional=True),
)

disclosures = Table(
    "disclosures",
    metadata,
    _of_inspection(primary_key=True),
    Column("pointer", String(512), primary_key=True),
    Column("subject", String(16), nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
)

legal_holds = Table(
    "legal_holds",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _of_inspection(index=True),
    _moment("at"),
    Column("by", _JSON, nullable=False),
    Column("reason", Text, nullable=False),
    _moment("lifted_at", optional=True),
    Column("lifted_by", _JSON),
)

erasures = Table(
    "erasures",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _of_inspection(index=True),
    Column("what", String(16), nullable=False),
    _moment("at"),
    Column("by", _JSON, nullable=False),
    Column("reason", String(40), nullable=False),
    Column("object_keys", _JSON, nullable=False),
    _moment("finished_at", optional=True),
    Index(None, "finished_at"),
)

erased_photos = Table(
    "erased_photos",
    metadata,
    _of_inspection(primary_key=True),
    Column("capture_id", String(_ID), primary_key=True),
    _moment("at"),
)

# -- copies for the public -----------------------------------------------------------------------------------
publications = Table(
    "publications",
    metadata,
    _id(primary_key=True),
    _of_inspection(index=True),
    Column("public_id", String(_ID), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("surroundings", Boolean, nullable=False),
    _moment("prepared_at"),
    Column("prepared_by", _JSON, nullable=False),
    _moment("approved_at", optional=True),
    Column("approved_by", _JSON),
    _moment("ended_at", optional=True),
    Column("ended_by", _JSON),
    Column("correction_no", Integer),
    Column("pdf_key", String(512)),
    Column("pdf_sha256", String(64)),
)

publication_photos = Table(
    "publication_photos",
    metadata,
    Column("publication_id", String(_ID), ForeignKey("publications.id"), primary_key=True),
    Column("capture_id", String(_ID), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("original_sha256", String(64), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("regions", _JSON, nullable=False),
    Column("removed", _JSON, nullable=False),
    Column("doubts", _JSON, nullable=False),
    _moment("checked_at", optional=True),
    Column("checked_by", _JSON),
    Column("copy_key", String(512)),
    Column("copy_sha256", String(64)),
    Column("copy_bytes", Integer),
    Column("why_no_credentials", String(40)),
)
