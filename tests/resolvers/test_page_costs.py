"""What pages cost in statements, counted by the servers: the same for one item, for twenty and for a hundred."""

import secrets
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text

from models.global_ids import NodeKind, encode
from models.ids import shard_of
from models.tables import Base
from services.backend import Backend
from services.comments.pin import pin_comment
from services.likes import like
from tests.api import Api
from tests.factories import Person, make_user
from tests.posting import change, links, make_comment, make_follow, make_post
from tests.statements import counted

SIZES = (1, 20, 100)

RELATION = """viewerRelationship {
    isSelf isFollowing isFollowedBy hasRequestedToFollow isRequestedBy isBlocking isMuting isCloseFriend
    alerts { posts stories reels live }
}"""
PROFILE = f"""
query ($user: ID!, $first: Int!) {{ node(id: $user) {{ ... on User {{ posts(first: $first) {{ nodes {{
    id caption likeCount commentCount saveCount viewerHasLiked viewerHasSaved viewerCanComment
    author {{ id username {RELATION} }}
    media {{ ... on Image {{ url(width: 640) taggedUsers {{ user {{ id }} }} }} }}
    likers(first: 2) {{ nodes {{ username }} }}
    comments(first: 2) {{ nodes {{ text likeCount author {{ username }} replies(first: 2) {{
        nodes {{ text author {{ username }} parent {{ id }} }} }} }} }}
}} }} }} }} }}
"""
MEDIA = """
query ($user: ID!, $first: Int!) { node(id: $user) { ... on User { posts(first: $first) { nodes { media {
    __typename id altText blurhash taggedUsers { user { id } } ... on Image { url variants { url } }
    ... on Video { hlsUrl durationSeconds hasSound variants { url } poster { url variants { url } } }
} } } } } }
"""
FOLLOWERS = f"""
query ($user: ID!, $first: Int!) {{ node(id: $user) {{ ... on User {{ followers(first: $first) {{ edges {{
    since node {{ username followerCount postCount {RELATION} posts(first: 1) {{ nodes {{ id likeCount }} }} }}
}} }} }} }} }}
"""
PEOPLE = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ id ... on User {{ username {RELATION} }} }} }}"
MUTUAL = """
query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on User { mutualFollowers(first: 3) { nodes { username } } } } }
"""
COMMENTS = f"""
query ($post: ID!, $first: Int!, $order: CommentOrder!) {{ node(id: $post) {{ ... on Post {{
    comments(first: $first, order: $order) {{ nodes {{
        text likeCount viewerHasLiked isPinned author {{ username {RELATION} }} entities {{ target {{ __typename }} }}
        replies(first: 2) {{ nodes {{
            text viewerHasLiked author {{ username }} entities {{ target {{ __typename }} }}
        }} }}
    }} }}
}} }} }}
"""


@dataclass(slots=True)
class Crowd:
    """A viewer and others, on the nodes that they are named for."""

    backend: Backend
    viewer: Person
    here: list[Person]
    there: list[Person]


@pytest.fixture(scope="module")
async def crowd(backend: Backend) -> Crowd:
    viewer = await make_user(backend)
    home = backend.shards.node_of(shard_of(viewer.id))
    sides: dict[bool, list[Person]] = {True: [], False: []}
    while min(map(len, sides.values())) < 4:
        person = await make_user(backend)
        sides[backend.shards.node_of(shard_of(person.id)) == home].append(person)
    return Crowd(backend, viewer, sides[True][:4], sides[False][:4])


async def same_cost(
    api: Api,
    crowd: Crowd,
    query: str,
    variables: dict[str, Any],
    list_name: str,
    *,
    sizes: tuple[int, int, int] = SIZES,
) -> list[int]:
    """Per node: that of the viewer first. Checked for each statement, not for their sum alone."""
    costs = []
    for first in sizes:
        asked = {**variables, "first": first}
        await api.data(query, asked, token=crowd.viewer.access_token)  # connections and their types
        async with counted(crowd.backend.settings) as spent:
            data = await api.data(query, asked, token=crowd.viewer.access_token)
        page = data["node"][list_name]
        assert len(page.get("nodes") or page["edges"]) == first
        costs.append(spent.statements)
    home = crowd.backend.shards.node_of(shard_of(crowd.viewer.id))
    one, twenty, hundred = costs
    assert one[home] == twenty[home] == hundred[home]
    assert twenty[1 - home] == hundred[1 - home]
    # A page of one may have nothing to ask on the other node, and never asks more.
    assert one[1 - home] <= twenty[1 - home]
    return [hundred[home].total(), hundred[1 - home].total()]


