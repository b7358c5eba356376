"""Who may see what. Every road to an object passes here; what is not known to be visible is hidden.

What may be asked is read from the truth (never from a mirror) in one statement per node, and decided by the
clauses below. The answer is rows of a type of their own (`services.visible`). Where the truth is out of reach, a mirror
may hide something (`people_behind`), and shows nothing.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Any

from media.signing import CachePolicy, Grant
from models.global_ids import NodeKind
from models.reads.collections import COLLECTIONS_BY_ID
from models.reads.comments import COMMENTS_BY_ID
from models.reads.people import BLOCKS_HEARD_OF, USERS_BY_ID
from models.reads.posts import HASHTAGS_OF_POSTS, POSTS_BY_ID
from models.reads.reader import Reader
from models.reads.reports import REPORTS_BY_ID
from models.tables import (
    CollectionState,
    CommentState,
    FollowState,
    LikeState,
    PostState,
    ReportReason,
    ReportStatus,
    SaveState,
    UserState,
)
from services.marks import NOBODY, Marks, marks_of
from services.visible import (
    HashtagRow,
    MediaLinks,
    PlaceRow,
    VisibleCollection,
    VisibleComment,
    VisiblePost,
    VisibleReport,
    VisibleUser,
    entity_rows,
    media_row,
)

# The clauses. Each may say "no"; where one is switched off, the sweep of tests/sweep/ fails.


def is_active(row: Any) -> bool:
    """Neither suspended nor deleted."""
    return bool(row["user_state"] == UserState.ACTIVE)


def does_not_block_viewer(row: Any) -> bool:
    return not row["blocks_viewer"]


def is_not_blocked(row: Any, marks: Marks) -> bool:
    """By the viewer."""
    return row["user_id"] not in marks.blocked


def lets_viewer_in(row: Any, viewer_id: int) -> bool:
    """The viewer's own account, a public one, or one that has accepted the viewer's follow."""
    return bool(row["user_id"] == viewer_id or not row["is_private"] or row["follow_state"] == FollowState.ACCEPTED)


def post_stands(row: Any, viewer_id: int) -> bool:
    """Live, or the viewer's own and archived."""
    return bool(row["state"] == PostState.LIVE or (row["state"] == PostState.ARCHIVED and row["user_id"] == viewer_id))


def comment_stands(row: Any) -> bool:
    return bool(row["state"] == CommentState.LIVE and not row["withheld"])


def parent_stands(row: Any) -> bool:
    return row["parent_id"] is None or bool(row["parent_state"] == CommentState.LIVE and not row["parent_withheld"])


def collection_stands(row: Any) -> bool:
    return bool(row["state"] == CollectionState.LIVE)


def collection_is_viewers(row: Any, viewer_id: int) -> bool:
    return bool(row["owner_id"] == viewer_id)


def report_is_viewers(row: Any, viewer_id: int) -> bool:
    return bool(row["reporter_id"] == viewer_id)


# What they make together.


def user_may_be_seen(row: Any, marks: Marks) -> bool:
    return is_active(row) and does_not_block_viewer(row) and is_not_blocked(row, marks)


def content_may_be_seen(row: Any, viewer_id: int, marks: Marks) -> bool:
    """What a user posts, and whom the user follows and is followed by."""
    return user_may_be_seen(row, marks) and lets_viewer_in(row, viewer_id)


def post_may_be_seen(row: Any, viewer_id: int, marks: Marks) -> bool:
    return content_may_be_seen(row, viewer_id, marks) and post_stands(row, viewer_id)


def comment_may_be_seen(row: Any) -> bool:
    """Apart from its post and the people behind it, who are asked for themselves."""
    return comment_stands(row) and parent_stands(row)


async def visible_users(
    reader: Reader, links: MediaLinks, viewer_id: int, user_ids: Iterable[int]
) -> dict[int, VisibleUser]:
    """Those of the users whom the viewer may see, by id."""
    wanted = set(user_ids)
    if not wanted:
        return {}
    rows, marks = await asyncio.gather(reader.by_ids(USERS_BY_ID, wanted, viewer_id), marks_of(reader, viewer_id))
    return {row["user_id"]: _user(row, links) for row in rows if user_may_be_seen(row, marks)}


