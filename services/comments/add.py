"""Commenting on a post, or on a comment of it."""

from dataclasses import dataclass, replace

from sqlalchemy import insert, select

from core.errors import UserErrorCode, UserFault, not_found
from models.ids import shard_of
from models.shards import Transaction
from models.tables import Comment, CommentState, Counter, PostState
from services import counts
from services.backend import Backend
from services.comments.mirror import Made, mirror_comments
from services.comments.threads import lock_post
from services.consequences import EventKind
from services.entities import checked_entities
from services.idempotency import checked_key, claim_key, renew_claim
from services.mirrored import or_later
from services.mirrors import Subject
from services.moderation.profanity import check_words
from services.moderation.repeats import check_repeats
from services.outbox import JSON, emit
from services.seen import comment_seen, post_seen
from services.text import checked_text, is_blank
from services.visible import MediaLinks
from services.written import Written, written

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
    entities = checked_entities(wanted.text, "text")
    await check_words(backend.settings, wanted.text, "text")
    post = await post_seen(backend, links, author_id, wanted.post_id, "postId")
    if wanted.parent_id is not None:
        wanted = replace(wanted, parent_id=await _thread(backend, links, author_id, wanted, wanted.parent_id))
    if wanted.idempotency_key is None:
        await check_repeats(backend, author_id, wanted.text, "text")
    said = await written(backend, links, author_id, entities)
    async with backend.transaction(shard_of(wanted.post_id)) as transaction:
        comment_id = await _write_once(backend, transaction, author_id, wanted, said)
    made = Made(comment_id, author_id, CommentState.LIVE.value, 1, Subject(post.author.id, post.kind))
    await or_later(mirror_comments(backend, [made]))
    return comment_id


def _checked(text: str) -> str:
    text = checked_text(text, "text", limit=LONGEST_TEXT, multiline=True)
    if is_blank(text):
        raise UserFault(UserErrorCode.TOO_SHORT, "Say something.", ("text",))
    return text


async def _thread(backend: Backend, links: MediaLinks, author_id: int, wanted: NewComment, parent_id: int) -> int:
    """The comment under which a reply to `parent_id` stands: replies nest one level deep."""
    parent = await comment_seen(backend, links, author_id, parent_id, "parentId")
    if parent.post.id != wanted.post_id:
        raise not_found("comment", "parentId")
    return parent.id if parent.parent_id is None else parent.parent_id


async def _write_once(
    backend: Backend, transaction: Transaction, author_id: int, wanted: NewComment, said: Written
) -> int:
    """What the key made before is not made, nor counted as said, again. Who comes at the same moment waits for the key,
    while nobody waits for the post."""
    if wanted.idempotency_key is None:
        return await _write(transaction, author_id, wanted, said)
    claim = (transaction, author_id, f"{OPERATION}:{wanted.post_id}", wanted.idempotency_key)
    placeholder = await transaction.mint_id()
    made = await claim_key(*claim, placeholder)
    if made != placeholder:
        return made
    await check_repeats(backend, author_id, wanted.text, "text")
    comment_id = await _write(transaction, author_id, wanted, said)
    await renew_claim(*claim, comment_id)
    return comment_id


async def _write(transaction: Transaction, author_id: int, wanted: NewComment, said: Written) -> int:
    post = await lock_post(transaction, wanted.post_id)
    if post.state == PostState.DELETED:
        raise not_found("post", "postId")
    comment_id = await transaction.mint_id()
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
            entities=said.entities,
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


async def _check_thread(transaction: Transaction, parent_id: int | None) -> None:
    if parent_id is None:
        return
    asked = select(Comment.id).where(Comment.id == parent_id, Comment.state == CommentState.LIVE.value)
    if (await transaction.session.execute(asked)).one_or_none() is None:
        raise not_found("comment", "parentId")
