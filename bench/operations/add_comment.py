"""Commenting on a post: another text each time."""

from collections.abc import Iterator, Sequence

from bench.crowd.rows import HASHTAG, Crowd
from bench.operations.operation import ENTITIES, Call, Operation, Side, body_of, posts_for

QUERY = (
    """
mutation AddComment($input: AddCommentInput!) {
  addComment(input: $input) {
    comment {
      id
      text
      entities {"""
    + ENTITIES
    + """}
      createdAt
      isPinned
      likeCount
      replyCount
      viewerHasLiked
      viewerCanDelete
      author { id username fullName avatar { url(width: 150) } }
      post { id commentCount }
    }
    userErrors { code message field }
  }
}
"""
)


def _groups(crowd: Crowd, side: Side) -> Iterator[Sequence[Call]]:
    for number, (viewer, post) in enumerate(posts_for(crowd, side)):
        # Letters between the digits: 11 and 1 are the same to who looks for repeats.
        text = f"What light, @{crowd.names[crowd.stars[0]]}, for the {'x'.join(str(number))}th time #{HASHTAG}"
        given = {"postId": post, "text": text, "idempotencyKey": f"{side}{number:017d}"}
        yield (Call(viewer, body_of(QUERY, input=given)),)


ADD_COMMENT = Operation("add_comment", "addComment", _groups, 120, changes=True)
