from services.backend import Backend
from services.posts.attaching import NewMedia
from services.posts.checks import NewTag
from services.posts.create import NewPost, create_post
from tests.api import Api
from tests.factories import make_user
from tests.posting import fingerprint, links, make_post, ready_upload
from tests.resolvers.accounts import error_code
from tests.resolvers.posts import mutate, nobody, post_of, refused

SHOWN = "post { editedAt media { taggedUsers { user { id } } } }"
TAGGED = "query ($id: ID!) { node(id: $id) { ... on User { taggedPosts { nodes { id } } } } }"


async def test_off_the_pictures_and_off_ones_own_page(api: Api, backend: Backend) -> None:
    author, friend, other = [await make_user(backend) for _ in range(3)]
    tags = [NewTag(person.id, 0, 0) for person in (friend, other)]
    media = [NewMedia(await ready_upload(backend, author.id), tags=tags)]
    post_id = post_of(await create_post(backend, links(backend), author.id, NewPost(media)))
    page = {"id": friend.global_id}
    assert (await api.data(TAGGED, page))["node"]["taggedPosts"]["nodes"] == [{"id": post_id}]
    left = {"editedAt": None, "media": [{"taggedUsers": [{"user": {"id": other.global_id}}]}]}
    for _ in range(2):
        payload = await mutate(api, "removeMyTag", SHOWN, {"postId": post_id}, friend)
        assert payload == {"post": left, "userErrors": []}
    assert (await api.data(TAGGED, page))["node"]["taggedPosts"]["nodes"] == []
    assert (await api.data(TAGGED, {"id": other.global_id}))["node"]["taggedPosts"]["nodes"] == [{"id": post_id}]


async def test_of_what_may_not_be_seen(api: Api, backend: Backend) -> None:
    hidden, viewer = await make_user(backend, is_private=True), await make_user(backend)
    secret = post_of(await make_post(backend, hidden))
    before = await fingerprint(backend)
    for post_id in (secret, nobody(of="POST"), viewer.global_id):
        payload = await mutate(api, "removeMyTag", SHOWN, {"postId": post_id}, viewer)
        assert payload == refused("post", "NOT_FOUND", "postId")
    assert await fingerprint(backend) == before
    query = f'mutation {{ removeMyTag(input: {{ postId: "{secret}" }}) {{ post {{ id }} }} }}'
    assert await error_code(api, query) == "UNAUTHENTICATED"
