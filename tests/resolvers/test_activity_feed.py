from models.global_ids import NodeKind
from services.backend import Backend
from services.likes import like, unlike
from services.relationships.mutes import mute
from tests.api import Api
from tests.factories import Person, make_user
from tests.posting import links, make_block, make_comment, make_follow, make_post, set_post_state
from tests.resolvers.posts import comment_of, post_of

ACTIVITY = """
query ($first: Int! = 100, $after: String) { viewer { activityFeed(first: $first, after: $after) {
    edges { cursor node { verb createdAt actor { id username } subject {
        __typename ... on Post { id createdAt } ... on Comment { id createdAt } ... on User { id }
    } } }
    nodes { verb } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
} } }
"""


async def feed(api: Api, viewer: Person) -> list[tuple[str, str, str, str]]:
    """The actor, the verb, the type of the subject and its id, the latest first."""
    found = await api.data(ACTIVITY, token=viewer.access_token)
    page = found["viewer"]["activityFeed"]
    nodes = [edge["node"] for edge in page["edges"]]
    assert [node["verb"] for node in page["nodes"]] == [node["verb"] for node in nodes]
    for node in nodes:
        if node["verb"] in ("POSTED", "COMMENTED"):
            assert node["createdAt"] == node["subject"]["createdAt"]
    return [(n["actor"]["username"], n["verb"], n["subject"]["__typename"], n["subject"]["id"]) for n in nodes]


async def test_what_the_followed_do_and_what_happens_on_their_posts(api: Api, backend: Backend) -> None:
    viewer, friend, other, crowd = [await make_user(backend) for _ in range(4)]
    await make_follow(backend, viewer, friend)
    assert await feed(api, viewer) == []
    theirs, elsewhere, own = [await make_post(backend, person) for person in (friend, other, viewer)]
    await like(backend, links(backend), friend.id, NodeKind.POST, elsewhere)
    said = await make_comment(backend, friend, own)
    await like(backend, links(backend), crowd.id, NodeKind.POST, theirs)
    await make_comment(backend, crowd, elsewhere)  # is nobody's whom the viewer follows, nor on a post of theirs
    heard = await make_comment(backend, crowd, theirs)
    answer = await make_comment(backend, other, theirs, parent_id=heard)
    await make_comment(backend, viewer, theirs)  # the viewer's own doing
    await like(backend, links(backend), viewer.id, NodeKind.POST, theirs)
    await like(backend, links(backend), friend.id, NodeKind.COMMENT, heard)  # of likes of comments nothing is told
    await make_follow(backend, friend, other)
    await make_follow(backend, other, friend)  # other is not followed
    assert await feed(api, viewer) == [
        (friend.username, "FOLLOWED", "User", other.global_id),
        (other.username, "COMMENTED", "Comment", comment_of(answer)),
        (crowd.username, "COMMENTED", "Comment", comment_of(heard)),
        (crowd.username, "LIKED", "Post", post_of(theirs)),
        (friend.username, "COMMENTED", "Comment", comment_of(said)),
        (friend.username, "LIKED", "Post", post_of(elsewhere)),
        (friend.username, "POSTED", "Post", post_of(theirs)),
    ]


async def test_what_is_found_by_two_ways_is_there_once_and_what_is_taken_back_is_gone(
    api: Api, backend: Backend
) -> None:
    viewer, friend, other = [await make_user(backend) for _ in range(3)]
    for person in (friend, other):
        await make_follow(backend, viewer, person)
    post = await make_post(backend, other)
    await like(backend, links(backend), friend.id, NodeKind.POST, post)
    posted = (other.username, "POSTED", "Post", post_of(post))
    assert await feed(api, viewer) == [(friend.username, "LIKED", "Post", post_of(post)), posted]
    await unlike(backend, links(backend), friend.id, NodeKind.POST, post)
    assert await feed(api, viewer) == [posted]
    await set_post_state(backend, post, "ARCHIVED")
    assert await feed(api, viewer) == []


async def test_those_who_are_muted_or_block_have_no_part_in_it(api: Api, backend: Backend) -> None:
    viewer, friend, muted, blocker = [await make_user(backend) for _ in range(4)]
    for person in (friend, muted):
        await make_follow(backend, viewer, person)
    theirs, quiet = await make_post(backend, friend), await make_post(backend, muted)
    for person in (muted, blocker):
        await like(backend, links(backend), person.id, NodeKind.POST, theirs)
    await like(backend, links(backend), friend.id, NodeKind.POST, quiet)
    assert len(await feed(api, viewer)) == 5
    await mute(backend, links(backend), viewer.id, muted.id)
    await make_block(backend, blocker, viewer)
    assert await feed(api, viewer) == [(friend.username, "POSTED", "Post", post_of(theirs))]


async def test_page_by_page_while_more_happens(api: Api, backend: Backend) -> None:
    viewer, friend = await make_user(backend), await make_user(backend)
    await make_follow(backend, viewer, friend)
    posts = [await make_post(backend, friend) for _ in range(5)]
    seen: list[str] = []
    after = None
    while True:
        found = await api.data(ACTIVITY, {"first": 2, "after": after}, token=viewer.access_token)
        page = found["viewer"]["activityFeed"]
        assert page["pageInfo"]["hasPreviousPage"] == (after is not None)
        assert page["pageInfo"]["startCursor"] == page["edges"][0]["cursor"]
        seen += [edge["node"]["subject"]["id"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        await make_post(backend, friend)
    assert seen == [post_of(number) for number in reversed(posts)]


async def test_there_is_none_for_who_is_not_signed_in(api: Api) -> None:
    assert await api.data(ACTIVITY) == {"viewer": None}
