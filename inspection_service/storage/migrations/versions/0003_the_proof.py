"""What proves a report later: the log, corrections, salted values under keys, legal holds, erasures."""

import sqlalchemy as sa
from alembic import op

from inspection_service.storage.tables import Moment

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_heads",
        sa.Column("no", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("tree_size", sa.Integer(), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.Column("timestamp_token", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("no", name=op.f("pk_ledger_heads")),
        sa.UniqueConstraint("tree_size", "day", name=op.f("uq_ledger_heads_tree_size_day")),
    )
    with op.batch_alter_table("ledger_heads") as batch_op:
        batch_op.create_index(batch_op.f("ix_ledger_heads_day"), ["day"], unique=False)

    op.create_table(
        "ledger_leaves",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("json_sha256", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ledger_leaves")),
        sa.UniqueConstraint("hash", name=op.f("uq_ledger_leaves_hash")),
    )
    with op.batch_alter_table("ledger_leaves") as batch_op:
        batch_op.create_index(batch_op.f("ix_ledger_leaves_json_sha256"), ["json_sha256"], unique=False)
        batch_op.create_index(batch_op.f("ix_ledger_leaves_previous"), ["previous"], unique=False)

    op.create_table(
        "ledger_nodes",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("level", "place", name=op.f("pk_ledger_nodes")),
    )
    op.create_table(
        "corrections",
        sa.Column("inspection_id", sa.String(length=64), nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("by", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("json_key", sa.String(length=512), nullable=False),
        sa.Column("json_sha256", sa.String(length=64), nullable=False),
        sa.Column("jws_key", sa.String(length=512), nullable=False),
        sa.Column("pdf_key", sa.String(length=512), nullable=True),
        sa.Column("pdf_sha256", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspections.id"], name=op.f("fk_corrections_inspection_id")
        ),
        sa.PrimaryKeyConstraint("inspection_id", "no", name=op.f("pk_corrections")),
    )
    op.create_table(
        "disclosures",
        sa.Column("inspection_id", sa.String(length=64), nullable=False),
        sa.Column("pointer", sa.String(length=512), nullable=False),
        sa.Column("subject", sa.String(length=16), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspections.id"], name=op.f("fk_disclosures_inspection_id")
        ),
        sa.PrimaryKeyConstraint("inspection_id", "pointer", name=op.f("pk_disclosures")),
    )
    op.create_table(
        "erased_photos",
        sa.Column("inspection_id", sa.String(length=64), nullable=False),
        sa.Column("capture_id", sa.String(length=64), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspections.id"], name=op.f("fk_erased_photos_inspection_id")
        ),
        sa.PrimaryKeyConstraint("inspection_id", "capture_id", name=op.f("pk_erased_photos")),
    )
    op.create_table(
        "erasures",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("inspection_id", sa.String(length=64), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("by", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("object_keys", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspections.id"], name=op.f("fk_erasures_inspection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    with op.batch_alter_table("erasures") as batch_op:
        batch_op.create_index(batch_op.f("ix_erasures_finished_at"), ["finished_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_erasures_inspection_id"), ["inspection_id"], unique=False)

    op.create_table(
        "legal_holds",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("inspection_id", sa.String(length=64), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("by", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("lifted_at", Moment(), nullable=True),
        sa.Column("lifted_by", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspections.id"], name=op.f("fk_legal_holds_inspection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_holds")),
    )
    with op.batch_alter_table("legal_holds") as batch_op:
        batch_op.create_index(batch_op.f("ix_legal_holds_inspection_id"), ["inspection_id"], unique=False)

    op.create_table(
        "personal_keys",
        sa.Column("inspection_id", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=16), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("destroyed_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspections.id"], name=op.f("fk_personal_keys_inspection_id")
        ),
        sa.PrimaryKeyConstraint("inspection_id", "subject", name=op.f("pk_personal_keys")),
    )


def downgrade() -> None:
    op.drop_table("personal_keys")
    with op.batch_alter_table("legal_holds") as batch_op:
        batch_op.drop_index(batch_op.f("ix_legal_holds_inspection_id"))

    op.drop_table("legal_holds")
    with op.batch_alter_table("erasures") as batch_op:
        batch_op.drop_index(batch_op.f("ix_erasures_inspection_id"))
        batch_op.drop_index(batch_op.f("ix_erasures_finished_at"))

    op.drop_table("erasures")
    op.drop_table("erased_photos")
    op.drop_table("disclosures")
    op.drop_table("corrections")
    op.drop_table("ledger_nodes")
    with op.batch_alter_table("ledger_leaves") as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_leaves_previous"))
        batch_op.drop_index(batch_op.f("ix_ledger_leaves_json_sha256"))

    op.drop_table("ledger_leaves")
    with op.batch_alter_table("ledger_heads") as batch_op:
        batch_op.drop_index(batch_op.f("ix_ledger_heads_day"))

    op.drop_table("ledger_heads")
