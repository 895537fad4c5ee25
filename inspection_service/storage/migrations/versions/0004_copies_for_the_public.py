"""Copies of photos that hide what the public must not see."""

import sqlalchemy as sa
from alembic import op

from inspection_service.storage.tables import Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "publications",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("inspection_id", sa.String(length=64), nullable=False),
        sa.Column("public_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("surroundings", sa.Boolean(), nullable=False),
        sa.Column("prepared_at", Moment(), nullable=False),
        sa.Column("prepared_by", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("approved_at", Moment(), nullable=True),
        sa.Column("approved_by", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("ended_by", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("correction_no", sa.Integer(), nullable=True),
        sa.Column("pdf_key", sa.String(length=512), nullable=True),
        sa.Column("pdf_sha256", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspections.id"], name=op.f("fk_publications_inspection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publications")),
    )
    with op.batch_alter_table("publications") as batch_op:
        batch_op.create_index(batch_op.f("ix_publications_inspection_id"), ["inspection_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_publications_public_id"), ["public_id"], unique=False)

    op.create_table(
        "publication_photos",
        sa.Column("publication_id", sa.String(length=64), nullable=False),
        sa.Column("capture_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("original_sha256", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("regions", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("removed", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("doubts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("checked_at", Moment(), nullable=True),
        sa.Column("checked_by", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("copy_key", sa.String(length=512), nullable=True),
        sa.Column("copy_sha256", sa.String(length=64), nullable=True),
        sa.Column("copy_bytes", sa.Integer(), nullable=True),
        sa.Column("why_no_credentials", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["publication_id"], ["publications.id"], name=op.f("fk_publication_photos_publication_id")
        ),
        sa.PrimaryKeyConstraint("publication_id", "capture_id", name=op.f("pk_publication_photos")),
    )


def downgrade() -> None:
    op.drop_table("publication_photos")
    with op.batch_alter_table("publications") as batch_op:
        batch_op.drop_index(batch_op.f("ix_publications_public_id"))
        batch_op.drop_index(batch_op.f("ix_publications_inspection_id"))

    op.drop_table("publications")
