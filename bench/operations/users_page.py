"""Thirty followers of a person, each with all that stands between them and the viewer."""

from typing import Any

from bench.crowd.rows import Crowd
from bench.operations.operation import RELATIONSHIP, Operation, page
from models.global_ids import NodeKind, encode

QUERY = (
    """
query Followers($id: ID!, $first: Int!) {
  node(id: $id) {
    ... on User {
      id
      followers(first: $first) {
        pageInfo { hasNextPage endCursor }
        nodes {
          id
          username
          fullName
          isVerified
          avatar { url(width: 150) }
          viewerRelationship {"""
    + RELATIONSHIP
    + """}
        }
      }
    }
  }
}
"""
)


def _variables(crowd: Crowd, place: int) -> dict[str, Any]:
    return {"id": encode(NodeKind.USER, crowd.stars[place % len(crowd.stars)]), "first": 30}


USERS_PAGE = Operation("users_page", "30 followers with viewerRelationship", page(QUERY, _variables), 150)
