"""What was answered about an inspection can be found by it, so that erasing it reaches the answers too."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Those that are kept cannot be told apart; they would be gone within two days.
    op.execute(sa.text("DELETE FROM idempotent_answers WHERE status IS NOT NULL"))
    with op.batch_alter_table("idempotent_answers") as batch_op:
        batch_op.add_column(sa.Column("inspection_id", sa.String(length=64), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_idempotent_answers_inspection_id"), ["inspection_id"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("idempotent_answers") as batch_op:
        batch_op.drop_index(batch_op.f("ix_idempotent_answers_inspection_id"))
    op.drop_column("idempotent_answers", "inspection_id")
