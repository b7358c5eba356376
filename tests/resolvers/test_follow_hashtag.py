import secrets

import pytest

from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.posting import make_post, rows
from tests.resolvers.posts import mutate, refused

SHOWN = "hashtag { name postCount viewerIsFollowing }"
BY_NAME = "query ($name: String!) { hashtag(name: $name) { name postCount viewerIsFollowing } }"


async def test_following_and_its_end_in_any_way_of_writing(api: Api, backend: Backend) -> None:
    viewer, name = await make_user(backend), f"dawn{secrets.token_hex(5)}"
    for mutation, typed, is_following in (
        ("followHashtag", f"#{name.upper()}", True),
        ("followHashtag", name, True),
        ("unfollowHashtag", f" ＃{name}", False),
        ("unfollowHashtag", name, False),
    ):
        shown = {"name": name, "postCount": 0, "viewerIsFollowing": is_following}
        answer = await mutate(api, mutation, SHOWN, {"name": typed}, viewer)
        assert answer == {"hashtag": shown, "userErrors": []}
        assert (await api.data(BY_NAME, {"name": typed}, token=viewer.access_token))["hashtag"] == shown
    # Nobody else comes to know that somebody has followed it.
    assert (await api.data(BY_NAME, {"name": name}))["hashtag"] is None


async def test_of_many_hashtags_which_are_followed(api: Api, backend: Backend) -> None:
    viewer, names = await make_user(backend), [f"t{secrets.token_hex(5)}" for _ in range(3)]
    await make_post(backend, viewer, caption=" ".join(f"#{name}" for name in names))
    await mutate(api, "followHashtag", SHOWN, {"name": names[1]}, viewer)
    query = "{ viewer { user { posts { nodes { hashtags { name viewerIsFollowing } } } } followedHashtags { nodes"
    query += " { name viewerIsFollowing } edges { cursor node { name } } pageInfo { hasNextPage } } } }"
    found = (await api.data(query, token=viewer.access_token))["viewer"]
    [post] = found["user"]["posts"]["nodes"]
    assert post["hashtags"] == [{"name": name, "viewerIsFollowing": name == names[1]} for name in names]
    assert found["followedHashtags"]["nodes"] == [{"name": names[1], "viewerIsFollowing": True}]
    assert [edge["node"] for edge in found["followedHashtags"]["edges"]] == [{"name": names[1]}]
    assert found["followedHashtags"]["pageInfo"] == {"hasNextPage": False}
    anonymous = await api.data(BY_NAME, {"name": names[1]})
    assert anonymous["hashtag"] == {"name": names[1], "postCount": 1, "viewerIsFollowing": False}


@pytest.mark.parametrize("mutation", ["followHashtag", "unfollowHashtag"])
async def test_what_is_refused_changes_nothing(api: Api, backend: Backend, mutation: str) -> None:
    viewer = await make_user(backend)
    for typed, code in (("two words", "INVALID"), ("#1", "INVALID"), ("a" * 101, "TOO_LONG")):
        answer = await mutate(api, mutation, SHOWN, {"name": typed}, viewer)
        assert answer == refused("hashtag", code, "name")
        assert (await api.data(BY_NAME, {"name": typed}))["hashtag"] is None
    if mutation == "unfollowHashtag":
        unknown = await mutate(api, mutation, SHOWN, {"name": f"t{secrets.token_hex(5)}"}, viewer)
        assert unknown == refused("hashtag", "NOT_FOUND", "name")
    anonymous = await api(f'mutation {{ {mutation}(input: {{name: "dawn"}}) {{ hashtag {{ id }} }} }}')
    assert anonymous["data"] == {mutation: None}
    assert anonymous["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await rows(backend, viewer.id, "SELECT 1 FROM hashtag_follows WHERE user_id = $1", viewer.id) == []
