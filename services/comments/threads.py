"""What is held while the comments of a post change."""

from typing import Any

from sqlalchemy import select

from models.shards import Transaction
from models.tables import Post


async def lock_post(transaction: Transaction, post_id: int) -> Any:
    """The post's `author_id`, `kind`, `state` and `comments_enabled`, held to commit.

    So the ids of a post's comments are in the order of their commits, none comes behind the deletion of the post or of
    what it answers, and of those who pin at once each sees the one before.
    """
    asked = select(Post.author_id, Post.kind, Post.state, Post.comments_enabled).where(Post.id == post_id)
    return (await transaction.session.execute(asked.with_for_update(key_share=True))).one()
