"""What may not be seen is answered like what is not there: byte for byte, by every query and every mutation that takes
an id, and nothing changes."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_required_input_field,
)

from models.global_ids import encode, encode_shortcode
from models.ids import SHARD_MASK, SHARD_SHIFT
from services.backend import Backend
from tests.api import Api
from tests.factories import new_username
from tests.posting import fingerprint
from tests.sweep.cast import KINDS, ROLES, Thing
from tests.sweep.roads import Roads
from tests.sweep.world import World

VIEWERS = ("follower", "asking", "stranger", "blocked", "blocking", "anonymous")

KIND_OF_FIELD = {
    "userId": "User",
    "userIds": "User",
    "postId": "Post",
    "postIds": "Post",
    "coverPostId": "Post",
    "commentId": "Comment",
    "parentId": "Comment",
    "uploadId": "Upload",
    "avatarUploadId": "Upload",
    "collectionId": "Collection",
    "mediaId": "Image",
}
ANY_KIND = {"subjectId": ("User", "Post", "Comment", "Upload"), "mediaId": ("Image", "Video")}
NOT_OF_THE_CAST = {"conversationIds", "sessionId"}
"""Ids of what there is nothing of yet."""
ANSWERS_THE_BLOCKER = {"block", "unblock"}
PASSES_OVER = {"recordImpressions"}
"""Mutations that take what is not there without a word, and do nothing with it."""


def unknown_like(thing: Thing) -> str:
    """An id of the same kind and shard that was never given out."""
    shard = thing.number >> SHARD_SHIFT & SHARD_MASK
    return encode(KINDS[thing.type], 5 << 40 | shard << SHARD_SHIFT | 1)


def number_unknown_like(thing: Thing) -> int:
    return 5 << 40 | (thing.number >> SHARD_SHIFT & SHARD_MASK) << SHARD_SHIFT | 1


async def answer_of(api: Api, world: World, viewer: str, query: str, variables: dict[str, Any]) -> bytes:
    """All but the extensions, which tell what it cost and which request it was."""
    token = None if viewer == "anonymous" else world.soul(viewer).person.access_token
    answer = await api(query, variables, token=token)
    answer.pop("extensions", None)
    for error in answer.get("errors", ()):
        error.pop("extensions")
    return orjson.dumps(answer)


FEW = ("private", "suspended")
ALL = (*ROLES, "deleted")
FEW_VIEWERS = ("asking", "blocked", "blocking")
OF_WHOM = pytest.mark.parametrize("of_whom", [FEW, pytest.param(ALL, marks=pytest.mark.drill)], ids=["few", "all"])


def sample_of(world: World, viewer: str, of_whom: tuple[str, ...]) -> Iterator[Thing]:
    """Of each type and owner the first that the viewer may not see: the rest is hidden for the same reasons."""
    seen: dict[tuple[str, str], int] = {}
    for thing in world.cast.hidden_from(viewer):
        key = (thing.type, thing.owner)
        seen[key] = seen.get(key, 0) + 1
        if seen[key] <= 1 and thing.owner in of_whom:
            yield thing


@OF_WHOM
@pytest.mark.timeout(600)
async def test_by_every_query(roads: Roads, world: World, api: Api, of_whom: tuple[str, ...]) -> None:
    compared = 0
    for viewer in (*FEW_VIEWERS, "anonymous") if of_whom is FEW else VIEWERS:
        for thing in sample_of(world, viewer, of_whom):
            behind = " ".join(road.selection for road in roads.of(thing.type))
            fields = f"... on {thing.type} {{ {roads.plain_fields(thing.type)} {behind} }}"
            one = f"query ($id: ID!) {{ node(id: $id) {{ __typename {fields} }} }}"
            several = f"query ($id: ID!) {{ nodes(ids: [$id]) {{ __typename {fields} }} }}"
            asked = [(query, {"id": thing.id}, {"id": unknown_like(thing)}) for query in (one, several)]
            if thing.type == "User":
                username = world.soul(thing.owner).person.username
                by_name = "query ($name: String!) { user(username: $name) { id } }"
                asked.append((by_name, {"name": username}, {"name": new_username()}))
            if thing.type == "Post":
                shortcodes = [encode_shortcode(number) for number in (thing.number, number_unknown_like(thing))]
                by_code = "query ($code: String!) { post(shortcode: $code) { id } }"
                asked.append((by_code, {"code": shortcodes[0]}, {"code": shortcodes[1]}))
            for query, forbidden, unknown in asked:
                there = await answer_of(api, world, viewer, query, forbidden)
                assert there == await answer_of(api, world, viewer, query, unknown), (viewer, thing.name)
                compared += 1
    assert compared > 60
    print(f"\n{compared} pairs of queries")


class Inputs:
    """Values for the input of a mutation: all that it needs, and one id that is put to the test."""

    def __init__(self, schema: GraphQLSchema, world: World, viewer: str) -> None:
        self.schema = schema
        self.world = world
        self.viewer = viewer

    def fields_with_ids(self, kind: GraphQLInputObjectType, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        for name, field in kind.fields.items():
            named = get_named_type(field.type)
            if isinstance(named, GraphQLInputObjectType):
                yield from self.fields_with_ids(named, (*above, name))
            elif named.name == "ID":
                yield (*above, name)

    def given(self, kind: GraphQLInputObjectType, path: tuple[str, ...], tested: str) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, field in kind.fields.items():
            is_on_the_way = bool(path) and path[0] == name
            if is_on_the_way or is_required_input_field(field):
                made[name] = self._value(name, field.type, path[1:] if is_on_the_way else (), tested, is_on_the_way)
        return made

    def _value(self, name: str, kind: Any, path: tuple[str, ...], tested: str, is_on_the_way: bool) -> Any:  # noqa: FBT001
        bare = get_nullable_type(kind)
        if isinstance(bare, GraphQLList):
            return [self._value(name, bare.of_type, path, tested, is_on_the_way)]
        named = get_named_type(kind)
        if isinstance(named, GraphQLInputObjectType):
            return self.given(named, path, tested)
        if named.name == "ID":
            return tested if is_on_the_way else self._visible(name)
        if isinstance(named, GraphQLEnumType):
            return next(iter(named.values))
        return {"String": "Something to say", "Int": 1, "Float": 0.5, "Boolean": True}[named.name]

    def _visible(self, name: str) -> str:
        """Something that the viewer may see, the own where there is something."""
        kind = KIND_OF_FIELD[name]
        things = [one for one in self.world.cast.of_type(kind) if self.world.cast.may_see(self.viewer, one)]
        own = [one for one in things if one.owner == self.viewer]
        return (own or things)[0].id


def selection_of(schema: GraphQLSchema, payload_name: str) -> str:
    payload = schema.type_map[payload_name]
    fields = getattr(payload, "fields", {})
    plain = [name for name, field in fields.items() if not hasattr(get_named_type(field.type), "fields")]
    objects = [
        f"{name} {{ __typename }}"
        for name, field in fields.items()
        if name != "userErrors" and name not in plain and "Union" not in type(get_named_type(field.type)).__name__
    ]
    return " ".join([*plain, *objects, "userErrors { code message field }"])


@OF_WHOM
@pytest.mark.timeout(600)
async def test_by_every_mutation(
    roads: Roads, world: World, api: Api, backend: Backend, of_whom: tuple[str, ...]
) -> None:
    schema = roads.schema
    mutations = schema.mutation_type
    assert mutations is not None
    before = await fingerprint(backend)
    compared, tested = 0, set()
    for viewer in FEW_VIEWERS if of_whom is FEW else VIEWERS[:-1]:
        inputs = Inputs(schema, world, viewer)
        hidden = list(sample_of(world, viewer, of_whom))
        for name, field in mutations.fields.items():
            [argument] = list(field.args.items()) or [("", None)]
            if argument[1] is None:
                continue
            kind = get_named_type(argument[1].type)
            assert isinstance(kind, GraphQLInputObjectType)
            payload = get_named_type(field.type).name
            selection = selection_of(schema, payload)
            query = f"mutation ($given: {argument[1].type}) {{ {name}({argument[0]}: $given) {{ {selection} }} }}"
            for path in inputs.fields_with_ids(kind):
                if path[-1] in NOT_OF_THE_CAST:
                    continue
                kinds = ANY_KIND.get(path[-1]) or (KIND_OF_FIELD[path[-1]],)
                for thing in hidden:
                    is_answered = name in ANSWERS_THE_BLOCKER and (viewer, thing.owner) in world.cast.blocks
                    if thing.type not in kinds or is_answered or not has_all(inputs, kind, path):
                        continue
                    given = [inputs.given(kind, path, one) for one in (thing.id, unknown_like(thing))]
                    variables = [{"given": as_argument(argument[1].type, one)} for one in given]
                    there, nowhere = [await answer_of(api, world, viewer, query, one) for one in variables]
                    assert there == nowhere, (viewer, name, path, thing.name)
                    if name not in PASSES_OVER:
                        assert b"NOT_FOUND" in there or b'"errors"' in there or b"null" in there, (viewer, name, there)
                        assert b'"userErrors":[]' not in there, (viewer, name, path, thing.name, there)
                    compared += 1
                    tested.add((name, ".".join(path)))
    assert await fingerprint(backend) == before
    assert compared > 60
    print(f"\n{compared} pairs of mutations, {len(tested)} inputs: {sorted(tested)}")


def as_argument(kind: Any, given: dict[str, Any]) -> Any:
    return [given] if isinstance(get_nullable_type(kind), GraphQLList) else given


def has_all(inputs: Inputs, kind: GraphQLInputObjectType, path: tuple[str, ...]) -> bool:
    """Whether the viewer may see one of everything else that it needs."""
    try:
        inputs.given(kind, path, "")
    except IndexError:
        return False
    return True
