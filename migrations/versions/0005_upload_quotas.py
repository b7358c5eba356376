"""upload quotas

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A migration that waits for a lock holds up everyone behind it: give up and be run again instead.
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Made before the old one goes: until then pages are read by that.
    op.create_index(
        "ix_uploads_owner_type",
        "uploads",
        ["owner_id", sa.literal_column("id DESC")],
        unique=False,
        postgresql_include=["content_type"],
    )
    op.drop_index("ix_uploads_owner", table_name="uploads")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index("ix_uploads_owner", "uploads", ["owner_id", sa.literal_column("id DESC")], unique=False)
    op.drop_index("ix_uploads_owner_type", table_name="uploads", postgresql_include=["content_type"])
