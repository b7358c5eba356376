import pytest

from core.errors import RequestErrorCode, RequestFault
from services.backend import Backend
from services.discovery import related
from services.discovery.related import related_hashtags
from services.marks import NOBODY
from services.posts.archive import archive_post
from tests.factories import make_user
from tests.posting import accept_follow, change, links, make_block, make_follow, make_post
from tests.services.discovery.town import hashtag_id, new_name


async def names_beside(backend: Backend, number: int, *, viewer_id: int = NOBODY, first: int = 5) -> list[str]:
    found = await related_hashtags(backend.reader(), viewer_id, [number], first=first)
    return [hashtag.name for hashtag in found[number]]


async def test_those_on_the_most_posts_first_then_by_name(backend: Backend) -> None:
    author, name = await make_user(backend), new_name()
    often, b, a, rare = [f"{letter}{name}" for letter in ("z", "b", "a", "y")]
    for beside in ([often, a], [often, b, a], [often, b], [rare], []):
        await make_post(backend, author, caption=" ".join(f"#{one}" for one in [name, *beside]))
    await make_post(backend, author, caption=f"#{often} #{new_name()}")
    number = await hashtag_id(backend, name)
    assert await names_beside(backend, number) == [often, a, b, rare]
    assert await names_beside(backend, number, first=2) == [often, a]
    assert await names_beside(backend, await hashtag_id(backend, rare)) == [name]
    for first in (0, 101):
        with pytest.raises(RequestFault) as raised:
            await names_beside(backend, number, first=first)
        assert raised.value.code is RequestErrorCode.LIMIT_EXCEEDED


async def test_only_what_stands_on_posts_that_are_public_and_to_be_seen(backend: Backend) -> None:
    author, hidden, follower, blocked = [
        await make_user(backend, is_private=private) for private in (False, True, False, False)
    ]
    await make_follow(backend, follower, hidden)
    await accept_follow(backend, follower, hidden)
    await make_block(backend, author, blocked)
    name = new_name()
    public, secret, archived, edited = [f"{letter}{name}" for letter in "abcd"]
    made = [
        await make_post(backend, one, caption=f"#{name} #{beside}")
        for one, beside in ((author, public), (hidden, secret), (author, archived), (author, edited))
    ]
    number = await hashtag_id(backend, name)
    await archive_post(backend, links(backend), author.id, made[2])
    # The mirror is late.
    relist = "UPDATE hashtag_posts SET state = 'LISTED' WHERE hashtag_id = :id AND post_id = :post"
    await change(backend, number, relist, id=number, post=made[2])
    without = "UPDATE posts SET hashtags = hashtags - 0 WHERE id = :id"
    await change(backend, made[3], without, id=made[3])
    for viewer_id in (NOBODY, author.id, hidden.id, follower.id):
        assert await names_beside(backend, number, viewer_id=viewer_id) == [public]
    assert await names_beside(backend, number, viewer_id=blocked.id) == []


async def test_the_newest_posts_alone(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    assert related.NEWEST == 200
    monkeypatch.setattr(related, "NEWEST", 2)
    author, name = await make_user(backend), new_name()
    old, *new = [f"{letter}{name}" for letter in "abc"]
    for beside in (old, *new):
        await make_post(backend, author, caption=f"#{name} #{beside}")
    assert await names_beside(backend, await hashtag_id(backend, name)) == new


async def test_many_at_once_cost_what_one_costs(backend: Backend) -> None:
    author, names = await make_user(backend), sorted(new_name() for _ in range(20))
    await make_post(backend, author, caption=" ".join(f"#{name}" for name in names))
    numbers = [await hashtag_id(backend, name) for name in names]
    reader = backend.reader()
    found = await related_hashtags(reader, NOBODY, [*numbers, numbers[0]], first=3)
    for name, number in zip(names, numbers, strict=True):
        assert [one.name for one in found[number]] == [other for other in names if other != name][:3]
    assert reader.statements == backend.shards.node_count + 1  # all of the author's posts are on one node
    assert await related_hashtags(reader, NOBODY, [], first=3) == {}
