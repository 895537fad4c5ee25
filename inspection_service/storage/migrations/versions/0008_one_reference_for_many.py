"""Inspections under one reference are found in the order in which they are shown, however many there are."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_SHORT = ["tenant_id", "reference"]
_ORDERED = ["tenant_id", "reference", "created_at", "id"]


def upgrade() -> None:
    _replace(_SHORT, _ORDERED)


def downgrade() -> None:
    _replace(_ORDERED, _SHORT)


def _replace(old: list[str], new: list[str]) -> None:
    with op.batch_alter_table("inspections") as batch_op:
        batch_op.drop_index(batch_op.f(_name(old)))
        batch_op.create_index(batch_op.f(_name(new)), new, unique=False)


def _name(columns: list[str]) -> str:
    return "ix_inspections_" + "_".join(columns)
