"""Commenting on a post, or on a comment of it."""

import unicodedata
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import insert, select

from core.errors import UserErrorCode, UserFault, not_found
from models.ids import created_at, shard_of
from models.reads.edges import COMMENT
from models.shards import Transaction
from models.tables import Comment, CommentMade, CommentState, Counter, Post, PostState
from services import counts
from services.backend import Backend
from services.consequences import EventKind
from services.idempotency import checked_key, claim_key
from services.mirrored import or_later
from services.mirrors import apply
from services.outbox import JSON, Job, emit
from services.seen import comment_seen, post_seen
from services.text import checked_text
from services.visible import MediaLinks
from services.withholding import COMMENTS, settle_one

OPERATION = "addComment"
LONGEST_TEXT = 2200


@dataclass(frozen=True, slots=True)
class NewComment:
    """`parent_id` is of the comment that it answers. An `idempotency_key` used before on this post gives what it made
    then."""

    post_id: int
    text: str
    parent_id: int | None = None
    idempotency_key: str | None = None


async def add_comment(backend: Backend, links: MediaLinks, author_id: int, wanted: NewComment) -> int:
    """The comment's id. Raises UserFault, after which nothing has changed, and ShardUnavailable."""
    checked_key(wanted.idempotency_key, "idempotencyKey")
    wanted = replace(wanted, text=_checked(wanted.text))
    await post_seen(backend, links, author_id, wanted.post_id, "postId")
    if wanted.parent_id is not None:
        wanted = replace(wanted, parent_id=await _thread(backend, links, author_id, wanted, wanted.parent_id))
    async with backend.transaction(shard_of(wanted.post_id)) as transaction:
        comment_id = await _write(transaction, author_id, wanted)
    await or_later(_mirror(backend, author_id, comment_id, CommentState.LIVE, 1))
    return comment_id


def _checked(text: str) -> str:
    text = checked_text(text, "text", limit=LONGEST_TEXT, multiline=True)
    if not any(unicodedata.category(character)[0] in "LMNPS" for character in text):
        raise UserFault(UserErrorCode.TOO_SHORT, "Say something.", ("text",))
    return text


async def _thread(backend: Backend, links: MediaLinks, author_id: int, wanted: NewComment, parent_id: int) -> int:
    """The comment under which a reply to `parent_id` stands: replies nest one level deep."""
    parent = await comment_seen(backend, links, author_id, parent_id, "parentId")
    if parent.post.id != wanted.post_id:
        raise not_found("comment", "parentId")
    return parent.id if parent.parent_id is None else parent.parent_id


async def _write(transaction: Transaction, author_id: int, wanted: NewComment) -> int:
    post = await _lock_post(transaction, wanted.post_id)
    comment_id = await transaction.mint_id()
    if wanted.idempotency_key is not None:
        made = await claim_key(
            transaction, author_id, f"{OPERATION}:{wanted.post_id}", wanted.idempotency_key, comment_id
        )
        if made != comment_id:
            return made
    if post.state != PostState.LIVE or not post.comments_enabled:
        raise UserFault(UserErrorCode.NOT_ALLOWED, "Comments on this post are off.", ("postId",))
    await _check_thread(transaction, wanted.parent_id)
    await transaction.session.execute(
        insert(Comment).values(
            id=comment_id,
            post_id=wanted.post_id,
            author_id=author_id,
            parent_id=wanted.parent_id,
            text=wanted.text,
        )
    )
    await counts.add(transaction, wanted.post_id, Counter.COMMENTS, 1)
    if wanted.parent_id is not None:
        await counts.add(transaction, wanted.parent_id, Counter.REPLIES, 1)
    happened: dict[str, JSON] = {
        "comment_id": comment_id,
        "post_id": wanted.post_id,
        "author_id": author_id,
        "post_author_id": post.author_id,
        "parent_id": wanted.parent_id,
    }
    await emit(transaction, EventKind.COMMENT_ADDED, happened)
    return comment_id


async def _lock_post(transaction: Transaction, post_id: int) -> Any:
    """Held to commit: so the ids of a post's comments are in the order of their commits, and none comes behind the
    deletion of the post."""
    asked = select(Post.author_id, Post.state, Post.comments_enabled).where(Post.id == post_id)
    post = (await transaction.session.execute(asked.with_for_update(key_share=True))).one()
    if post.state == PostState.DELETED:
        raise not_found("post", "postId")
    return post


async def _check_thread(transaction: Transaction, parent_id: int | None) -> None:
    if parent_id is None:
        return
    asked = select(Comment.id).where(Comment.id == parent_id, Comment.state == CommentState.LIVE.value)
    if (await transaction.session.execute(asked)).one_or_none() is None:
        raise not_found("comment", "parentId")


async def _mirror(backend: Backend, author_id: int, comment_id: int, state: str, version: int) -> None:
    async with backend.transaction(shard_of(author_id)) as transaction:
        await apply(
            transaction,
            CommentMade,
            {"user_id": author_id, "comment_id": comment_id},
            {"since": created_at(comment_id)},
            version=version,
            state=state,
        )


async def repair_comment(job: Job) -> None:
    """For COMMENT_ADDED: brings the commenter's mirror to what the truth says now, and behind it settles whether the
    comment is withheld. Raises Unsettled and ShardUnavailable."""
    comment_id = job.payload["comment_id"]
    for row in await job.backend.reader().on_shard_of(comment_id, COMMENT, comment_id):
        await _mirror(job.backend, row["author_id"], comment_id, row["state"], row["version"])
        await settle_one(job.backend, COMMENTS, row["author_id"], comment_id)