async def test_a_profile_with_its_posts(api: Api, crowd: Crowd) -> None:
    author = crowd.here[0]
    first = await make_post(crowd.backend, author)
    await many(crowd.backend, author.id, 95, "posts", "id = :first", first=first)
    for here, there in zip(crowd.here, crowd.there, strict=True):
        post_id = await make_post(crowd.backend, author)
        for person in (here, there):
            comment_id = await make_comment(crowd.backend, person, post_id)
            await make_comment(crowd.backend, there, post_id, parent_id=comment_id)
            await make_comment(crowd.backend, here, post_id, parent_id=comment_id)
            await like(crowd.backend, links(crowd.backend), person.id, NodeKind.POST, post_id)
    await make_follow(crowd.backend, crowd.viewer, author)
    cost = await same_cost(api, crowd, PROFILE, {"user": author.global_id}, "posts")
    # The session, the person, the posts, whether the author follows back; likers, comments and replies, and for each
    # of the three who they are.
    assert cost == [10, 3]


async def test_films_cost_what_pictures_cost(api: Api, crowd: Crowd) -> None:
    costs = []
    for author, films in zip(crowd.here[1:3], (0, 1), strict=True):
        for _ in range(3):
            await make_post(crowd.backend, author, pictures=1 - films, films=films)
        asked = {"user": author.global_id, "first": 3}
        await api.data(MEDIA, asked, token=crowd.viewer.access_token)
        async with counted(crowd.backend.settings) as spent:
            data = await api.data(MEDIA, asked, token=crowd.viewer.access_token)
        shown = {one["__typename"] for post in data["node"]["posts"]["nodes"] for one in post["media"]}
        assert shown == ({"Video"} if films else {"Image"})
        costs.append(spent.statements)
    assert costs[0] == costs[1]


async def test_followers_with_what_stands_between(api: Api, crowd: Crowd) -> None:
    user = crowd.here[1]
    there, here = [
        await many(crowd.backend, person.id, 50, "users", "id = :id", id=person.id)
        for person in (crowd.there[0], crowd.here[0])
    ]
    follow = (
        "INSERT INTO follows SELECT :user, f, '', '', 1, '', 'ACCEPTED', NULL, 1, clock_now() - n * interval '1 hour'"
        " FROM unnest(CAST(:followers AS bigint[])) WITH ORDINALITY AS followers (f, n)"
    )
    in_turn = [one for pair in zip(there, here, strict=True) for one in pair]
    await change(crowd.backend, user.id, follow, user=user.id, followers=in_turn)
    await make_follow(crowd.backend, crowd.here[2], user)
    cost = await same_cost(api, crowd, FOLLOWERS, {"user": user.global_id}, "followers")
    # The session, the person, the followers and who they are, their counts and posts, and how each stands to the other.
    assert cost == [8, 4]


async def test_thirty_people_with_all_that_stands_between(api: Api, crowd: Crowd) -> None:
    people = await on_both_sides(crowd, 15)
    costs = []
    for ids in (people[:2], people):
        cost, data = await statements(api, crowd, PEOPLE, ids)
        assert [one["viewerRelationship"]["isFollowing"] for one in data["nodes"]] == [False] * len(ids)
        costs.append(cost)
    # The session, the people, the viewer's follows of them, and all that stands on the viewer's shard.
    assert costs == [[4, 2], [4, 2]]


