"""How photos look stands by itself: a copy is looked for among the newest, and not in every judgement there is."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    looks = op.create_table(
        "looks",
        sa.Column("inspection_id", sa.String(length=64), nullable=False),
        sa.Column("capture_id", sa.String(length=64), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("look", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_id", "capture_id"],
            ["captures.inspection_id", "captures.id"],
            name=op.f("fk_looks_inspection_id_capture_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_looks_tenant_id")),
        sa.PrimaryKeyConstraint("inspection_id", "capture_id", name=op.f("pk_looks")),
    )
    op.create_index("ix_looks_newest", "looks", ["tenant_id", "received_at"], unique=False)
    photo = sa.table(
        "captures",
        sa.column("inspection_id", sa.String),
        sa.column("id", sa.String),
        sa.column("received_at", sa.DateTime(timezone=True)),
        sa.column("method", sa.String),
        sa.column("judgement", sa.JSON),
    )
    case = sa.table("inspections", sa.column("id", sa.String), sa.column("tenant_id", sa.String))
    look = photo.c.judgement["look"].as_string()
    known = (
        sa.select(photo.c.inspection_id, photo.c.id, case.c.tenant_id, photo.c.received_at, look)
        .join(case, case.c.id == photo.c.inspection_id)
        .where(look.is_not(None), photo.c.method != "demo")
    )
    op.execute(looks.insert().from_select([column.name for column in looks.c], known))


def downgrade() -> None:
    op.drop_index("ix_looks_newest", table_name="looks")
    op.drop_table("looks")
