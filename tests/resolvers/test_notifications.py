from typing import Any

import pytest

from models.global_ids import NodeKind, encode
from models.tables import NotificationKind
from services.backend import Backend
from services.comments.add import NewComment, add_comment
from services.notifications.cursors import cursor_of
from services.notifications.tell import tell
from services.posts.delete import delete_post
from services.visible import MediaLinks
from tests.api import Api, subscriber
from tests.factories import Person, make_user
from tests.services.notifications.jobs import new_post

PAGE = """
query ($first: Int! = 20, $after: String, $actors: Int! = 3) {
  viewer {
    unreadNotificationCount
    notifications(first: $first, after: $after) {
      edges { cursor }
      nodes {
        id kind actorCount text isRead createdAt updatedAt
        actors(first: $actors) { username }
        subject { __typename ... on User { username } }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
STREAM = """
subscription ($after: String) {
  notifications(after: $after) {
    cursor unreadCount notification { id kind text actorCount actors { username } subject { __typename } }
  }
}
"""


async def followed_by(backend: Backend, person: Person, *fans: Person, first_event: int = 1) -> None:
    for event_id, fan in enumerate(fans, start=first_event):
        await tell(
            backend,
            person.id,
            NotificationKind.FOLLOW,
            event_id=event_id,
            actor_id=fan.id,
            subject=(NodeKind.USER, person.id),
        )


async def welcomed(backend: Backend, person: Person, *event_ids: int) -> None:
    for event_id in event_ids:
        await tell(backend, person.id, NotificationKind.WELCOME, event_id=event_id)


async def viewer_of(api: Api, person: Person, **variables: Any) -> dict[str, Any]:
    viewer: dict[str, Any] = (await api.data(PAGE, variables, token=person.access_token))["viewer"]
    return viewer


async def test_the_list(api: Api, backend: Backend) -> None:
    person, *fans = [await make_user(backend) for _ in range(5)]
    await welcomed(backend, person, 100)
    await followed_by(backend, person, *fans)
    viewer = await viewer_of(api, person)
    assert viewer["unreadNotificationCount"] == 2
    follow, welcome = viewer["notifications"]["nodes"]
    assert (follow["kind"], follow["actorCount"], follow["isRead"]) == ("FOLLOW", 4, False)
    assert [actor["username"] for actor in follow["actors"]] == [fan.username for fan in fans[:0:-1]]
    assert follow["text"] == f"{fans[3].username} and 3 others started following you."
    assert follow["subject"] == {"__typename": "User", "username": person.username}
    assert follow["createdAt"] < follow["updatedAt"]
    assert (welcome["kind"], welcome["actorCount"], welcome["actors"], welcome["subject"]) == ("WELCOME", 0, [], None)
    assert [edge["cursor"] for edge in viewer["notifications"]["edges"]] == [
        cursor_of(person.id, 5),
        cursor_of(person.id, 1),
    ]


async def test_what_it_is_about_until_that_is_gone(api: Api, backend: Backend) -> None:
    person, fan = [await make_user(backend) for _ in range(2)]
    links = MediaLinks(backend.signer)
    post_id, doomed = [await new_post(backend, person.id) for _ in range(2)]
    comment_id = await add_comment(backend, links, person.id, NewComment(post_id, "Mine."))
    about = [
        (NotificationKind.LIKE, (NodeKind.POST, post_id)),
        (NotificationKind.LIKE, (NodeKind.POST, doomed)),
        (NotificationKind.COMMENT_LIKE, (NodeKind.COMMENT, comment_id)),
        (NotificationKind.MEDIA_READY, (NodeKind.UPLOAD, person.id)),
    ]
    for event_id, (kind, subject) in enumerate(about, start=1):
        actor_id = None if kind is NotificationKind.MEDIA_READY else fan.id
        await tell(backend, person.id, kind, event_id=event_id, actor_id=actor_id, subject=subject)
    await delete_post(backend, links, person.id, doomed)
    nodes = (await viewer_of(api, person))["notifications"]["nodes"]
    assert [(node["text"], node["subject"] and node["subject"]["__typename"]) for node in nodes] == [
        ("Your upload is ready.", None),  # there never was such an upload
        (f"{fan.username} liked your comment.", "Comment"),
        (f"{fan.username} liked your post.", None),
        (f"{fan.username} liked your post.", "Post"),
    ]


async def test_pages(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    await welcomed(backend, person, 1, 2, 3)
    page = (await viewer_of(api, person, first=2))["notifications"]
    assert (len(page["nodes"]), page["pageInfo"]["hasNextPage"]) == (2, True)
    rest = (await viewer_of(api, person, after=page["pageInfo"]["endCursor"]))["notifications"]
    assert (len(rest["nodes"]), rest["pageInfo"]["hasNextPage"]) == (1, False)
    assert not {node["id"] for node in page["nodes"]} & {node["id"] for node in rest["nodes"]}


async def test_more_actors_than_come_with_it(api: Api, backend: Backend) -> None:
    person, *fans = [await make_user(backend) for _ in range(13)]
    await followed_by(backend, person, *fans)
    for first in (1, 10, 12, 100):
        [node] = (await viewer_of(api, person, actors=first))["notifications"]["nodes"]
        assert [actor["username"] for actor in node["actors"]] == [fan.username for fan in fans[::-1][:first]]


async def test_statements_do_not_grow_with_the_page(api: Api, backend: Backend) -> None:
    person, *fans = [await make_user(backend) for _ in range(8)]
    for number in range(12):
        actor, subject = fans[number % 7], (NodeKind.USER, fans[(number + 1) % 7].id)
        await tell(
            backend,
            person.id,
            NotificationKind.FOLLOW,
            event_id=number + 1,
            actor_id=actor.id,
            subject=subject,
            fold=False,
        )
    reads = []
    for first in (7, 12):
        answer = await api(PAGE, {"first": first}, token=person.access_token)
        assert len(answer["data"]["viewer"]["notifications"]["nodes"]) == first
        reads.append(answer["extensions"]["sql"]["reads"])
    assert reads[0] == reads[1]
    # The session, the unread count, the page; its actors and its subjects on each of two nodes.
    assert reads[1] <= 7


@pytest.mark.parametrize(
    ("variables", "code"),
    [({"first": 0}, "LIMIT_EXCEEDED"), ({"first": 101}, "LIMIT_EXCEEDED"), ({"after": "nonsense"}, "BAD_REQUEST")],
)
async def test_a_page_that_cannot_be(api: Api, backend: Backend, variables: dict[str, Any], code: str) -> None:
    person = await make_user(backend)
    answer = await api(PAGE, variables, token=person.access_token)
    assert [error["extensions"]["code"] for error in answer["errors"]] == [code]
    assert answer["data"]["viewer"]["notifications"] is None


async def test_it_is_a_node_for_its_recipient_alone(api: Api, backend: Backend) -> None:
    person, other = [await make_user(backend) for _ in range(2)]
    await welcomed(backend, person, 1)
    [node] = (await viewer_of(api, person))["notifications"]["nodes"]
    ask = "query ($id: ID!) { node(id: $id) { id ... on Notification { text } } }"
    unknown = encode(NodeKind.NOTIFICATION, 5 << 23)
    found = await api.data(ask, {"id": node["id"]}, token=person.access_token)
    assert found == {"node": {"id": node["id"], "text": node["text"]}}
    for id_, token in ((node["id"], other.access_token), (node["id"], None), (unknown, person.access_token)):
        assert await api.data(ask, {"id": id_}, token=token) == {"node": None}


async def test_who_was_away_is_sent_what_was_missed_then_what_comes(backend: Backend, socket_url: str) -> None:
    person, fan, other = [await make_user(backend) for _ in range(3)]
    await welcomed(backend, person, *range(101, 104))
    async with subscriber(socket_url, person.access_token) as client:
        await client.subscribe(STREAM, {"after": cursor_of(person.id, 0)})
        seen = [(await client.event())["notifications"] for _ in range(3)]
        assert [one["cursor"] for one in seen] == [cursor_of(person.id, number) for number in (1, 2, 3)]
        assert {one["notification"]["kind"] for one in seen} == {"WELCOME"}
    await welcomed(backend, person, 104)
    await followed_by(backend, person, fan)
    async with subscriber(socket_url, person.access_token) as client:
        await client.subscribe(STREAM, {"after": seen[-1]["cursor"]})
        missed = [(await client.event())["notifications"] for _ in range(2)]
        assert [one["cursor"] for one in missed] == [cursor_of(person.id, number) for number in (4, 5)]
        await client.nothing(0.2)
        await followed_by(backend, person, other, first_event=2)
        moved = (await client.event())["notifications"]
        await client.nothing(0.2)
    assert (moved["cursor"], moved["unreadCount"]) == (cursor_of(person.id, 6), 5)
    assert moved["notification"] == {
        "id": missed[-1]["notification"]["id"],
        "kind": "FOLLOW",
        "text": f"{other.username} and {fan.username} started following you.",
        "actorCount": 2,
        "actors": [{"username": other.username}, {"username": fan.username}],
        "subject": {"__typename": "User"},
    }


async def test_without_a_cursor_only_what_comes(backend: Backend, socket_url: str) -> None:
    person = await make_user(backend)
    await welcomed(backend, person, 1)
    async with subscriber(socket_url, person.access_token) as client:
        await client.subscribe(STREAM)
        await client.nothing(0.4)
        await welcomed(backend, person, 2)
        assert (await client.event())["notifications"]["cursor"] == cursor_of(person.id, 2)


@pytest.mark.parametrize("after", ["nonsense", "", "AAAAAAAAAAg"])
async def test_a_cursor_of_something_else_is_refused(backend: Backend, socket_url: str, after: str) -> None:
    person = await make_user(backend)
    async with subscriber(socket_url, person.access_token) as client:
        await client.subscribe(STREAM, {"after": after})
        assert code_of(await client.next()) == "BAD_REQUEST"


async def test_nobody_hears_without_signing_in(socket_url: str) -> None:
    async with subscriber(socket_url) as client:
        await client.subscribe(STREAM)
        assert code_of(await client.next()) == "UNAUTHENTICATED"


def code_of(message: dict[str, Any]) -> str:
    errors = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
    code: str = errors[0]["extensions"]["code"]
    return code
