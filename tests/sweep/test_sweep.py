"""Nobody comes by any road to what they may not see: every type with an id, by every road, as everybody."""

from pathlib import Path
from typing import Any

import pytest

from services import visibility
from tests.api import Api
from tests.sweep.cast import ROLES
from tests.sweep.roads import Roads
from tests.sweep.walking import Leaked, Sweep, what_is_unknown
from tests.sweep.world import World

CLAUSES = (
    "is_active",
    "does_not_block_viewer",
    "is_not_blocked",
    "lets_viewer_in",
    "post_stands",
    "comment_stands",
    "parent_stands",
    "collection_stands",
    "collection_is_viewers",
    "report_is_viewers",
)


def test_the_sweep_knows_every_type_and_every_edge(roads: Roads, world: World) -> None:
    assert what_is_unknown(roads, world.cast) == []


@pytest.mark.timeout(300)
async def test_nothing_is_seen_that_may_not_be(roads: Roads, world: World, api: Api, socket_url: str) -> None:
    findings = await Sweep(world, roads, api, socket_url).everything()
    assert findings.leaks == []
    assert findings.missing == []
    begun = [*roads.node_types, "Viewer"]
    every_road = {road.name for name in begun for road in roads.of(name)}
    # A road by which nobody ever sees anything proves nothing: give the cast something that stands there.
    assert every_road - set(findings.shown) - NOTHING_YET == set()
    assert roads.of_unions() - findings.types == set()
    print(f"\n{len(findings.walked)} (type, road, viewer), {findings.shown.total()} things seen, 0 leaks")


NOTHING_YET: set[str] = {
    "Upload.headers", "Upload.formFields", "Upload.parts", "User.posts_kind_PHOTO", "User.posts_kind_VIDEO",
}  # fmt: skip
"""Roads to things without an id, and to kinds of which the cast posts nothing."""


@pytest.fixture
def switched_off(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    name: str = request.param
    assert callable(getattr(visibility, name))

    def lets_everything_pass(*_: Any) -> bool:
        return True

    monkeypatch.setattr(visibility, name, lets_everything_pass)
    return name


@pytest.mark.parametrize("switched_off", CLAUSES, indirect=True)
async def test_without_a_clause_it_fails(
    switched_off: str, roads: Roads, world: World, api: Api, socket_url: str
) -> None:
    with pytest.raises(Leaked) as raised:
        await Sweep(world, roads, api, socket_url, stop_at_first=True).everything()
    print(f"\nwithout {switched_off}: {raised.value}")


OF_PEOPLE_AND_POSTS = CLAUSES[: CLAUSES.index("collection_stands")]


@pytest.mark.parametrize("switched_off", OF_PEOPLE_AND_POSTS, indirect=True)
async def test_without_a_clause_the_activity_feed_alone_fails(
    switched_off: str, roads: Roads, world: World, api: Api, socket_url: str
) -> None:
    sweep = Sweep(world, roads, api, socket_url)
    [road] = [road for road in roads.of("Viewer") if road.field == "activityFeed"]
    pages = [await sweep.to_the_end(viewer, road) for viewer in ROLES]
    assert max(pages) > 1
    assert sweep.findings.leaks
    print(f"\nwithout {switched_off}: {sweep.findings.leaks[0]}")


def test_every_clause_is_switched_off_once() -> None:
    begin, end = "# The clauses.", "# What they make together."
    source = Path(visibility.__file__).read_text()
    written = source[source.index(begin) : source.index(end)]
    assert tuple(line[4 : line.index("(")] for line in written.splitlines() if line.startswith("def ")) == CLAUSES
