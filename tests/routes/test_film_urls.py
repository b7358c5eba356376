"""The URLs of a film and what its playlists name, as clients of every sort get them, and what becomes of them."""

from dataclasses import dataclass
from urllib.parse import urljoin

import pytest

from models.global_ids import NodeKind, encode
from services.accounts.profile import update_profile
from services.accounts.suspension import suspend
from services.backend import Backend
from services.posts.archive import archive_post, unarchive_post
from services.posts.delete import delete_post
from tests.api import Api
from tests.factories import Person, make_user
from tests.posting import links, make_block, make_follow, make_post, post_row

FILM = """query ($id: ID!) { node(id: $id) { ... on Video {
    hlsUrl variants { url } poster { url(width: 1) variants { url } } } } }"""
MASTER = b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=2000000\n720p.m3u8\n"
PLAYLIST = (
    b'#EXTM3U\n#EXT-X-MAP:URI="720p.mp4",BYTERANGE="4@0"\n#EXTINF:4,\n#EXT-X-BYTERANGE:6@4\n720p.mp4\n#EXT-X-ENDLIST\n'
)
TRACK = b"initsegmen"


@dataclass(slots=True)
class Shown:
    """What somebody was given."""

    master: str
    others: list[str]


@dataclass(slots=True)
class Cinema:
    """Somebody private with a film, and all who would see it."""

    api: Api
    backend: Backend
    people: dict[str, Person]
    post_id: int
    film: int

    async def shown(self, who: str) -> Shown | None:
        token = self.people[who].access_token if who in self.people else None
        found = (await self.api.data(FILM, {"id": encode(NodeKind.VIDEO, self.film)}, token=token))["node"]
        if found is None:
            return None
        others = [found["poster"]["url"], *(one["url"] for one in [*found["variants"], *found["poster"]["variants"]])]
        return Shown(found["hlsUrl"], others)

    async def played(self, shown: Shown) -> list[int]:
        """What is answered to a player: of the master playlist, of the playlist that it names, of the track that this
        one names and a part of it; and to who shows the poster or plays the film as one file."""
        client = self.api.client
        playlist = urljoin(shown.master, "720p.m3u8")
        track = urljoin(playlist, "720p.mp4")
        whole = [await client.get(url) for url in (shown.master, playlist, track)]
        part = await client.get(track, headers={"Range": "bytes=4-9"})
        for answer, body in zip([*whole, part], (MASTER, PLAYLIST, TRACK, TRACK[4:10]), strict=True):
            assert answer.status_code == 404 or answer.content == body
        rest = [await client.get(url) for url in (shown.others[0], shown.others[1], shown.others[2])]
        return [answer.status_code for answer in [*whole, part, *rest]]


PLAYS = [200, 200, 200, 206, 200, 200, 200]
DEAD = [404] * 7


@pytest.fixture
async def cinema(api: Api, backend: Backend) -> Cinema:
    await backend.storage.ensure_bucket()
    people = {name: await make_user(backend) for name in ("owner", "follower", "stranger", "blocked")}
    await make_follow(backend, people["follower"], people["owner"])
    await make_follow(backend, people["blocked"], people["owner"])
    post_id = await make_post(backend, people["owner"], pictures=0, films=1)
    [inline] = (await post_row(backend, post_id))["media"]
    folder = inline["hls"].rpartition("/")[0]
    for name, body, kind in (
        ("master.m3u8", MASTER, "application/vnd.apple.mpegurl"),
        ("720p.m3u8", PLAYLIST, "application/vnd.apple.mpegurl"),
        ("720p.mp4", TRACK, "video/mp4"),
        ("film-720p.mp4", TRACK, "video/mp4"),
        ("poster-150.jpg", b"a still", "image/jpeg"),
    ):
        await backend.storage.put(f"{folder}/{name}", body, kind)
    return Cinema(api, backend, people, post_id, inline["id"])


async def go_private(cinema: Cinema) -> None:
    await update_profile(cinema.backend, cinema.people["owner"].viewer, {"is_private": True})


async def test_who_may_see_the_film_plays_it_and_nobody_else_hears_of_it(cinema: Cinema) -> None:
    for who in ("owner", "follower", "stranger", "blocked", "anonymous"):
        shown = await cinema.shown(who)
        assert shown is not None
        assert await cinema.played(shown) == PLAYS
    await make_block(cinema.backend, cinema.people["owner"], cinema.people["blocked"])
    await go_private(cinema)
    for who in ("owner", "follower"):
        shown = await cinema.shown(who)
        assert shown is not None
        assert await cinema.played(shown) == PLAYS
    assert [await cinema.shown(who) for who in ("stranger", "blocked", "anonymous")] == [None, None, None]


async def test_what_was_given_out_dies_whole_when_its_owner_goes_private(cinema: Cinema) -> None:
    before = await cinema.shown("stranger")
    assert before is not None
    await go_private(cinema)
    assert await cinema.played(before) == DEAD


async def test_an_archived_film_plays_for_its_owner_alone(cinema: Cinema) -> None:
    before = await cinema.shown("follower")
    assert before is not None
    owner = cinema.people["owner"]
    await archive_post(cinema.backend, links(cinema.backend), owner.id, cinema.post_id)
    assert await cinema.played(before) == DEAD
    assert await cinema.shown("follower") is None
    own = await cinema.shown("owner")
    assert own is not None
    assert await cinema.played(own) == PLAYS
    await unarchive_post(cinema.backend, links(cinema.backend), owner.id, cinema.post_id)
    again = await cinema.shown("follower")
    assert again is not None
    assert await cinema.played(again) == PLAYS
    assert await cinema.played(before) == DEAD


async def test_nothing_of_a_deleted_film_is_served(cinema: Cinema) -> None:
    before = await cinema.shown("owner")
    assert before is not None
    await delete_post(cinema.backend, links(cinema.backend), cinema.people["owner"].id, cinema.post_id)
    assert await cinema.played(before) == DEAD
    assert await cinema.shown("owner") is None


async def test_nothing_of_somebody_suspended_is_served(cinema: Cinema) -> None:
    before = await cinema.shown("follower")
    assert before is not None
    await suspend(cinema.backend, cinema.people["owner"].id)
    assert await cinema.played(before) == DEAD
    assert await cinema.shown("follower") is None
