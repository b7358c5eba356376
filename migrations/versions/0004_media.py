"""media

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# The column of each table's primary key that holds its shard.
KEYS = {"removed_pictures": "id"}


def upgrade() -> None:
    # A migration that waits for a lock holds up everyone behind it: give up and be run again instead.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "removed_pictures",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("upload_id", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=True),
        sa.Column("quality", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_removed_pictures")),
    )
    op.create_index("uq_removed_pictures_upload", "removed_pictures", ["upload_id", "sha256"], unique=True)
    op.add_column("uploads", sa.Column("multipart_id", sa.Text(), nullable=True))
    op.add_column("uploads", sa.Column("part_size", sa.Integer(), nullable=True))
    op.add_column("uploads", sa.Column("recipe", postgresql.JSONB(none_as_null=True), nullable=True))
    op.add_column("uploads", sa.Column("source", postgresql.JSONB(none_as_null=True), nullable=True))
    op.add_column("uploads", sa.Column("nudity", sa.Float(), nullable=True))
    op.add_column("uploads", sa.Column("rejected_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_uploads_rejected",
        "uploads",
        ["rejected_at"],
        unique=False,
        postgresql_where=sa.text("status = 'REJECTED' AND objects_removed_at IS NULL"),
    )
    op.create_index("ix_uploads_held", "uploads", ["id"], unique=False, postgresql_where=sa.text("status = 'HELD'"))
    op.create_index("ix_uploads_object_key", "uploads", ["object_key"], unique=False)
    op.create_index(
        "ix_uploads_rendition",
        "uploads",
        [sa.literal_column("split_part(result #>> '{variants,0,key}', '/', 2)")],
        unique=False,
    )
    for table, key in KEYS.items():
        op.execute(f"SELECT hold_to_one_shard('{table}', '{key}')")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_uploads_rendition", table_name="uploads")
    op.drop_index("ix_uploads_object_key", table_name="uploads")
    op.drop_index("ix_uploads_held", table_name="uploads", postgresql_where=sa.text("status = 'HELD'"))
    op.drop_index(
        "ix_uploads_rejected",
        table_name="uploads",
        postgresql_where=sa.text("status = 'REJECTED' AND objects_removed_at IS NULL"),
    )
    op.drop_column("uploads", "rejected_at")
    op.drop_column("uploads", "nudity")
    op.drop_column("uploads", "source")
    op.drop_column("uploads", "recipe")
    op.drop_column("uploads", "part_size")
    op.drop_column("uploads", "multipart_id")
    op.drop_index("uq_removed_pictures_upload", table_name="removed_pictures")
    op.drop_table("removed_pictures")
