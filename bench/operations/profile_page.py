"""A person with counts, what stands between them and the viewer, and thirty posts."""

from typing import Any

from bench.crowd.rows import Crowd
from bench.operations.operation import ENTITIES, RELATIONSHIP, Operation, page

QUERY = (
    """
query Profile($username: String!, $first: Int!) {
  user(username: $username) {
    id
    username
    fullName
    bio
    website
    pronouns
    isPrivate
    isVerified
    avatar { url(width: 150) }
    postCount
    followerCount
    followingCount
    viewerRelationship {"""
    + RELATIONSHIP
    + """}
    posts(first: $first) {
      pageInfo { hasNextPage endCursor }
      nodes {
        id
        shortcode
        kind
        caption
        captionEntities {"""
    + ENTITIES
    + """}
        hashtags { id name }
        createdAt
        isPinned
        likeCount
        commentCount
        viewerHasLiked
        viewerHasSaved
        viewerCanComment
        media {
          id
          width
          height
          blurhash
          altText
          ... on Image { variants { url width format } }
        }
      }
    }
  }
}
"""
)


def _variables(crowd: Crowd, place: int) -> dict[str, Any]:
    return {"username": crowd.names[crowd.stars[place % len(crowd.stars)]], "first": 30}


PROFILE_PAGE = Operation("profile_page", "profile with 30 posts", page(QUERY, _variables), 100)
