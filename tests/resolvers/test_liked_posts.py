from models.global_ids import NodeKind
from services.backend import Backend
from services.likes import like, unlike
from tests.api import Api
from tests.factories import Person, make_user
from tests.posting import change, links, make_block, make_comment, make_post, set_post_state, set_user_state
from tests.resolvers.posts import comment_of, mutate, post_of

LIKED = """
query ($first: Int! = 20, $after: String) { viewer { likedPosts(first: $first, after: $after) {
    nodes { id viewerHasLiked } pageInfo { hasNextPage endCursor }
} } }
"""


async def liked(api: Api, viewer: Person) -> list[str]:
    found = await api.data(LIKED, token=viewer.access_token)
    nodes = found["viewer"]["likedPosts"]["nodes"]
    assert all(node["viewerHasLiked"] for node in nodes)
    return [node["id"] for node in nodes]


async def test_the_latest_like_first_and_the_own_one_at_once(api: Api, backend: Backend) -> None:
    author, other, fan = [await make_user(backend) for _ in range(3)]
    numbers = [await make_post(backend, person) for person in (author, other, author)]
    comment_id = comment_of(await make_comment(backend, author, numbers[0]))
    a, b, c = map(post_of, numbers)
    for subject_id in (a, c, comment_id, b):
        await mutate(api, "like", "subject { id }", {"subjectId": subject_id}, fan)
    assert await liked(api, fan) == [b, c, a]
    await mutate(api, "unlike", "subject { id }", {"subjectId": c}, fan)
    assert await liked(api, fan) == [b, a]
    await mutate(api, "like", "subject { id }", {"subjectId": a}, fan)  # stands already, and keeps its place
    await mutate(api, "like", "subject { id }", {"subjectId": c}, fan)
    assert await liked(api, fan) == [c, b, a]
    assert await liked(api, author) == []


async def test_page_by_page(api: Api, backend: Backend) -> None:
    author, fan = await make_user(backend), await make_user(backend)
    numbers = [await make_post(backend, author) for _ in range(5)]
    for number in numbers:
        await like(backend, links(backend), fan.id, NodeKind.POST, number)
    seen: list[str] = []
    after = None
    while True:
        found = await api.data(LIKED, {"first": 2, "after": after}, token=fan.access_token)
        page = found["viewer"]["likedPosts"]
        seen += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        if len(seen) == 2:  # what is liked meanwhile does not move the rest
            await like(backend, links(backend), fan.id, NodeKind.POST, await make_post(backend, author))
    assert seen == [post_of(number) for number in numbers[::-1]]


async def test_what_may_not_be_seen_any_more_is_left_out(api: Api, backend: Backend) -> None:
    author, blocker, suspended, fan = [await make_user(backend) for _ in range(4)]
    kept, deleted, archived = [await make_post(backend, author) for _ in range(3)]
    others = [await make_post(backend, person) for person in (blocker, suspended)]
    own = await make_post(backend, fan)
    for number in (kept, deleted, archived, *others, own):
        await like(backend, links(backend), fan.id, NodeKind.POST, number)
    await set_post_state(backend, deleted, "DELETED")
    for number in (archived, own):
        await set_post_state(backend, number, "ARCHIVED")
    await make_block(backend, blocker, fan)
    await set_user_state(backend, suspended.id, "SUSPENDED")
    assert await liked(api, fan) == [post_of(own), post_of(kept)]


async def test_the_mirror_is_not_believed(api: Api, backend: Backend) -> None:
    author, fan = await make_user(backend), await make_user(backend)
    post_id = await make_post(backend, author)
    await like(backend, links(backend), fan.id, NodeKind.POST, post_id)
    await unlike(backend, links(backend), fan.id, NodeKind.POST, post_id)
    await change(
        backend, fan.id, "UPDATE likes_given SET state = 'LIKED', version = 1 WHERE user_id = :fan", fan=fan.id
    )
    assert await liked(api, fan) == []


async def test_an_anonymous_caller_has_none(api: Api) -> None:
    answer = await api(LIKED)
    assert answer["data"] == {"viewer": None}
