"""Liking a post and taking it back, so that each does something."""

from collections.abc import Iterator, Sequence

from bench.crowd.rows import Crowd
from bench.operations.operation import Call, Operation, Side, body_of, posts_for


def _query(field: str) -> str:
    return f"""
mutation ($id: ID!) {{
  {field}(input: {{subjectId: $id}}) {{
    subject {{ id likeCount viewerHasLiked }}
    userErrors {{ code message field }}
  }}
}}
"""


def _groups(crowd: Crowd, side: Side) -> Iterator[Sequence[Call]]:
    for viewer, post in posts_for(crowd, side):
        yield tuple(Call(viewer, body_of(_query(field), id=post)) for field in ("like", "unlike"))


LIKE = Operation("like", "like and unlike in turn", _groups, 200, changes=True)
