"""Posting two pictures."""

from collections.abc import Iterator, Sequence

from bench.crowd.rows import HASHTAG, Crowd
from bench.operations.operation import ENTITIES, Call, Operation, Side, body_of
from models.global_ids import NodeKind, encode

PICTURES = 2
QUERY = (
    """
mutation CreatePost($input: CreatePostInput!) {
  createPost(input: $input) {
    post {
      id
      shortcode
      kind
      caption
      captionEntities {"""
    + ENTITIES
    + """}
      hashtags { id name }
      createdAt
      likeCount
      commentCount
      viewerHasLiked
      author { id username fullName avatar { url(width: 150) } }
      media {
        id
        width
        height
        blurhash
        altText
        ... on Image { variants { url width format } }
      }
    }
    userErrors { code message field }
  }
}
"""
)


def _groups(crowd: Crowd, side: Side) -> Iterator[Sequence[Call]]:
    """As long as there are uploads."""
    left = {viewer: iter(uploads[side :: len(Side)]) for viewer, uploads in crowd.uploads.items()}
    number = 0
    while True:
        viewer = crowd.viewers[number % len(crowd.viewers)]
        try:
            media = [{"uploadId": encode(NodeKind.UPLOAD, next(left[viewer]))} for _ in range(PICTURES)]
        except StopIteration:
            return
        caption = f"The {number}th of them, with @{crowd.names[crowd.stars[0]]} #{HASHTAG} https://example.com/{number}"
        given = {"media": media, "caption": caption, "idempotencyKey": f"{side}{number:017d}"}
        yield (Call(viewer, body_of(QUERY, input=given)),)
        number += 1


CREATE_POST = Operation("create_post", "createPost, 2 pictures", _groups, 80, times=2, changes=True)
