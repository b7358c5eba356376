"""A post with fifty comments, each with two replies."""

from typing import Any

from bench.crowd.rows import Crowd
from bench.operations.operation import ENTITIES, Operation, page
from models.global_ids import NodeKind, encode

_COMMENT = (
    """
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
    author { id username avatar { url(width: 150) } }
"""
)
QUERY = (
    """
query Comments($id: ID!, $first: Int!, $replies: Int!) {
  node(id: $id) {
    ... on Post {
      id
      commentCount
      comments(first: $first) {
        pageInfo { hasNextPage endCursor }
        nodes {"""
    + _COMMENT
    + """
          replies(first: $replies) {
            pageInfo { hasNextPage endCursor }
            nodes {"""
    + _COMMENT
    + """}
          }
        }
      }
    }
  }
}
"""
)


def _variables(crowd: Crowd, place: int) -> dict[str, Any]:
    return {"id": encode(NodeKind.POST, crowd.talks[place % len(crowd.talks)]), "first": 50, "replies": 2}


COMMENTS_PAGE = Operation("comments_page", "50 comments with 2 replies each", page(QUERY, _variables), 60)
