"""What a live session keeps."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
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
)

frames = Table(
    "frames",
    metadata,
    id_column(primary_key=True),
    of_inspection(index=True),
    Column("step_id", String(ID)),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("media_type", String(64), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("object_key", String(512), nullable=False),
    moment_column("at"),
    Column("is_kept", Boolean, nullable=False),
    moment_column("deleted_at", optional=True),
    Column("has_bytes", Boolean, nullable=False),
    Index(None, "has_bytes", "is_kept", "at"),
)

frame_annotations = Table(  # not ``annotations``: the name of the future import above
    "annotations",
    metadata,
    id_column(primary_key=True),
    Column("position", Integer, nullable=False),
    of_inspection(),
    Column("frame_id", String(ID), ForeignKey("frames.id"), nullable=False),
    Column("strokes", JSON_VALUE, nullable=False),
    Column("text", Text),
    Column("by", JSON_VALUE, nullable=False),
    moment_column("at"),
    Column("finding_id", String(ID)),
    UniqueConstraint("inspection_id", "position"),
)

recordings = Table(
    "recordings",
    metadata,
    id_column(primary_key=True),
    of_inspection(index=True),
    Column("device", String(16), nullable=False),
    Column("by", JSON_VALUE, nullable=False),
    moment_column("started_at"),
    moment_column("device_started_at", optional=True),
    moment_column("touched_at"),
    moment_column("ended_at", optional=True),
    Column("end", String(32)),
    Column("steps", JSON_VALUE, nullable=False),
    moment_column("deleted_at", optional=True),
    Column("has_bytes", Boolean, nullable=False),
    Index(None, "has_bytes", "ended_at"),
)

recording_parts = Table(
    "recording_parts",
    metadata,
    Column("recording_id", String(ID), ForeignKey("recordings.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("media_type", String(200), nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("chain_sha256", String(64), nullable=False),
    moment_column("at"),
)

recording_chunks = Table(
    "recording_chunks",
    metadata,
    Column("recording_id", String(ID), ForeignKey("recordings.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("chain_sha256", String(64), nullable=False),
)

messages = Table(
    "messages",
    metadata,
    id_column(primary_key=True),
    Column("position", Integer, nullable=False),
    of_inspection(),
    Column("client_id", String(ID)),
    Column("by", JSON_VALUE, nullable=False),
    Column("text", Text, nullable=False),
    moment_column("at"),
    Column("read_aloud", Boolean, nullable=False),
    UniqueConstraint("inspection_id", "position"),
    UniqueConstraint("inspection_id", "client_id"),
)

session_holders = Table(
    "session_holders",
    metadata,
    Column("inspection_id", String(ID), ForeignKey("inspections.id"), primary_key=True),
    Column("node_id", String(ID), index=True),
    Column("fence", BigInteger, nullable=False),
)
"""Which node has the live session: a node's writes carry the fence, and an older one's are refused."""

help_requests = Table(
    "help_requests",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    of_inspection(index=True),
    moment_column("asked_at"),
    Column("phone", String(32)),
    moment_column("answered_at", optional=True),
    Column("answered_how", String(16)),
    moment_column("withdrawn_at", optional=True),
    Index(None, "answered_at", "withdrawn_at", "asked_at"),
)
