"""Hashtags and places by their ids."""

import secrets

from models.global_ids import NodeKind, encode
from models.ids import shard_of
from models.tables import Counter
from services import counts
from services.backend import Backend
from services.hashtags import hashtags_for
from services.places import NewPlace, place_for
from tests.api import Api
from tests.resolvers.posts import nobody

SHOWN = (
    "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Hashtag { name postCount }"
    " ... on Place { name latitude longitude postCount } } }"
)


async def test_both_are_nodes(api: Api, backend: Backend) -> None:
    name = f"dawn{secrets.token_hex(4)}"
    hashtag = (await hashtags_for(backend, [name]))[name]
    place = await place_for(backend, NewPlace(f"Alp {name}", 46.5, 7.75))
    async with backend.transaction(shard_of(hashtag.id)) as transaction:
        await counts.add(transaction, hashtag.id, Counter.POSTS, 3)
    ids = [
        encode(NodeKind.HASHTAG, hashtag.id),
        encode(NodeKind.PLACE, place.id),
        nobody(of="HASHTAG"),
        nobody(of="PLACE"),
        encode(NodeKind.PLACE, hashtag.id),
    ]
    found = await api.data(SHOWN, {"ids": ids})
    assert found["nodes"] == [
        {"__typename": "Hashtag", "id": ids[0], "name": name, "postCount": 3},
        {"__typename": "Place", "id": ids[1], "name": place.name, "latitude": 46.5, "longitude": 7.75, "postCount": 0},
        None,
        None,
        None,
    ]
    # Nothing stands there: a recount of everything is to find no difference.
    async with backend.transaction(shard_of(hashtag.id)) as transaction:
        await counts.add(transaction, hashtag.id, Counter.POSTS, -3)