async def test_mutual_followers_of_thirty_people(api: Api, crowd: Crowd) -> None:
    people = await on_both_sides(crowd, 15)
    friends = (crowd.here[3], crowd.there[3])
    follow = (
        "INSERT INTO follows SELECT u, :f, '', '', 1, '', 'ACCEPTED', NULL, 1, clock_now()"
        " FROM unnest(CAST(:ids AS bigint[])) AS u"
    )
    for friend in friends:
        await make_follow(crowd.backend, crowd.viewer, friend)
        for shard in {shard_of(number) for number in people}:
            some = [number for number in people if shard_of(number) == shard]
            await change(crowd.backend, some[0], follow, f=friend.id, ids=some)
    costs = []
    for ids in (people[:2], people):
        cost, data = await statements(api, crowd, MUTUAL, ids)
        assert [len(one["mutualFollowers"]["nodes"]) for one in data["nodes"]] == [2] * len(ids)
        costs.append(cost)
    # The session, the people, whom the viewer follows; their followers among those, who they are, and whether the
    # viewer follows them.
    assert costs == [[6, 4], [6, 4]]


async def on_both_sides(crowd: Crowd, count: int) -> list[int]:
    """So many people on each node, in turn."""
    here, there = [
        await many(crowd.backend, person.id, count, "users", "id = :id", id=person.id)
        for person in (crowd.here[2], crowd.there[2])
    ]
    return [one for pair in zip(here, there, strict=True) for one in pair]


async def statements(api: Api, crowd: Crowd, query: str, ids: list[int]) -> tuple[list[int], dict[str, Any]]:
    """Per node, that of the viewer first; and the answer."""
    asked = {"ids": [encode(NodeKind.USER, number) for number in ids]}
    await api.data(query, asked, token=crowd.viewer.access_token)
    async with counted(crowd.backend.settings) as spent:
        data = await api.data(query, asked, token=crowd.viewer.access_token)
    home = crowd.backend.shards.node_of(shard_of(crowd.viewer.id))
    return [spent.per_node[home], spent.per_node[1 - home]], data


@pytest.mark.parametrize("order", ["TOP", "NEWEST", "OLDEST"])
async def test_fifty_comments_with_two_replies_each(api: Api, crowd: Crowd, order: str) -> None:
    post_id = await make_post(crowd.backend, crowd.here[0])
    # The first in each order is by somebody here, so that a page of one asks what longer ones ask.
    people = [crowd.here[0], *crowd.there[:3], crowd.here[1]]
    comments = []
    for person in people:
        said = f"Look, @{crowd.there[0].username} and @{crowd.here[0].username}: #light {secrets.token_hex(4)}"
        comment_id = await make_comment(crowd.backend, person, post_id, said)
        comments += [comment_id, *await many(crowd.backend, post_id, 9, "comments", "id = :id", id=comment_id)]
    for replier in (crowd.here[0], crowd.there[0]):
        said = f"@{crowd.there[1].username}, @{crowd.here[1].username}: yes, {secrets.token_hex(4)}"
        reply_id = await make_comment(crowd.backend, replier, post_id, said, comments[0])
        copies = await many(crowd.backend, post_id, 49, "comments", "id = :id", id=reply_id)
        await change(
            crowd.backend,
            post_id,
            "UPDATE comments SET parent_id = thread.parent"
            " FROM unnest(CAST(:replies AS bigint[]), CAST(:parents AS bigint[])) AS thread (reply, parent)"
            " WHERE id = thread.reply",
            replies=copies,
            parents=comments[1:],
        )
    for comment_id in comments[40:42]:
        await pin_comment(crowd.backend, links(crowd.backend), crowd.here[0].id, comment_id)
    asked = {"post": encode(NodeKind.POST, post_id), "order": order}
    cost = await same_cost(api, crowd, COMMENTS, asked, "comments", sizes=(1, 20, 50))
    # The session, the post, its comments and who wrote them, how they stand to the viewer and the other way round, whom
    # they mention; the replies, who wrote those, and whom they mention.
    assert cost == [10, 5]


async def many(backend: Backend, identifier: int, count: int, table: str, one: str, **values: Any) -> list[int]:
    """So many copies of a row, with ids of their own."""
    listed = ", ".join(column.name for column in Base.metadata.tables[table].columns if column.name != "id")
    shard = shard_of(identifier)
    async with backend.transaction(shard) as transaction:
        made = await transaction.session.execute(
            text(
                f"INSERT INTO {table} (id, {listed}) SELECT mint_id(:shard), {listed} FROM {table},"
                f" generate_series(1, :count) WHERE {one} RETURNING id"
            ),
            {"shard": shard, "count": count, **values},
        )
        return [row.id for row in made]
