"""The pages on which a post stands, by jobs that are late, come twice and in the wrong order."""

import random
import secrets
from collections.abc import Coroutine
from typing import Any

import pytest

from models.ids import shard_of
from models.tables import Counter
from services.backend import Backend
from services.consequences import EventKind
from services.hashtags import hashtags_for
from services.places import NewPlace
from services.posts.archive import archive_post, unarchive_post
from services.posts.attaching import NewMedia
from services.posts.checks import NewTag
from services.posts.create import NewPost, create_post
from services.posts.delete import delete_post
from services.posts.listing import Pages, _list_on_node, list_post, list_post_of, pages_of
from services.posts.untagging import remove_my_tag
from services.posts.update import update_post
from tests.factories import Person, make_user
from tests.posting import count_of, links, listed, post_row, ready_upload
from tests.recount import differences
from tests.services.notifications.jobs import jobs

OF_POSTS = {
    EventKind.POST_CREATED,
    EventKind.POST_UPDATED,
    EventKind.POST_ARCHIVED,
    EventKind.POST_UNARCHIVED,
    EventKind.POST_DELETED,
}
NOWHERE: dict[str, set[int]] = {"hashtag_posts": set(), "place_posts": set(), "tagged_posts": set()}


def new_names(count: int) -> list[str]:
    return [f"l{secrets.token_hex(5)}" for _ in range(count)]


async def as_truth_says(backend: Backend, post_id: int) -> dict[str, set[int]]:
    row = await post_row(backend, post_id)
    if row["state"] != "LIVE":
        return NOWHERE
    pages = pages_of(row["hashtags"], row["place"], row["media"])
    return {
        "hashtag_posts": set(pages.hashtag_ids),
        "place_posts": set(pages.place_ids),
        "tagged_posts": set(pages.user_ids),
    }


async def make(backend: Backend, author: Person, *tagged: Person, caption: str, place: NewPlace | None = None) -> int:
    tags = [NewTag(person.id, 0.5, 0.5) for person in tagged]
    media = [NewMedia(await ready_upload(backend, author.id), tags=tags)]
    return await create_post(backend, links(backend), author.id, NewPost(media, caption, place))


async def test_it_stands_there_before_the_answer_and_goes_with_the_post(backend: Backend) -> None:
    author, friend = await make_user(backend), await make_user(backend)
    [name] = new_names(1)
    post_id = await make(backend, author, friend, caption=f"#{name} #{name.upper()}", place=NewPlace(name, 1, 2))
    row = await post_row(backend, post_id)
    hashtag_id, place_id = row["hashtags"][0]["id"], row["place"]["id"]
    here = {"hashtag_posts": {hashtag_id}, "place_posts": {place_id}, "tagged_posts": {friend.id}}
    for change, pages, count in (
        (None, here, 1),
        (archive_post, NOWHERE, 0),
        (unarchive_post, here, 1),
        (archive_post, NOWHERE, 0),
        (delete_post, NOWHERE, 0),
    ):
        if change is not None:
            await change(backend, links(backend), author.id, post_id)
        assert await listed(backend, post_id) == pages
        assert [await count_of(backend, page, Counter.POSTS) for page in (hashtag_id, place_id)] == [count, count]
    # A person's own count is of what the person posts.
    assert await count_of(backend, friend.id, Counter.POSTS) == 0


async def test_what_is_listed_late_for_an_older_version_is_refused(backend: Backend) -> None:
    author = await make_user(backend)
    [name] = new_names(1)
    hashtag = (await hashtags_for(backend, [name]))[name]
    post_id = await make(backend, author, caption="nothing yet")
    await update_post(backend, links(backend), author.id, post_id, {"caption": f"#{name}"})
    await update_post(backend, links(backend), author.id, post_id, {"caption": "nothing any more"})
    # As if nobody had ever listed version 2: the job of version 3 comes first, and names what it took away.
    async with backend.transaction(shard_of(hashtag.id)) as transaction:
        connection = await transaction.session.connection()
        await connection.exec_driver_sql(f"DELETE FROM hashtag_posts WHERE hashtag_id = {hashtag.id}")
    await list_post(backend, post_id, Pages(frozenset([hashtag.id])))
    page = ("hashtag_ids", hashtag.id)
    await _list_on_node(backend, post_id, 2, {shard_of(hashtag.id): [page]}, {page})
    assert await listed(backend, post_id) == NOWHERE
    assert await count_of(backend, hashtag.id, Counter.POSTS) == 0


@pytest.mark.parametrize("seed", range(4))
async def test_jobs_late_twice_and_in_the_wrong_order(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    async def died(step: Coroutine[Any, Any, object]) -> None:
        """The process, between its commit and what comes behind it."""
        step.close()

    for module in ("archive", "create", "delete", "untagging", "update"):
        monkeypatch.setattr(f"services.posts.{module}.or_later", died)
    chance = random.Random(seed)
    author, friend, other = [await make_user(backend) for _ in range(3)]
    names, places = new_names(4), [NewPlace(name, 10, 20) for name in new_names(2)]
    post_id = await make(backend, author, friend, other, caption=f"#{names[0]}", place=places[0])
    [image] = (await post_row(backend, post_id))["media"]
    for _ in range(12):
        caption = " ".join(f"#{name}" for name in names if chance.random() < 0.5)
        people = [NewTag(one.id, 0.5, 0.5) for one in (friend, other) if chance.random() < 0.5]
        work: Any = chance.choice((archive_post, unarchive_post, update_post, update_post, update_post))
        change = chance.choice(
            (
                {"caption": caption},
                {"place": chance.choice([*places, None])},
                {"media": [{"media_id": image["id"], "tags": people}]},
            )
        )
        await work(backend, links(backend), author.id, post_id, *([change] if work is update_post else []))
        if chance.random() < 0.3:  # some jobs run between the changes
            todo = await jobs(backend, post_id, OF_POSTS, {"post_id": post_id})
            await list_post_of(chance.choice(todo))
    if (await post_row(backend, post_id))["state"] == "LIVE":
        await remove_my_tag(backend, links(backend), friend.id, post_id)
    todo = await jobs(backend, post_id, OF_POSTS, {"post_id": post_id}) * 2
    chance.shuffle(todo)
    for job in todo:
        await list_post_of(job)
    assert await listed(backend, post_id) == await as_truth_says(backend, post_id)
    pages = {tag.id for tag in (await hashtags_for(backend, names)).values()}
    assert await differences(backend, pages | {author.id}) == []
    await delete_post(backend, links(backend), author.id, post_id)
    for job in await jobs(backend, post_id, {EventKind.POST_DELETED}, {"post_id": post_id}):
        await list_post_of(job)
    assert await listed(backend, post_id) == NOWHERE
    assert await differences(backend, pages | {author.id}) == []
