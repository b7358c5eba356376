"""feeds

Revision ID: 0003
Revises: 0002
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FOLDER = Path(__file__).resolve().parent.parent

# The column of each table's primary key that holds its shard.
KEYS = {
    "feed_snapshots": "viewer_id",
    "hashtag_follows": "user_id",
    "impressions": "viewer_id",
    "page_tops": "page_id",
    "pulled_intervals": "author_id",
    "sponsorships": "id",
}


def statements_of(script: str) -> list[str]:
    """The driver takes one statement at a time; in the script each ends with a semicolon at the end of a line."""
    return [part for part in script.replace("$$;\n", "$$;\n\0").split("\0") if part.strip()]


def upgrade() -> None:
    # A migration that waits for a lock holds up everyone behind it: give up and be run again instead.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "feed_snapshots",
        sa.Column("viewer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_now()"), nullable=False),
        sa.Column("fingerprint", sa.BigInteger(), nullable=False),
        sa.Column("floor_id", sa.BigInteger(), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("scores", postgresql.ARRAY(sa.Float()), nullable=False),
        sa.Column("reasons", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.PrimaryKeyConstraint("viewer_id", "feed", "id", name=op.f("pk_feed_snapshots")),
    )
    op.create_index(
        op.f("ix_feed_snapshots_created_at"), "feed_snapshots", ["created_at"], unique=False, postgresql_using="brin"
    )
    op.create_table(
        "hashtag_follows",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hashtag_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("previous_state", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "hashtag_id", name=op.f("pk_hashtag_follows")),
    )
    op.create_index(
        "ix_hashtag_follows_page",
        "hashtag_follows",
        ["user_id", "state", sa.literal_column("since DESC"), sa.literal_column("hashtag_id DESC")],
        unique=False,
    )
    op.create_table(
        "impressions",
        sa.Column("viewer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("surface", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("dwell_ms", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("post_kind", sa.Text(), nullable=True),
        sa.Column("watched_fraction", sa.Float(), nullable=True),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("clock_now()"), nullable=False),
        sa.PrimaryKeyConstraint(
            "viewer_id", "subject_id", "surface", "position", "dwell_ms", name=op.f("pk_impressions")
        ),
    )
    op.create_index(
        "ix_impressions_viewer", "impressions", ["viewer_id", sa.literal_column("recorded_at DESC")], unique=False
    )
    op.create_index(
        op.f("ix_impressions_recorded_at"), "impressions", ["recorded_at"], unique=False, postgresql_using="brin"
    )
    op.create_index(
        "ix_impressions_visits",
        "impressions",
        ["viewer_id", sa.literal_column("recorded_at DESC")],
        unique=False,
        postgresql_where=sa.text("subject_kind = 'USER'"),
    )
    op.create_table(
        "page_tops",
        sa.Column("page_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_now()"), nullable=False),
        sa.Column("floor_id", sa.BigInteger(), nullable=False),
        sa.Column("ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.PrimaryKeyConstraint("page_id", "id", name=op.f("pk_page_tops")),
    )
    op.create_index(op.f("ix_page_tops_created_at"), "page_tops", ["created_at"], unique=False, postgresql_using="brin")
    op.create_table(
        "pulled_intervals",
        sa.Column("author_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("since_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("until_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("author_id", "since_id", name=op.f("pk_pulled_intervals")),
    )
    op.create_index(
        "uq_pulled_intervals_open",
        "pulled_intervals",
        ["author_id"],
        unique=True,
        postgresql_where=sa.text("until_id IS NULL"),
    )
    op.create_table(
        "sponsorships",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sponsorships")),
    )
    op.create_index(op.f("ix_sponsorships_ends_at"), "sponsorships", ["ends_at"], unique=False)
    op.create_index(
        "ix_comments_latest",
        "comments",
        ["post_id", sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'LIVE'"),
    )
    op.create_index(
        "ix_posts_reels",
        "posts",
        [sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'LIVE' AND kind = 'REEL'"),
    )
    op.add_column("comments_made", sa.Column("author_id", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("comments_made", sa.Column("post_kind", sa.Text(), nullable=True))
    op.add_column("likes_given", sa.Column("author_id", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("likes_given", sa.Column("post_kind", sa.Text(), nullable=True))
    op.add_column("saves_made", sa.Column("author_id", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("saves_made", sa.Column("post_kind", sa.Text(), nullable=True))
    op.add_column("users", sa.Column("feed_order", sa.Text(), server_default="CHRONOLOGICAL", nullable=False))
    for table, key in KEYS.items():
        op.execute(f"SELECT hold_to_one_shard('{table}', '{key}')")
    # Milliseconds since 2025-01-01: no id of this node is minted below this any more, however its clock is stepped.
    op.execute("CREATE SEQUENCE id_floor MINVALUE 0 START 0 NO CYCLE")
    for statement in statements_of((FOLDER / "horizon.sql").read_text()):
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION id_horizon()")
    [mint_id] = (part for part in statements_of((FOLDER / "foundation.sql").read_text()) if "FUNCTION mint_id" in part)
    op.execute(mint_id.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    op.execute("DROP SEQUENCE id_floor")
    op.drop_column("users", "feed_order")
    op.drop_column("saves_made", "post_kind")
    op.drop_column("saves_made", "author_id")
    op.drop_column("likes_given", "post_kind")
    op.drop_column("likes_given", "author_id")
    op.drop_column("comments_made", "post_kind")
    op.drop_column("comments_made", "author_id")
    op.drop_index("ix_comments_latest", table_name="comments", postgresql_where=sa.text("state = 'LIVE'"))
    op.drop_index("ix_posts_reels", table_name="posts", postgresql_where=sa.text("state = 'LIVE' AND kind = 'REEL'"))
    op.drop_index(op.f("ix_sponsorships_ends_at"), table_name="sponsorships")
    op.drop_table("sponsorships")
    op.drop_index(
        "uq_pulled_intervals_open", table_name="pulled_intervals", postgresql_where=sa.text("until_id IS NULL")
    )
    op.drop_table("pulled_intervals")
    op.drop_index(op.f("ix_page_tops_created_at"), table_name="page_tops", postgresql_using="brin")
    op.drop_table("page_tops")
    op.drop_index(op.f("ix_impressions_recorded_at"), table_name="impressions", postgresql_using="brin")
    op.drop_index("ix_impressions_visits", table_name="impressions", postgresql_where=sa.text("subject_kind = 'USER'"))
    op.drop_index("ix_impressions_viewer", table_name="impressions")
    op.drop_table("impressions")
    op.drop_index("ix_hashtag_follows_page", table_name="hashtag_follows")
    op.drop_table("hashtag_follows")
    op.drop_index(op.f("ix_feed_snapshots_created_at"), table_name="feed_snapshots", postgresql_using="brin")
    op.drop_table("feed_snapshots")
