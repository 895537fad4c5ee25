"""What proves a report later."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from inspection_service.storage.tables.base import ID, JSON_VALUE, metadata, moment_column, of_inspection

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
    moment_column("at"),
    Column("day", String(10), nullable=False),
    Column("jws", Text, nullable=False),
    Column("timestamp_token", LargeBinary),
    UniqueConstraint("tree_size", "day"),
    Index(None, "day"),
)

corrections = Table(
    "corrections",
    metadata,
    of_inspection(primary_key=True),
    Column("no", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(16), nullable=False),
    moment_column("at"),
    Column("by", JSON_VALUE, nullable=False),
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
    of_inspection(primary_key=True),
    Column("subject", String(16), primary_key=True),
    Column("wrapped", LargeBinary),
    moment_column("created_at"),
    moment_column("destroyed_at", optional=True),
)

disclosures = Table(
    "disclosures",
    metadata,
    of_inspection(primary_key=True),
    Column("pointer", String(512), primary_key=True),
    Column("subject", String(16), nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
)

legal_holds = Table(
    "legal_holds",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    of_inspection(index=True),
    moment_column("at"),
    Column("by", JSON_VALUE, nullable=False),
    Column("reason", Text, nullable=False),
    moment_column("lifted_at", optional=True),
    Column("lifted_by", JSON_VALUE),
)

erasures = Table(
    "erasures",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    of_inspection(index=True),
    Column("what", String(16), nullable=False),
    moment_column("at"),
    Column("by", JSON_VALUE, nullable=False),
    Column("reason", String(40), nullable=False),
    Column("object_keys", JSON_VALUE, nullable=False),
    moment_column("finished_at", optional=True),
    Index(None, "finished_at"),
)

erased_photos = Table(
    "erased_photos",
    metadata,
    of_inspection(primary_key=True),
    Column("capture_id", String(ID), primary_key=True),
    moment_column("at"),
)
