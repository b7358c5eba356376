"""What is measured: a page of the home feed, about 950 fields; and an operation that does nothing."""

import orjson

HOME_FEED = """
query HomeFeed($first: Int!) {
  viewer {
    homeFeed(first: $first) {
      pageInfo { hasNextPage endCursor }
      edges {
        cursor
        reason
        node {
          ... on Post {
            id
            caption
            createdAt
            likeCount
            commentCount
            viewerHasLiked
            viewerHasSaved
            author {
              id
              username
              fullName
              isVerified
              avatar { url(width: 150) }
              viewerRelationship { isFollowing isFollowedBy }
            }
            media {
              id
              width
              height
              blurhash
              ... on Image { variants { url width format } }
            }
            comments(first: 2) { nodes { id text likeCount author { id username } } }
          }
        }
      }
    }
  }
}
"""
PAGE = 20
HOME_FEED_BODY = orjson.dumps({"query": HOME_FEED, "variables": {"first": PAGE}})
NOTHING_BODY = orjson.dumps({"query": "{ __typename }"})


def count_fields(value: object) -> int:
    """Fields of an answer, with those that only hold others."""
    if isinstance(value, dict):
        return sum(1 + count_fields(inner) for inner in value.values())
    return sum(map(count_fields, value)) if isinstance(value, list) else 0
