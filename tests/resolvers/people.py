"""What tests of what people are to each other share."""

from typing import Any

from models.global_ids import NodeKind
from services.backend import Backend
from services.relationships.blocks import block
from tests.api import Api
from tests.factories import Person, make_user
from tests.posting import fingerprint, links
from tests.resolvers.posts import mutate, nobody, refused

NAMES = (
    "isSelf", "isFollowing", "isFollowedBy", "hasRequestedToFollow", "isRequestedBy", "isBlocking", "isMuting",
    "isCloseFriend",
)  # fmt: skip
ALERTS = ("posts", "stories", "reels", "live")
RELATIONSHIP = f"viewerRelationship {{ {' '.join(NAMES)} alerts {{ {' '.join(ALERTS)} }} }}"
SHOWN = f"user {{ id {RELATIONSHIP} }}"


def relation(*what: str, alerts: tuple[str, ...] = ()) -> dict[str, Any]:
    told = {name: name in alerts for name in ALERTS}
    return {name: name in what for name in NAMES} | {"alerts": told}


def shown(person: Person, *what: str, alerts: tuple[str, ...] = ()) -> dict[str, Any]:
    """The payload of success."""
    user = {"id": person.global_id, "viewerRelationship": relation(*what, alerts=alerts)}
    return {"user": user, "userErrors": []}


async def seen(api: Api, viewer: Person, person: Person) -> dict[str, Any]:
    """What stands between them, as the viewer is told."""
    query = f"query ($id: ID!) {{ node(id: $id) {{ ... on User {{ {RELATIONSHIP} }} }} }}"
    found: dict[str, Any] = (await api.data(query, {"id": person.global_id}, token=viewer.access_token))["node"]
    relationship: dict[str, Any] = found["viewerRelationship"]
    return relationship


async def own_list(api: Api, viewer: Person, name: str, first: int = 20, after: str | None = None) -> dict[str, Any]:
    """A list of `Viewer`: the ids of the people in it, and the rest."""
    query = f"""query ($first: Int!, $after: String) {{ viewer {{ {name}(first: $first, after: $after) {{
        edges {{ since node {{ id }} }} pageInfo {{ hasNextPage endCursor }} }} }} }}"""
    data = await api.data(query, {"first": first, "after": after}, token=viewer.access_token)
    page: dict[str, Any] = data["viewer"][name]
    assert all(edge["since"] for edge in page["edges"])
    return {"ids": [edge["node"]["id"] for edge in page["edges"]], **page["pageInfo"]}


async def ids_of(api: Api, viewer: Person, name: str) -> list[str]:
    ids: list[str] = (await own_list(api, viewer, name))["ids"]
    return ids


async def pages_through(api: Api, viewer: Person, name: str, expected: list[str]) -> None:
    """Three people, two at a time."""
    page = await own_list(api, viewer, name, 2)
    assert (page["ids"], page["hasNextPage"]) == (expected[:2], True)
    page = await own_list(api, viewer, name, 2, page["endCursor"])
    assert (page["ids"], page["hasNextPage"]) == (expected[2:], False)


async def refuses(api: Api, backend: Backend, name: str, *, oneself: bool) -> None:
    """Nothing changes where the caller is anonymous, or the person is unknown, invisible, or oneself: of which an
    invisible one is answered like an unknown one."""
    viewer, blocker, blocked, gone = [await make_user(backend) for _ in range(4)]
    for one, other in ((blocker, viewer), (viewer, blocked)):
        await block(backend, links(backend), one.viewer.user, other.id)
    before = await fingerprint(backend)
    unknown = await mutate(api, name, SHOWN, {"userId": nobody(of="USER")}, viewer)
    assert unknown == refused("user", "NOT_FOUND", "userId")
    for user_id in (nobody(of=NodeKind.POST.name), blocker.global_id, blocked.global_id):
        assert await mutate(api, name, SHOWN, {"userId": user_id}, viewer) == unknown
    answer = await mutate(api, name, SHOWN, {"userId": viewer.global_id}, viewer)
    assert answer == (refused("user", "INVALID", "userId") if oneself else shown(viewer, "isSelf"))
    query = f'mutation {{ {name}(input: {{userId: "{gone.global_id}"}}) {{ user {{ id }} userErrors {{ code }} }} }}'
    anonymous = await api(query)
    assert anonymous["data"] == {name: None}
    assert anonymous["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await fingerprint(backend) == before
