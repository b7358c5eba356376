"""A node does not answer: what it knows is left out, and of whom it is not known whom they follow, nothing is said."""

import pytest

from core.errors import ShardUnavailable
from services.backend import Backend
from services.feeds.activity.page import activity_feed
from services.visible import MediaLinks
from tests.services.feeds.town import Town


async def test_what_is_out_of_reach_is_left_out(backend: Backend) -> None:
    urls = [backend.settings.database_urls[0], "postgresql://heliograph@127.0.0.1:1/heliograph"]
    half = await Backend.open(backend.settings.model_copy(update={"database_urls": urls}))
    town = Town(backend)
    try:
        for home in (0, 1):
            viewer = await town.person(backend.shards.shards_on(home)[0])
            posts = []
            for node in (0, 1):
                author = await town.person(backend.shards.shards_on(node)[1])
                await town.set_follow(viewer, author)
                posts.append(await town.post(author))
            reader = half.reader()
            if home == 1:
                with pytest.raises(ShardUnavailable):
                    await activity_feed(reader, MediaLinks(half.signer), viewer, first=20, after=None)
                continue
            page = await activity_feed(reader, MediaLinks(half.signer), viewer, first=20, after=None)
            assert [one.subject.id for one in page.nodes] == posts[:1]
            assert reader.unavailable == {1}
            page = await activity_feed(backend.reader(), MediaLinks(backend.signer), viewer, first=20, after=None)
            assert [one.subject.id for one in page.nodes] == posts[::-1]
    finally:
        await half.close()
