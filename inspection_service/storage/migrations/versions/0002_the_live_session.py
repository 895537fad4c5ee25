"""What a live session keeps: frozen frames, recordings, words, calls for help."""

import sqlalchemy as sa
from alembic import op

from inspection_service.storage.tables import Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Until now a call for help was only a line in the log: who asked and still waits must not be forgotten.
_STILL_WAITING = """
INSERT INTO help_requests (inspection_id, asked_at)
SELECT asked.inspection_id, asked.at FROM events AS asked
WHERE asked.kind = 'help.asked' AND NOT EXISTS (
    SELECT 1 FROM events AS later
    WHERE later.inspection_id = asked.inspection_id AND later.seq > asked.seq
    AND later.kind IN ('help.asked', 'operator.claimed', 'call.opened'))
"""


def upgrade() -> None:
    op.create_table(
        "frames",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("inspection_id", sa.String(length=64), nullable=False),
        sa.Column("step_id", sa.String(length=64), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("object_key", sa.String(length=512), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("is_kept", sa.Boolean(), nullable=False),
        sa.Column("deleted_at", Moment(), nullable=True),
        sa.Column("has_bytes", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["inspection_id"], ["inspections.id"], name=op.f("fk_frames_inspection_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_frames")),
    )
    with op.batch_alter_table("frames") as batch_op:
        batch_op.create_index(batch_op.f("ix_frames_inspection_id"), ["inspection_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_frames_has_bytes_is_kept_at"), ["has_bytes", "is_kept", "at"], unique=False
        )

    op.create_table(
        "help_requests",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("inspection_id", sa.String(length=64), nullable=False),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=True),
        sa.Column("answered_at", Moment(), nullable=True),
        sa.Column("answered_how", sa.String(length=16), nullable=True),
        sa.Column("withdrawn_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspections.id"], name=op.f("fk_help_requests_inspection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_requests")),
    )
    with op.batch_alter_table("help_requests") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_help_requests_answered_at_withdrawn_at_asked_at"),
            ["answered_at", "withdrawn_at", "asked_at"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_help_requests_inspection_id"), ["inspection_id"], unique=False)

    op.create_table(
        "messages",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("inspection_id", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=True),
        sa.Column("by", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("read_aloud", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspections.id"], name=op.f("fk_messages_inspection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("inspection_id", "client_id", name=op.f("uq_messages_inspection_id_client_id")),
        sa.UniqueConstraint("inspection_id", "position", name=op.f("uq_messages_inspection_id_position")),
    )
    op.create_table(
        "recordings",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("inspection_id", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=16), nullable=False),
        sa.Column("by", sa.JSON(), nullable=False),
        sa.Column("started_at", Moment(), nullable=False),
        sa.Column("device_started_at", Moment(), nullable=True),
        sa.Column("touched_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.Column("end", sa.String(length=32), nullable=True),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("deleted_at", Moment(), nullable=True),
        sa.Column("has_bytes", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspections.id"], name=op.f("fk_recordings_inspection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recordings")),
    )
    with op.batch_alter_table("recordings") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_recordings_has_bytes_ended_at"), ["has_bytes", "ended_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_recordings_inspection_id"), ["inspection_id"], unique=False)

    op.create_table(
        "annotations",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("inspection_id", sa.String(length=64), nullable=False),
        sa.Column("frame_id", sa.String(length=64), nullable=False),
        sa.Column("strokes", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("by", sa.JSON(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("finding_id", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["frame_id"], ["frames.id"], name=op.f("fk_annotations_frame_id")),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspections.id"], name=op.f("fk_annotations_inspection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annotations")),
        sa.UniqueConstraint("inspection_id", "position", name=op.f("uq_annotations_inspection_id_position")),
    )
    op.create_table(
        "recording_chunks",
        sa.Column("recording_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("chain_sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recordings.id"], name=op.f("fk_recording_chunks_recording_id")
        ),
        sa.PrimaryKeyConstraint("recording_id", "kind", "n", name=op.f("pk_recording_chunks")),
    )
    op.create_table(
        "recording_parts",
        sa.Column("recording_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("media_type", sa.String(length=200), nullable=False),
        sa.Column("chunks", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("chain_sha256", sa.String(length=64), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recordings.id"], name=op.f("fk_recording_parts_recording_id")
        ),
        sa.PrimaryKeyConstraint("recording_id", "kind", name=op.f("pk_recording_parts")),
    )
    op.add_column("findings", sa.Column("annotation_id", sa.String(length=64), nullable=True))
    op.add_column("inspections", sa.Column("handover", sa.JSON(), nullable=True))
    op.execute(_STILL_WAITING)


def downgrade() -> None:
    op.drop_column("inspections", "handover")
    op.drop_column("findings", "annotation_id")
    op.drop_table("recording_parts")
    op.drop_table("recording_chunks")
    op.drop_table("annotations")
    with op.batch_alter_table("recordings") as batch_op:
        batch_op.drop_index(batch_op.f("ix_recordings_inspection_id"))
        batch_op.drop_index(batch_op.f("ix_recordings_has_bytes_ended_at"))

    op.drop_table("recordings")
    op.drop_table("messages")
    with op.batch_alter_table("help_requests") as batch_op:
        batch_op.drop_index(batch_op.f("ix_help_requests_inspection_id"))
        batch_op.drop_index(batch_op.f("ix_help_requests_answered_at_withdrawn_at_asked_at"))

    op.drop_table("help_requests")
    with op.batch_alter_table("frames") as batch_op:
        batch_op.drop_index(batch_op.f("ix_frames_has_bytes_is_kept_at"))
        batch_op.drop_index(batch_op.f("ix_frames_inspection_id"))

    op.drop_table("frames")
