"""Pictures with people who are on the same pictures: a few words that ask for millions of fields."""

from services.backend import Backend
from services.posts.attaching import NewMedia
from services.posts.checks import NewTag
from services.posts.create import NewPost, create_post
from tests.api import Api
from tests.factories import make_user
from tests.posting import links, ready_upload
from tests.resolvers.accounts import error_code
from tests.resolvers.posts import post_of


async def test_lists_within_lists_end_in_a_refusal(api: Api, backend: Backend) -> None:
    author, *people = [await make_user(backend) for _ in range(21)]
    tags = [NewTag(person.id, 0.5, 0.5) for person in people]
    media = [NewMedia(await ready_upload(backend, author.id), None, tags) for _ in range(20)]
    post_id = await create_post(backend, links(backend), author.id, NewPost(media))
    asked = {"id": post_of(post_id)}
    once = await api.data(_query(_tagged("username")), asked, token=author.access_token)
    usernames = [tag["user"]["username"] for one in once["node"]["media"] for tag in one["taggedUsers"]]
    assert usernames == [person.username for person in people] * 20
    twice = _query(_tagged(f"taggedPosts(first: 1) {{ nodes {{ {_tagged('username')} }} }}"))
    assert await error_code(api, twice, asked, token=author.access_token) == "LIMIT_EXCEEDED"


def _query(of_post: str) -> str:
    return f"query ($id: ID!) {{ node(id: $id) {{ ... on Post {{ {of_post} }} }} }}"


def _tagged(of_user: str) -> str:
    return f"media {{ taggedUsers {{ user {{ {of_user} }} }} }}"
