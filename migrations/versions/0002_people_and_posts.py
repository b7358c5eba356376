"""people and posts, whole

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# The column of each table's primary key that holds its shard.
KEYS = {
    "author_alerts": "user_id",
    "blocks": "blocker_id",
    "blocks_received": "blocked_id",
    "close_friends": "user_id",
    "collection_posts": "collection_id",
    "collections": "id",
    "comment_scores": "comment_id",
    "follow_reservations": "follower_id",
    "hashtag_posts": "hashtag_id",
    "hashtags": "id",
    "mutes": "muter_id",
    "place_posts": "place_id",
    "places": "id",
    "reports": "id",
    "shares": "id",
    "tagged_posts": "user_id",
}


def upgrade() -> None:
    # A migration that waits for a lock holds up everyone behind it: give up and be run again instead.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "author_alerts",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("author_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("posts", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("stories", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("reels", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("live", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "author_id", name=op.f("pk_author_alerts")),
    )
    op.create_table(
        "blocks",
        sa.Column("blocker_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("blocked_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("previous_state", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("blocker_id", "blocked_id", name=op.f("pk_blocks")),
    )
    op.create_index(
        "ix_blocks_page",
        "blocks",
        ["blocker_id", "state", sa.literal_column("since DESC"), sa.literal_column("blocked_id DESC")],
        unique=False,
    )
    op.create_table(
        "blocks_received",
        sa.Column("blocked_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("blocker_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("previous_state", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("blocked_id", "blocker_id", name=op.f("pk_blocks_received")),
    )
    op.create_table(
        "close_friends",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("friend_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("previous_state", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "friend_id", name=op.f("pk_close_friends")),
    )
    op.create_index(
        "ix_close_friends_page",
        "close_friends",
        ["user_id", "state", sa.literal_column("since DESC"), sa.literal_column("friend_id DESC")],
        unique=False,
    )
    op.create_table(
        "collection_posts",
        sa.Column("collection_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("post_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("save_version", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("collection_id", "post_id", name=op.f("pk_collection_posts")),
    )
    op.create_index(
        "ix_collection_posts_page",
        "collection_posts",
        ["collection_id", sa.literal_column("since DESC"), sa.literal_column("post_id DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'IN'"),
    )
    op.create_table(
        "collections",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cover_post_id", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), server_default="LIVE", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collections")),
    )
    op.create_index(
        "ix_collections_owner",
        "collections",
        ["owner_id", sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'LIVE'"),
    )
    op.create_table(
        "comment_scores",
        sa.Column("comment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("until", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_now()"), nullable=False),
        sa.PrimaryKeyConstraint("comment_id", "until", name=op.f("pk_comment_scores")),
    )
    op.create_index(
        "ix_comment_scores_top",
        "comment_scores",
        ["post_id", sa.literal_column("score DESC"), sa.literal_column("comment_id DESC")],
        unique=False,
    )
    op.create_index(
        op.f("ix_comment_scores_created_at"), "comment_scores", ["created_at"], unique=False, postgresql_using="brin"
    )
    op.create_table(
        "follow_reservations",
        sa.Column("follower_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("followed_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("attempt", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reserved_at", sa.DateTime(timezone=True), server_default=sa.text("clock_now()"), nullable=False),
        sa.PrimaryKeyConstraint("follower_id", "followed_id", "attempt", name=op.f("pk_follow_reservations")),
    )
    op.create_table(
        "hashtag_posts",
        sa.Column("hashtag_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("post_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("previous_state", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hashtag_id", "post_id", name=op.f("pk_hashtag_posts")),
    )
    op.create_index(
        "ix_hashtag_posts_page",
        "hashtag_posts",
        ["hashtag_id", sa.literal_column("post_id DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'LISTED'"),
    )
    op.create_table(
        "hashtags",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hashtags")),
    )
    op.create_index("uq_hashtags_name", "hashtags", ["name"], unique=True)
    op.create_table(
        "mutes",
        sa.Column("muter_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("muted_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("previous_state", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("muter_id", "muted_id", name=op.f("pk_mutes")),
    )
    op.create_index(
        "ix_mutes_page",
        "mutes",
        ["muter_id", "state", sa.literal_column("since DESC"), sa.literal_column("muted_id DESC")],
        unique=False,
    )
    op.create_table(
        "place_posts",
        sa.Column("place_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("post_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("previous_state", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("place_id", "post_id", name=op.f("pk_place_posts")),
    )
    op.create_index(
        "ix_place_posts_page",
        "place_posts",
        ["place_id", sa.literal_column("post_id DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'LISTED'"),
    )
    op.create_table(
        "places",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_places")),
    )
    op.create_index("uq_places_key", "places", ["key"], unique=True)
    op.create_table(
        "reports",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("reporter_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="OPEN", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
    )
    op.create_index(
        "uq_reports_open",
        "reports",
        ["subject_id", "reporter_id", "reason"],
        unique=True,
        postgresql_where=sa.text("status = 'OPEN'"),
    )
    op.create_table(
        "shares",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("recipient_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shares")),
    )
    op.create_index(op.f("ix_shares_post_id_user_id"), "shares", ["post_id", "user_id"], unique=False)
    op.create_table(
        "tagged_posts",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("post_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("previous_state", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "post_id", name=op.f("pk_tagged_posts")),
    )
    op.create_index(
        "ix_tagged_posts_page",
        "tagged_posts",
        ["user_id", sa.literal_column("post_id DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'LISTED'"),
    )
    op.add_column(
        "comments", sa.Column("entities", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False)
    )
    op.add_column("comments", sa.Column("withheld", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("comments", sa.Column("score_since", sa.BigInteger(), server_default="0", nullable=False))
    op.drop_index("ix_comments_replies", table_name="comments")
    op.create_index(
        "ix_comments_replies",
        "comments",
        ["parent_id", "id"],
        unique=False,
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index(
        "ix_comments_said",
        "comments",
        ["post_id", "author_id"],
        unique=False,
        postgresql_where=sa.text("state = 'LIVE'"),
    )
    op.create_index(
        "ix_comments_scored",
        "comments",
        ["post_id", sa.literal_column("score_since DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'LIVE' AND score_since > 0"),
    )
    op.create_index(
        "ix_comments_pinned",
        "comments",
        ["post_id", sa.literal_column("pinned_at DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'LIVE' AND pinned_at IS NOT NULL"),
    )
    op.add_column("following", sa.Column("withheld", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("follows", sa.Column("withheld", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("likes", sa.Column("withheld", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("likes_given", sa.Column("subject_kind", sa.Text(), server_default="POST", nullable=False))
    op.drop_index(op.f("ix_likes_given_page"), table_name="likes_given")
    op.create_index(
        "ix_likes_given_page",
        "likes_given",
        ["user_id", "subject_kind", "state", sa.literal_column("since DESC"), sa.literal_column("subject_id DESC")],
        unique=False,
    )
    op.add_column(
        "posts", sa.Column("entities", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False)
    )
    op.add_column(
        "posts", sa.Column("hashtags", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False)
    )
    op.add_column("posts", sa.Column("media_epoch", sa.BigInteger(), server_default="0", nullable=False))
    op.create_index(
        "ix_posts_archived",
        "posts",
        ["author_id", sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'ARCHIVED'"),
    )
    op.create_index(
        "ix_posts_kind",
        "posts",
        ["author_id", "kind", sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'LIVE'"),
    )
    op.create_index(
        "ix_posts_pinned",
        "posts",
        ["author_id", sa.literal_column("pinned_at DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'LIVE' AND pinned_at IS NOT NULL"),
    )
    op.add_column("saves", sa.Column("withheld", sa.SmallInteger(), server_default="0", nullable=False))
    op.add_column("users", sa.Column("media_epoch", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("users", sa.Column("media_floor", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column(
        "withdrawn_media",
        sa.Column("below_epoch", sa.BigInteger(), server_default=sa.text("9223372036854775807"), nullable=False),
    )
    for table, key in KEYS.items():
        op.execute(f"SELECT hold_to_one_shard('{table}', '{key}')")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("withdrawn_media", "below_epoch")
    op.drop_column("users", "media_floor")
    op.drop_column("users", "media_epoch")
    op.drop_column("saves", "withheld")
    op.drop_index(
        "ix_posts_pinned", table_name="posts", postgresql_where=sa.text("state = 'LIVE' AND pinned_at IS NOT NULL")
    )
    op.drop_index("ix_posts_kind", table_name="posts", postgresql_where=sa.text("state = 'LIVE'"))
    op.drop_index("ix_posts_archived", table_name="posts", postgresql_where=sa.text("state = 'ARCHIVED'"))
    op.drop_column("posts", "media_epoch")
    op.drop_column("posts", "hashtags")
    op.drop_column("posts", "entities")
    op.drop_index("ix_likes_given_page", table_name="likes_given")
    op.create_index(
        op.f("ix_likes_given_page"),
        "likes_given",
        ["user_id", "state", sa.literal_column("since DESC"), sa.literal_column("subject_id DESC")],
        unique=False,
    )
    op.drop_column("likes_given", "subject_kind")
    op.drop_column("likes", "withheld")
    op.drop_column("follows", "withheld")
    op.drop_column("following", "withheld")
    op.drop_index(
        "ix_comments_pinned",
        table_name="comments",
        postgresql_where=sa.text("state = 'LIVE' AND pinned_at IS NOT NULL"),
    )
    op.drop_index("ix_comments_scored", table_name="comments")
    op.drop_index("ix_comments_said", table_name="comments")
    op.drop_index("ix_comments_replies", table_name="comments")
    op.create_index(
        "ix_comments_replies",
        "comments",
        ["parent_id", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'LIVE' AND parent_id IS NOT NULL"),
    )
    op.drop_column("comments", "score_since")
    op.drop_column("comments", "withheld")
    op.drop_column("comments", "entities")
    op.drop_index("ix_tagged_posts_page", table_name="tagged_posts", postgresql_where=sa.text("state = 'LISTED'"))
    op.drop_table("tagged_posts")
    op.drop_index(op.f("ix_shares_post_id_user_id"), table_name="shares")
    op.drop_table("shares")
    op.drop_index("uq_reports_open", table_name="reports", postgresql_where=sa.text("status = 'OPEN'"))
    op.drop_table("reports")
    op.drop_index("uq_places_key", table_name="places")
    op.drop_table("places")
    op.drop_index("ix_place_posts_page", table_name="place_posts", postgresql_where=sa.text("state = 'LISTED'"))
    op.drop_table("place_posts")
    op.drop_index("ix_mutes_page", table_name="mutes")
    op.drop_table("mutes")
    op.drop_index("uq_hashtags_name", table_name="hashtags")
    op.drop_table("hashtags")
    op.drop_index("ix_hashtag_posts_page", table_name="hashtag_posts", postgresql_where=sa.text("state = 'LISTED'"))
    op.drop_table("hashtag_posts")
    op.drop_table("follow_reservations")
    op.drop_index("ix_collections_owner", table_name="collections", postgresql_where=sa.text("state = 'LIVE'"))
    op.drop_table("collections")
    op.drop_index(op.f("ix_comment_scores_created_at"), table_name="comment_scores", postgresql_using="brin")
    op.drop_index("ix_comment_scores_top", table_name="comment_scores")
    op.drop_table("comment_scores")
    op.drop_index("ix_collection_posts_page", table_name="collection_posts", postgresql_where=sa.text("state = 'IN'"))
    op.drop_table("collection_posts")
    op.drop_index("ix_close_friends_page", table_name="close_friends")
    op.drop_table("close_friends")
    op.drop_table("blocks_received")
    op.drop_index("ix_blocks_page", table_name="blocks")
    op.drop_table("blocks")
    op.drop_table("author_alerts")
