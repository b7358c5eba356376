"""A page of the home feed: twenty posts, each with author, pictures, counts and two comments."""

from bench.operations.operation import Operation, page

QUERY = """
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
HOME_FEED = Operation("home_feed", "home feed, 20 posts", page(QUERY, lambda _crowd, _place: {"first": 20}), 150)
