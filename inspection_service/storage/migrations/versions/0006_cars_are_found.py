"""Cars are found by their plate and VIN, and the queue by itself, among however many inspections."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_INDEXES = (
    ["tenant_id", "plate_key"],
    ["tenant_id", "vin"],
    ["tenant_id", "state", "created_at", "id"],
    ["state", "id", "tenant_id", "created_at", "updated_at"],
)
_AT_ONCE = 1000


def upgrade() -> None:
    with op.batch_alter_table("inspections") as batch_op:
        batch_op.add_column(sa.Column("plate_key", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("vin", sa.String(length=64), nullable=True))
    _fill()
    with op.batch_alter_table("inspections") as batch_op:
        for columns in _INDEXES:
            batch_op.create_index(batch_op.f(_name(columns)), columns, unique=False)


def downgrade() -> None:
    with op.batch_alter_table("inspections") as batch_op:
        for columns in _INDEXES:
            batch_op.drop_index(batch_op.f(_name(columns)))
    op.drop_column("inspections", "plate_key")
    op.drop_column("inspections", "vin")


def _name(columns: list[str]) -> str:
    return "ix_inspections_" + "_".join(columns)


def _fill() -> None:
    column = sa.table(
        "inspections",
        sa.column("id", sa.String),
        sa.column("vehicle", sa.JSON),
        sa.column("plate_key", sa.String),
        sa.column("vin", sa.String),
    )
    connection, last = op.get_bind(), ""
    write = (
        sa.update(column)
        .where(column.c.id == sa.bindparam("of"))
        .values(plate_key=sa.bindparam("plate"), vin=sa.bindparam("number"))
    )
    while True:
        query = sa.select(column.c.id, column.c.vehicle).where(column.c.id > last).order_by(column.c.id)
        found = connection.execute(query.limit(_AT_ONCE)).all()
        if not found:
            return
        last = found[-1].id
        cars = [(row.id, row.vehicle.get("plate"), row.vehicle.get("vin")) for row in found]
        named = [{"of": of, "plate": _key(plate), "number": vin} for of, plate, vin in cars if plate or vin]
        if named:
            connection.execute(write, named)


def _key(plate: str | None) -> str | None:
    return "".join(sign for sign in (plate or "").upper() if sign.isalnum()) or None