async def users_blocked(
    reader: Reader, links: MediaLinks, viewer_id: int, user_ids: Iterable[int]
) -> dict[int, VisibleUser]:
    """Those of the users whom the viewer blocks, by id: for the blocker's own list, and for what answers a block or its
    end. Nothing else shows them."""
    wanted = set(user_ids)
    if not wanted:
        return {}
    rows, marks = await asyncio.gather(reader.by_ids(USERS_BY_ID, wanted, viewer_id), marks_of(reader, viewer_id))
    return {row["user_id"]: _user(row, links) for row in rows if is_active(row) and not is_not_blocked(row, marks)}


def visible_user(row: Any, links: MediaLinks) -> VisibleUser | None:
    """The viewer, in a row that was read with USER_COLUMNS for another reason."""
    return _user(row, links) if is_active(row) else None


async def visible_posts(
    reader: Reader, links: MediaLinks, viewer_id: int, post_ids: Iterable[int]
) -> dict[int, VisiblePost]:
    """Those of the posts that the viewer may see, by id."""
    wanted = set(post_ids)
    if not wanted:
        return {}
    return await posts_of(reader, links, viewer_id, reader.by_ids(POSTS_BY_ID, wanted, viewer_id))


async def posts_of(
    reader: Reader, links: MediaLinks, viewer_id: int, reading: Awaitable[Iterable[Any]]
) -> dict[int, VisiblePost]:
    """The same of rows that are read for another reason, in their order. They have the columns of POSTS_BY_ID."""
    rows, marks = await asyncio.gather(reading, marks_of(reader, viewer_id))
    authors: dict[int, VisibleUser] = {}
    return {row["id"]: _post(row, viewer_id, links, authors) for row in rows if post_may_be_seen(row, viewer_id, marks)}


async def public_hashtags(reader: Reader, viewer_id: int, post_ids: Iterable[int]) -> dict[int, list[HashtagRow]]:
    """The hashtags of those of the posts that are live, of a public account, and to be seen by the viewer, by post."""
    wanted = set(post_ids)
    if not wanted:
        return {}
    rows, marks = await asyncio.gather(reader.by_ids(HASHTAGS_OF_POSTS, wanted, viewer_id), marks_of(reader, viewer_id))
    return {
        row["id"]: [HashtagRow(one["id"], one["name"]) for one in row["hashtags"]]
        for row in rows
        if post_may_be_seen(row, viewer_id, marks) and row["state"] == PostState.LIVE and not row["is_private"]
    }


async def people_behind(
    reader: Reader, links: MediaLinks, viewer_id: int, user_ids: Iterable[int]
) -> dict[int, VisibleUser | None]:
    """Who said something, by id: None for one whose account is deleted or out of reach. Of those who are left out
    nothing may be shown: of one out of reach, too, who is known on the viewer's shard to block the viewer."""
    wanted = set(user_ids)
    if not wanted:
        return {}
    found, marks = await asyncio.gather(reader.by_ids(USERS_BY_ID, wanted, viewer_id), marks_of(reader, viewer_id))
    rows = {row["user_id"]: row for row in found}
    gone = {user_id for user_id in wanted if _is_gone(rows.get(user_id)) and user_id not in marks.blocked}
    if reader.unavailable and viewer_id != NOBODY and (unheard := gone - rows.keys()):
        heard = await reader.on_shard_of(viewer_id, BLOCKS_HEARD_OF, viewer_id, list(unheard))
        gone -= {row["blocker_id"] for row in heard}
    return dict.fromkeys(gone) | {
        user_id: _user(row, links) for user_id, row in rows.items() if user_may_be_seen(row, marks)
    }


def _is_gone(row: Any | None) -> bool:
    return row is None or (row["user_state"] == UserState.DELETED and does_not_block_viewer(row))


async def visible_comments(
    reader: Reader, links: MediaLinks, viewer_id: int, comment_ids: Iterable[int]
) -> dict[int, VisibleComment]:
    """Those of the comments whose post and author, and whose parent and its author, the viewer may see too, by id."""
    wanted = set(comment_ids)
    if not wanted:
        return {}
    rows = [row for row in await reader.by_ids(COMMENTS_BY_ID, wanted, viewer_id) if comment_may_be_seen(row)]
    posts = await visible_posts(reader, links, viewer_id, {row["post_id"] for row in rows})
    return await comments_of(reader, links, viewer_id, rows, posts)


