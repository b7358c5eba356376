"""Inputs and payloads of posting, commenting, liking and saving."""

import strawberry
from strawberry.scalars import ID

from models.tables import PostKind
from schema.base import Likeable, UserError
from schema.comment import Comment
from schema.post import Post

USER_ERRORS = "Why it was refused; empty on success."
KEY = (
    "1 to 200 characters of your choice, each a letter, digit, sign or plain space. Sent a second time, nothing is"
    " made; you get what was made the first time."
)


@strawberry.input(description="A person on a picture or in a film.")
class UserTagInput:
    user_id: ID = strawberry.field(description="Who it is: each once on one of them.")
    x: float = strawberry.field(description="From the left edge (0) to the right (1): nothing outside.")
    y: float = strawberry.field(description="From the top edge (0) to the bottom (1): nothing outside.")


@strawberry.input(description="A picture or a film of a post.")
class PostMediaInput:
    upload_id: ID = strawberry.field(
        description="An upload of yours of the purpose POST, or REEL where it stands alone; READY, not used before."
    )
    alt_text: str | None = strawberry.field(
        default=None, description="What is to be seen, at most 1,000 characters; the upload's own, if left out."
    )
    user_tags: list[UserTagInput] | None = strawberry.field(default=None, description="Who is on it: at most 20.")


@strawberry.input(description="Where something was taken.")
class PlaceInput:
    name: str = strawberry.field(description="1 to 100 characters in one line, one that can be seen at least.")
    latitude: float = strawberry.field(description="In degrees, from -90 to 90.")
    longitude: float = strawberry.field(description="In degrees, from -180 to 180.")


@strawberry.input(description="What to post.")
class CreatePostInput:
    media: list[PostMediaInput] = strawberry.field(description="1 to 20 pictures and films, in order.")
    caption: str | None = strawberry.field(
        default=None,
        description="At most 2,200 characters (Unicode code points), in any lines, at most 30 hashtags and 20 mentions,"
        " each counted once.",
    )
    place: PlaceInput | None = strawberry.field(default=None, description="Where they were taken.")
    kind: PostKind | None = strawberry.field(
        default=None,
        description="What the media make it, and nothing else: PHOTO for a picture, VIDEO for a film, REEL for a film"
        " that was uploaded with that purpose, CAROUSEL for several. It may be left out.",
    )
    comments_enabled: bool = strawberry.field(default=True, description="Whether it can be commented on.")
    like_count_hidden: bool = strawberry.field(default=False, description="Whether you want the likes not to be shown.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)


@strawberry.input(description="A picture or a film of a post, and what to change of it.")
class UpdatePostMediaInput:
    media_id: ID = strawberry.field(description="The image or the video, by its id.")
    alt_text: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="What is to be seen, at most 1,000 characters. Stays, if left out; null takes it away.",
    )
    user_tags: list[UserTagInput] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Who is on it: at most 20, in place of those until now. Stays, if left out; null takes all away.",
    )


@strawberry.input(description="A post of yours, and what to change of it. What is left out stays as it is.")
class UpdatePostInput:
    post_id: ID = strawberry.field(description="A post of yours.")
    caption: str | None = strawberry.field(default=strawberry.UNSET, description="As when posting; null takes it away.")
    place: PlaceInput | None = strawberry.field(
        default=strawberry.UNSET, description="Where it was taken; null takes it away."
    )
    comments_enabled: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether it can be commented on; not null."
    )
    like_count_hidden: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Whether you want the likes not to be shown; not null."
    )
    is_pinned: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether it stands at the top of your profile; at most 3 do, none that is archived; not null.",
    )
    media: list[UpdatePostMediaInput] | None = strawberry.field(
        default=strawberry.UNSET, description="All that the post shows, each once, in the new order; not null."
    )


@strawberry.input(description="On whose pictures or in whose films you are.")
class RemoveMyTagInput:
    post_id: ID = strawberry.field(description="A post that you may see.")


@strawberry.input(description="What to archive.")
class ArchivePostInput:
    post_id: ID = strawberry.field(description="A post of yours.")


@strawberry.input(description="What to bring back.")
class UnarchivePostInput:
    post_id: ID = strawberry.field(description="A post of yours.")


@strawberry.input(description="What to show to whom.")
class SharePostInput:
    post_id: ID = strawberry.field(description="The post.")
    conversation_ids: list[ID] | None = strawberry.field(
        default=None, description="Conversations of yours, none at present: what is named here is not found."
    )
    user_ids: list[ID] | None = strawberry.field(
        default=None, description="People whom you may see, 1 to 20, each once, and not yourself."
    )
    text: str | None = strawberry.field(
        default=None, description="What you say to it: at most 1,000 characters, in any lines."
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="As in CreatePostInput. Sent a second time for a post, nothing is shared.",
    )


@strawberry.input(description="What to delete.")
class DeletePostInput:
    post_id: ID = strawberry.field(description="A post of yours.")


@strawberry.input(description="What to save for yourself.")
class SavePostInput:
    post_id: ID = strawberry.field(description="The post.")
    collection_id: ID | None = strawberry.field(
        default=None, description="A collection of yours to put it into: it takes 10,000 posts at most."
    )


@strawberry.input(description="What to save no more.")
class UnsavePostInput:
    post_id: ID = strawberry.field(description="The post.")
    collection_id: ID | None = strawberry.field(
        default=None,
        description="A collection of yours to take it out of, while it stays saved. If left out, it is saved no more,"
        " and taken out of all.",
    )


@strawberry.input(description="What to say to a post.")
class AddCommentInput:
    post_id: ID = strawberry.field(description="The post.")
    text: str = strawberry.field(
        description="At most 2,200 characters, in any lines, 30 hashtags and 20 mentions, each counted once; a"
        " character is a Unicode code point, and one can be seen at least. Swear words, and the same"
        " over and over, are refused."
    )
    parent_id: ID | None = strawberry.field(
        default=None, description="The comment that it answers. An answer to an answer joins the comment of that one."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY)


@strawberry.input(description="What to delete.")
class DeleteCommentInput:
    comment_id: ID = strawberry.field(
        description="A comment of yours, or one on a post of yours. What answers it goes with it."
    )


@strawberry.input(description="What to keep at the top of a post.")
class PinCommentInput:
    comment_id: ID = strawberry.field(
        description="A comment on a post of yours that answers none (NOT_ALLOWED). At most 3 of a post."
    )


@strawberry.input(description="What to keep at the top of a post no more.")
class UnpinCommentInput:
    comment_id: ID = strawberry.field(description="A comment on a post of yours.")


@strawberry.input(description="What to like.")
class LikeInput:
    subject_id: ID = strawberry.field(description="A post or a comment.")


@strawberry.input(description="What to like no more.")
class UnlikeInput:
    subject_id: ID = strawberry.field(description="A post or a comment.")


@strawberry.type(description="A post after a change, or why it was refused.")
class PostPayload:
    post: Post | None = strawberry.field(default=None, description="The post.")
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="What was deleted, or why it was refused.")
class DeletedPayload:
    deleted_id: ID | None = strawberry.field(default=None, description="What is there no more.")
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="A comment after a change, or why it was refused.")
class CommentPayload:
    comment: Comment | None = strawberry.field(default=None, description="The comment.")
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS)


@strawberry.type(description="What was liked or is liked no more, or why it was refused.")
class LikePayload:
    subject: Likeable | None = strawberry.field(default=None, description="It, after the change.")
    user_errors: list[UserError] = strawberry.field(description=USER_ERRORS)
