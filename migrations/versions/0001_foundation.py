"""foundation

Revision ID: 0001
Revises:
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

FOUNDATION = Path(__file__).resolve().parent.parent / "foundation.sql"

# The column of each table's primary key that holds its shard.
KEYS = {
    "claim_outcomes": "attempt",
    "claims": "shard",
    "comments": "id",
    "comments_made": "user_id",
    "count_deltas": "object_id",
    "counts": "object_id",
    "credentials": "user_id",
    "deliveries": "event_id",
    "events": "id",
    "following": "follower_id",
    "follows": "followed_id",
    "idempotency_keys": "shard",
    "likes": "subject_id",
    "likes_given": "user_id",
    "notification_actors": "notification_id",
    "notification_sources": "recipient_id",
    "notification_streams": "recipient_id",
    "notifications": "recipient_id",
    "posts": "id",
    "saves": "post_id",
    "saves_made": "user_id",
    "sessions": "user_id",
    "uploads": "owner_id",
    "users": "id",
    "withdrawn_media": "owner_id",
}


def statements_of(script: str) -> list[str]:
    """The driver takes one statement at a time; in the script each ends with a semicolon at the end of a line."""
    return [part for part in script.replace("$$;\n", "$$;\n\0").split("\0") if part.strip()]


def upgrade() -> None:
    # A migration that waits for a lock holds up everyone behind it: give up and be run again instead.
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in statements_of(FOUNDATION.read_text()):
        op.execute(statement)
    op.create_table(
        "claim_outcomes",
        sa.Column("attempt", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("clock_now()"), nullable=False),
        sa.PrimaryKeyConstraint("attempt", name=op.f("pk_claim_outcomes")),
    )
    op.create_table(
        "claims",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("shard", "kind", "value", name=op.f("pk_claims")),
    )
    op.create_index(
        op.f("ix_claims_expires_at"),
        "claims",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'PENDING'"),
    )
    op.create_table(
        "comments",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("post_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="LIVE", nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("score", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("pinned_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
    )
    op.create_index(
        "ix_comments_post",
        "comments",
        ["post_id", sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'LIVE' AND parent_id IS NULL"),
    )
    op.create_index(
        "ix_comments_replies",
        "comments",
        ["parent_id", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'LIVE' AND parent_id IS NOT NULL"),
    )
    op.create_index(
        "ix_comments_top",
        "comments",
        ["post_id", sa.literal_column("score DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'LIVE' AND parent_id IS NULL"),
    )
    op.create_table(
        "comments_made",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("comment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("previous_state", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "comment_id", name=op.f("pk_comments_made")),
    )
    op.create_table(
        "count_deltas",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("object_id", sa.BigInteger(), nullable=False),
        sa.Column("counter", sa.SmallInteger(), nullable=False),
        sa.Column("delta", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_count_deltas")),
    )
    op.create_index(op.f("ix_count_deltas_object_id_counter"), "count_deltas", ["object_id", "counter"], unique=False)
    op.create_table(
        "counts",
        sa.Column("object_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("counter", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("value", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("object_id", "counter", name=op.f("pk_counts")),
    )
    op.create_table(
        "credentials",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("is_email_confirmed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_credentials")),
    )
    op.create_table(
        "deliveries",
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("handler", sa.Text(), nullable=False),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="PENDING", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("forgiven", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("clock_now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("progress", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("event_id", "handler", name=op.f("pk_deliveries")),
    )
    op.create_index(
        "ix_deliveries_dead", "deliveries", ["shard"], unique=False, postgresql_where=sa.text("state = 'DEAD'")
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["shard", "due_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('PENDING', 'ENQUEUED')"),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index("ix_events_shard", "events", [sa.literal_column("shard_of(id)"), "id"], unique=False)
    op.create_table(
        "following",
        sa.Column("follower_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("followed_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("followed_username", sa.Text(), nullable=False),
        sa.Column("followed_name", sa.Text(), nullable=False),
        sa.Column("followed_name_version", sa.BigInteger(), nullable=False),
        sa.Column("followed_search", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("previous_state", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("follower_id", "followed_id", name=op.f("pk_following")),
    )
    op.create_index(
        "ix_following_page",
        "following",
        ["follower_id", "state", sa.literal_column("since DESC"), sa.literal_column("followed_id DESC")],
        unique=False,
    )
    op.create_table(
        "follows",
        sa.Column("followed_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("follower_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("follower_username", sa.Text(), nullable=False),
        sa.Column("follower_name", sa.Text(), nullable=False),
        sa.Column("follower_name_version", sa.BigInteger(), nullable=False),
        sa.Column("follower_search", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("previous_state", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("followed_id", "follower_id", name=op.f("pk_follows")),
    )
    op.create_index(
        "ix_follows_page",
        "follows",
        ["followed_id", "state", sa.literal_column("since DESC"), sa.literal_column("follower_id DESC")],
        unique=False,
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("actor_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("result_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_now()"), nullable=False),
        sa.PrimaryKeyConstraint("shard", "actor_id", "operation", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(
        op.f("ix_idempotency_keys_created_at"),
        "idempotency_keys",
        ["created_at"],
        unique=False,
        postgresql_using="brin",
    )
    op.create_table(
        "likes",
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("previous_state", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "user_id", name=op.f("pk_likes")),
    )
    op.create_index(
        "ix_likes_page",
        "likes",
        ["subject_id", "state", sa.literal_column("since DESC"), sa.literal_column("user_id DESC")],
        unique=False,
    )
    op.create_table(
        "likes_given",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("previous_state", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "subject_id", name=op.f("pk_likes_given")),
    )
    op.create_index(
        "ix_likes_given_page",
        "likes_given",
        ["user_id", "state", sa.literal_column("since DESC"), sa.literal_column("subject_id DESC")],
        unique=False,
    )
    op.create_table(
        "node_identity",
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_node_identity")),
    )
    op.create_table(
        "notification_actors",
        sa.Column("notification_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("actor_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("notification_id", "actor_id", name=op.f("pk_notification_actors")),
    )
    op.create_index(
        "ix_notification_actors_page",
        "notification_actors",
        ["notification_id", sa.literal_column("sequence DESC")],
        unique=False,
    )
    op.create_table(
        "notification_sources",
        sa.Column("recipient_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_now()"), nullable=False),
        sa.PrimaryKeyConstraint("recipient_id", "event_id", name=op.f("pk_notification_sources")),
    )
    op.create_index(
        op.f("ix_notification_sources_created_at"),
        "notification_sources",
        ["created_at"],
        unique=False,
        postgresql_using="brin",
    )
    op.create_table(
        "notification_streams",
        sa.Column("recipient_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("recipient_id", name=op.f("pk_notification_streams")),
    )
    op.create_table(
        "notifications",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("recipient_id", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=True),
        sa.Column("subject_id", sa.BigInteger(), nullable=True),
        sa.Column("fold_key", sa.Text(), nullable=True),
        sa.Column("actor_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("clock_now()"), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
    )
    op.create_index(
        "ix_notifications_unread",
        "notifications",
        ["recipient_id"],
        unique=False,
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_index(
        "uq_notifications_fold",
        "notifications",
        ["recipient_id", "fold_key"],
        unique=True,
        postgresql_where=sa.text("read_at IS NULL AND fold_key IS NOT NULL"),
    )
    op.create_index("uq_notifications_sequence", "notifications", ["recipient_id", "sequence"], unique=True)
    op.create_table(
        "posts",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("caption", sa.Text(), server_default="", nullable=False),
        sa.Column("media", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("place", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("state", sa.Text(), server_default="LIVE", nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pinned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("comments_enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("like_count_hidden", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posts")),
    )
    op.create_index(
        "ix_posts_author",
        "posts",
        ["author_id", sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("state = 'LIVE'"),
    )
    op.create_table(
        "saves",
        sa.Column("post_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("previous_state", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("post_id", "user_id", name=op.f("pk_saves")),
    )
    op.create_table(
        "saves_made",
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("post_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("previous_state", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "post_id", name=op.f("pk_saves_made")),
    )
    op.create_index(
        "ix_saves_made_page",
        "saves_made",
        ["user_id", "state", sa.literal_column("since DESC"), sa.literal_column("post_id DESC")],
        unique=False,
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("refresh_hash", sa.LargeBinary(), nullable=False),
        sa.Column("generation", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("refresh_expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("ip_address", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_now()"), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), server_default=sa.text("clock_now()"), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)
    op.create_table(
        "shard_map",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("node", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shard", name=op.f("pk_shard_map")),
    )
    op.create_table(
        "uploads",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("byte_size", sa.Integer(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("progress", sa.Float(), server_default="0", nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("alt_text", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("camera", sa.Text(), nullable=True),
        sa.Column("failure_reason", sa.Text(), nullable=True),
        sa.Column("attached_to", sa.BigInteger(), nullable=True),
        sa.Column("objects_removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    op.create_index("ix_uploads_owner", "uploads", ["owner_id", sa.literal_column("id DESC")], unique=False)
    op.create_index(
        "ix_uploads_to_sweep",
        "uploads",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('UPLOADING', 'CANCELLED', 'FAILED') AND objects_removed_at IS NULL"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("full_name", sa.Text(), server_default="", nullable=False),
        sa.Column("bio", sa.Text(), server_default="", nullable=False),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("pronouns", sa.Text(), nullable=True),
        sa.Column("avatar", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("is_private", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_verified", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.Text(), server_default="ACTIVE", nullable=False),
        sa.Column("name_version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("last_active_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    op.create_table(
        "withdrawn_media",
        sa.Column("owner_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rendition", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), server_default=sa.text("clock_now()"), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "rendition", name=op.f("pk_withdrawn_media")),
    )
    op.create_index(op.f("ix_withdrawn_media_withdrawn_at"), "withdrawn_media", ["withdrawn_at"], unique=False)
    for table, key in KEYS.items():
        op.execute(f"SELECT hold_to_one_shard('{table}', '{key}')")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("withdrawn_media")
    op.drop_table("users")
    op.drop_index(
        "ix_uploads_to_sweep",
        table_name="uploads",
        postgresql_where=sa.text("status IN ('UPLOADING', 'CANCELLED', 'FAILED') AND objects_removed_at IS NULL"),
    )
    op.drop_index("ix_uploads_owner", table_name="uploads")
    op.drop_table("uploads")
    op.drop_table("shard_map")
    op.drop_index(op.f("ix_sessions_user_id"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index("ix_saves_made_page", table_name="saves_made")
    op.drop_table("saves_made")
    op.drop_table("saves")
    op.drop_index("ix_posts_author", table_name="posts", postgresql_where=sa.text("state = 'LIVE'"))
    op.drop_table("posts")
    op.drop_index("uq_notifications_sequence", table_name="notifications")
    op.drop_index(
        "uq_notifications_fold",
        table_name="notifications",
        postgresql_where=sa.text("read_at IS NULL AND fold_key IS NOT NULL"),
    )
    op.drop_index("ix_notifications_unread", table_name="notifications", postgresql_where=sa.text("read_at IS NULL"))
    op.drop_table("notifications")
    op.drop_table("notification_streams")
    op.drop_index(
        op.f("ix_notification_sources_created_at"), table_name="notification_sources", postgresql_using="brin"
    )
    op.drop_table("notification_sources")
    op.drop_index("ix_notification_actors_page", table_name="notification_actors")
    op.drop_table("notification_actors")
    op.drop_table("node_identity")
    op.drop_index("ix_likes_given_page", table_name="likes_given")
    op.drop_table("likes_given")
    op.drop_index("ix_likes_page", table_name="likes")
    op.drop_table("likes")
    op.drop_index(op.f("ix_idempotency_keys_created_at"), table_name="idempotency_keys", postgresql_using="brin")
    op.drop_table("idempotency_keys")
    op.drop_index("ix_follows_page", table_name="follows")
    op.drop_table("follows")
    op.drop_index("ix_following_page", table_name="following")
    op.drop_table("following")
    op.drop_index("ix_events_shard", table_name="events")
    op.drop_table("events")
    op.drop_index(
        "ix_deliveries_due", table_name="deliveries", postgresql_where=sa.text("state IN ('PENDING', 'ENQUEUED')")
    )
    op.drop_index("ix_deliveries_dead", table_name="deliveries", postgresql_where=sa.text("state = 'DEAD'"))
    op.drop_table("deliveries")
    op.drop_table("credentials")
    op.drop_table("counts")
    op.drop_index(op.f("ix_count_deltas_object_id_counter"), table_name="count_deltas")
    op.drop_table("count_deltas")
    op.drop_table("comments_made")
    op.drop_index(
        "ix_comments_top", table_name="comments", postgresql_where=sa.text("state = 'LIVE' AND parent_id IS NULL")
    )
    op.drop_index(
        "ix_comments_replies",
        table_name="comments",
        postgresql_where=sa.text("state = 'LIVE' AND parent_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_comments_post", table_name="comments", postgresql_where=sa.text("state = 'LIVE' AND parent_id IS NULL")
    )
    op.drop_table("comments")
    op.drop_index(op.f("ix_claims_expires_at"), table_name="claims", postgresql_where=sa.text("state = 'PENDING'"))
    op.drop_table("claims")
    op.drop_table("claim_outcomes")
    op.execute(
        "DROP FUNCTION hold_to_one_shard, refuse_other_shard, make_id_clocks, mint_id, shard_of, clock_now, clock_ms"
    )
    op.execute(
        "DO $$ DECLARE clock regclass; BEGIN"
        " FOR clock IN SELECT oid FROM pg_class WHERE relkind = 'S' AND relname LIKE 'id\\_clock\\_%'"
        " LOOP EXECUTE 'DROP SEQUENCE ' || clock; END LOOP; END $$"
    )