async def comments_of(
    reader: Reader, links: MediaLinks, viewer_id: int, rows: Sequence[Any], posts: Mapping[int, VisiblePost]
) -> dict[int, VisibleComment]:
    """The same where the posts are known already. `rows` have the columns of COMMENTS_BY_ID."""
    shown = [row for row in rows if comment_may_be_seen(row) and row["post_id"] in posts]
    behind = {row["author_id"] for row in shown} | {row["parent_author_id"] for row in shown if row["parent_id"]}
    people = await people_behind(reader, links, viewer_id, behind)
    return {
        row["id"]: _comment(row, viewer_id, posts[row["post_id"]], people[row["author_id"]])
        for row in shown
        if row["author_id"] in people and (row["parent_id"] is None or row["parent_author_id"] in people)
    }


async def visible_collections(
    reader: Reader, viewer_id: int, collection_ids: Iterable[int]
) -> dict[int, VisibleCollection]:
    """Those of the collections that are the viewer's, by id."""
    wanted = set(collection_ids)
    return collections_of(await reader.by_ids(COLLECTIONS_BY_ID, wanted), viewer_id) if wanted else {}


def collections_of(rows: Iterable[Any], viewer_id: int) -> dict[int, VisibleCollection]:
    """The same of rows that were read for another reason, in their order."""
    return {
        row["id"]: VisibleCollection(row["id"], row["name"], row["cover_post_id"], row["post_count"])
        for row in rows
        if collection_stands(row) and collection_is_viewers(row, viewer_id)
    }


async def visible_reports(reader: Reader, viewer_id: int, report_ids: Iterable[int]) -> dict[int, VisibleReport]:
    """Those of the reports that the viewer made, by id."""
    wanted = set(report_ids)
    rows = await reader.by_ids(REPORTS_BY_ID, wanted) if wanted else []
    return {row["id"]: _report(row) for row in rows if report_is_viewers(row, viewer_id)}


def _user(row: Any, links: MediaLinks) -> VisibleUser:
    return VisibleUser(
        row["user_id"],
        row["username"],
        row["full_name"],
        row["bio"],
        row["website"],
        row["pronouns"],
        row["avatar"],
        row["is_private"],
        row["is_verified"],
        row["name_version"],
        row["media_floor"],
        links,
    )


def _post(row: Any, viewer_id: int, links: MediaLinks, authors: dict[int, VisibleUser]) -> VisiblePost:
    author = authors.get(row["user_id"])
    if author is None:
        author = authors[row["user_id"]] = _user(row, links)
    is_author = author.id == viewer_id
    policy = CachePolicy.PRIVATE if author.is_private or row["state"] != PostState.LIVE else CachePolicy.PUBLIC
    grant = Grant(author.id, max(author.media_floor, row["media_epoch"]), policy)
    return VisiblePost(
        id=row["id"],
        author=author,
        kind=row["kind"],
        caption=row["caption"],
        caption_entities=entity_rows(row["entities"]),
        hashtags=[HashtagRow(one["id"], one["name"]) for one in row["hashtags"]],
        media=[media_row(inline, grant, links) for inline in row["media"]],
        place=PlaceRow(**row["place"]) if row["place"] else None,
        state=row["state"],
        edited_at=row["edited_at"],
        pinned_at=row["pinned_at"],
        comments_enabled=row["comments_enabled"],
        like_count_hidden=row["like_count_hidden"],
        like_count=row["like_count"],
        comment_count=row["comment_count"],
        share_count=row["share_count"],
        total_save_count=row["save_count"],
        viewer_has_liked=row["like_state"] == LikeState.LIKED,
        viewer_has_saved=row["save_state"] == SaveState.SAVED,
        viewer_is_author=is_author,
        viewer_can_comment=viewer_id != NOBODY and row["comments_enabled"] and row["state"] == PostState.LIVE,
        follow_state=row["follow_state"],
        follow_since=row["follow_since"],
    )


def _comment(row: Any, viewer_id: int, post: VisiblePost, author: VisibleUser | None) -> VisibleComment:
    return VisibleComment(
        id=row["id"],
        post=post,
        author_id=row["author_id"],
        author=author,
        parent_id=row["parent_id"],
        text=row["text"],
        entities=entity_rows(row["entities"]),
        is_pinned=row["pinned_at"] is not None,
        like_count=row["like_count"],
        reply_count=row["reply_count"],
        viewer_has_liked=row["like_state"] == LikeState.LIKED,
        viewer_can_delete=viewer_id != NOBODY and viewer_id in (row["author_id"], post.author.id),
    )


def _report(row: Any) -> VisibleReport:
    return VisibleReport(
        id=row["id"],
        subject_kind=NodeKind[row["subject_kind"]],
        subject_id=row["subject_id"],
        reason=ReportReason(row["reason"]),
        details=row["details"],
        status=ReportStatus(row["status"]),
    )
