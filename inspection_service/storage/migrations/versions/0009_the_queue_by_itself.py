"""When a seller signed stands beside the case it is sorted by, so that the queue looks at nothing else."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_OLD = "ix_inspections_state_id_tenant_id_created_at_updated_at"
_NEW = "ix_inspections_queue"
_COLUMNS = ["state", "id", "tenant_id", "created_at", "updated_at"]


def upgrade() -> None:
    with op.batch_alter_table("inspections") as batch_op:
        batch_op.add_column(sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True))
    # Only of those that wait for a sign-off, a few among however many: nobody sorts the others by it.
    op.execute(
        "UPDATE inspections SET signed_at = (SELECT max(at) FROM signatures"
        " WHERE inspection_id = inspections.id AND role = 'seller' AND voided_at IS NULL)"
        " WHERE state = 'seller_signed'"
    )
    with op.batch_alter_table("inspections") as batch_op:
        batch_op.drop_index(batch_op.f(_OLD))
        batch_op.create_index(batch_op.f(_NEW), [*_COLUMNS, "signed_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("inspections") as batch_op:
        batch_op.drop_index(batch_op.f(_NEW))
        batch_op.create_index(batch_op.f(_OLD), _COLUMNS, unique=False)
    op.drop_column("inspections", "signed_at")
