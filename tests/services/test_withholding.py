"""What is withheld: by which truth, from which counts, and back again."""

from typing import Any

import pytest

from models.global_ids import NodeKind
from models.ids import shard_of
from models.statements import StatementCount, counted
from models.tables import Counter, Withheld
from services import withholding
from services.accounts.suspension import restore, suspend
from services.backend import Backend
from services.consequences import EventKind
from services.likes import like, unlike
from services.outbox import Unfinished
from services.relationships.blocks import block, unblock
from services.relationships.pages import likers_of_subjects
from services.saves import save, unsave
from services.visibility import visible_comments
from services.withholding import withhold_pair, withhold_person
from tests.factories import Person, make_user
from tests.posting import (
    change,
    count_of,
    job_of,
    links,
    make_comment,
    make_follow,
    make_post,
    rows,
    set_user_state,
)
from tests.recount import differences, misjudged
from tests.services.feeds.town import StepJob
from workers.fast import FAST

repair_comment, repair_follow, repair_like, repair_save = (
    FAST.functions[f"repair_{name}"] for name in ("comment", "follow", "like", "save")
)
NOTHING, BLOCK, SUSPENSION, PARENT = 0, Withheld.BLOCK, Withheld.SUSPENSION, Withheld.PARENT


COUNTED = """
    INSERT INTO count_deltas (id, object_id, counter, delta)
    VALUES (mint_id(:shard), :post, 5, 1), (mint_id(:shard), :parent, 8, 1)
"""


class Scene:
    """An author with a post and a comment, a fan who did all there is to do to them, and a third who answered."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    async def open(self) -> None:
        backend, signed = self.backend, links(self.backend)
        self.author, self.fan, self.third = [await make_user(backend) for _ in range(3)]
        self.post = await make_post(backend, self.author)
        self.comment = await make_comment(backend, self.author, self.post)
        for subject in ((NodeKind.POST, self.post), (NodeKind.COMMENT, self.comment)):
            await like(backend, signed, self.fan.id, *subject)
            await like(backend, signed, self.third.id, *subject)
        await save(backend, signed, self.fan.id, self.post)
        self.said = await make_comment(backend, self.fan, self.post)
        self.reply = await make_comment(backend, self.third, self.post, parent_id=self.said)
        self.answer = await make_comment(backend, self.fan, self.post, parent_id=self.comment)
        for follower, followed in ((self.fan, self.author), (self.third, self.author), (self.third, self.fan)):
            await make_follow(backend, follower, followed)

    async def suspend(self, person: Person) -> None:
        await suspend(self.backend, person.id)
        await self.judge(person)

    async def restore(self, person: Person) -> None:
        await restore(self.backend, person.id)
        await self.judge(person)

    async def judge(self, person: Person) -> None:
        await withhold_person(job_of(self.backend, EventKind.USER_SUSPENDED, {"user_id": person.id}))

    async def block(self, one: Person, other: Person) -> None:
        await block(self.backend, links(self.backend), one.viewer.user, other.id)
        await self.judge_pair(one, other)

    async def unblock(self, one: Person, other: Person) -> None:
        await unblock(self.backend, links(self.backend), one.id, other.id)
        await self.judge_pair(one, other)

    async def judge_pair(self, one: Person, other: Person) -> None:
        payload = {"blocker_id": one.id, "blocked_id": other.id, "version": 1}
        await withhold_pair(job_of(self.backend, EventKind.BLOCKED, payload))

    async def counted(self) -> dict[str, int]:
        asked = {
            "likes": (self.post, Counter.LIKES),
            "comment likes": (self.comment, Counter.LIKES),
            "saves": (self.post, Counter.SAVES),
            "comments": (self.post, Counter.COMMENTS),
            "replies": (self.said, Counter.REPLIES),
            "answers": (self.comment, Counter.REPLIES),
            "followers": (self.author.id, Counter.FOLLOWERS),
            "following": (self.third.id, Counter.FOLLOWING),
        }
        return {name: await count_of(self.backend, *one) for name, one in asked.items()}

    async def withheld(self) -> dict[str, int]:
        """What the fan did, and the third's reply to it."""
        done = {
            "like": ("likes WHERE subject_id = $1 AND user_id = $2", self.post, self.fan.id),
            "comment like": ("likes WHERE subject_id = $1 AND user_id = $2", self.comment, self.fan.id),
            "save": ("saves WHERE post_id = $1 AND user_id = $2", self.post, self.fan.id),
            "said": ("comments WHERE id = $1 AND author_id = $2", self.said, self.fan.id),
            "reply": ("comments WHERE id = $1 AND author_id = $2", self.reply, self.third.id),
            "answer": ("comments WHERE id = $1 AND author_id = $2", self.answer, self.fan.id),
            "follow": ("follows WHERE followed_id = $1 AND follower_id = $2", self.author.id, self.fan.id),
            "followed": ("following WHERE follower_id = $1 AND followed_id = $2", self.third.id, self.fan.id),
        }
        found = {}
        for name, (place, first, second) in done.items():
            [(found[name],)] = await rows(self.backend, first, f"SELECT withheld FROM {place}", first, second)
        return found

    async def check(self) -> None:
        """That no count and no row is wrong."""
        people = {self.author.id, self.fan.id, self.third.id}
        assert await differences(self.backend, {*people, self.post, self.comment, self.said, self.reply}) == []
        assert await misjudged(self.backend, people) == []


async def block_row(backend: Backend, blocker: Person, blocked: Person, state: str) -> None:
    """For a block that was being written while the two could still see each other."""
    await change(
        backend,
        blocker.id,
        "INSERT INTO blocks (blocker_id, blocked_id, state, version, since)"
        " VALUES (:blocker, :blocked, :state, 1, clock_now())"
        " ON CONFLICT (blocker_id, blocked_id) DO UPDATE SET state = :state, version = blocks.version + 1",
        blocker=blocker.id,
        blocked=blocked.id,
        state=state,
    )


@pytest.fixture
async def scene(backend: Backend) -> Scene:
    opened = Scene(backend)
    await opened.open()
    return opened


ALL = {
    "likes": 2, "comment likes": 2, "saves": 1, "comments": 4, "replies": 1, "answers": 1, "followers": 2,
    "following": 2,
}  # fmt: skip
WITHOUT_FAN = {
    "likes": 1, "comment likes": 1, "saves": 0, "comments": 1, "replies": 0, "answers": 0, "followers": 1,
    "following": 1,
}  # fmt: skip


def by(bits: int, *, follow: int, reply: int = PARENT) -> dict[str, int]:
    done = dict.fromkeys(("like", "comment like", "save", "said", "answer"), bits)
    return done | {"reply": reply, "follow": follow, "followed": follow}


SHOWN = by(NOTHING, follow=NOTHING, reply=NOTHING)


async def test_what_the_suspended_did_is_not_counted(scene: Scene) -> None:
    assert (await scene.counted(), await scene.withheld()) == (ALL, SHOWN)
    for _ in range(2):
        await scene.suspend(scene.fan)
        assert (await scene.counted(), await scene.withheld()) == (WITHOUT_FAN, by(SUSPENSION, follow=SUSPENSION))
        await scene.check()
    for _ in range(2):
        await scene.restore(scene.fan)
        assert (await scene.counted(), await scene.withheld()) == (ALL, SHOWN)
        await scene.check()


@pytest.mark.parametrize("by_author", [True, False])
async def test_what_a_block_stands_between_is_not_counted(scene: Scene, *, by_author: bool) -> None:
    pair = (scene.author, scene.fan) if by_author else (scene.fan, scene.author)
    for _ in range(2):
        await scene.block(*pair)
        assert await scene.withheld() == by(BLOCK, follow=NOTHING)
        # The third's follow of the fan is no affair of theirs; the fan's of the author ended with the block.
        assert await scene.counted() == WITHOUT_FAN | {"following": 2}
        assert await visible_comments(scene.backend.reader(), links(scene.backend), scene.third.id, [scene.said]) == {}
    for _ in range(2):
        await scene.unblock(*pair)
        assert await scene.withheld() == SHOWN
        assert await scene.counted() == ALL | {"followers": 1}
    for person, payload in ((scene.author, scene.fan), (scene.fan, scene.author)):
        follow = {"follower_id": person.id, "followed_id": payload.id, "version": 1}
        await repair_follow(job_of(scene.backend, EventKind.UNFOLLOWED, follow))
    await scene.check()


async def test_a_block_either_way_is_a_block(scene: Scene) -> None:
    await scene.block(scene.author, scene.fan)
    await block_row(scene.backend, scene.fan, scene.author, "BLOCKED")
    await scene.unblock(scene.author, scene.fan)
    assert await scene.withheld() == by(BLOCK, follow=NOTHING)
    await block_row(scene.backend, scene.fan, scene.author, "GONE")
    await scene.judge_pair(scene.fan, scene.author)
    assert await scene.withheld() == SHOWN


async def test_a_block_of_others_withholds_nothing(scene: Scene) -> None:
    await scene.block(scene.third, scene.fan)
    assert await scene.withheld() == SHOWN
    assert await scene.counted() == ALL | {"following": 1}


@pytest.mark.parametrize("suspension_first", [True, False])
@pytest.mark.parametrize("same_order", [True, False])
async def test_block_and_suspension_overlap(scene: Scene, *, suspension_first: bool, same_order: bool) -> None:
    both = BLOCK | SUSPENSION
    if suspension_first:
        await scene.suspend(scene.fan)
        await block_row(scene.backend, scene.author, scene.fan, "BLOCKED")
        await scene.judge_pair(scene.author, scene.fan)
    else:
        await scene.block(scene.author, scene.fan)
        await scene.suspend(scene.fan)
    assert await scene.withheld() == by(both, follow=SUSPENSION)
    assert await scene.counted() == WITHOUT_FAN
    if suspension_first == same_order:
        await scene.restore(scene.fan)
        assert await scene.withheld() == by(BLOCK, follow=NOTHING)
        assert (await scene.counted())["likes"] == 1
    await block_row(scene.backend, scene.author, scene.fan, "GONE")
    await scene.judge_pair(scene.author, scene.fan)
    if suspension_first != same_order:
        assert await scene.withheld() == by(SUSPENSION, follow=SUSPENSION)
        assert (await scene.counted())["likes"] == 1
        await scene.restore(scene.fan)
    assert await scene.withheld() == SHOWN
    assert await scene.counted() == ALL | ({} if suspension_first else {"followers": 1})
    await scene.check()


async def test_what_is_taken_back_while_withheld_stays_taken_back(scene: Scene) -> None:
    subject = (NodeKind.POST, scene.post)
    await scene.suspend(scene.fan)
    await unlike(scene.backend, links(scene.backend), scene.fan.id, *subject)
    assert (await scene.counted())["likes"] == 1
    await scene.restore(scene.fan)
    assert await scene.counted() == ALL | {"likes": 1}
    await like(scene.backend, links(scene.backend), scene.fan.id, *subject)
    assert await scene.counted() == ALL
    await scene.check()


async def test_what_is_done_behind_the_job_settles_itself(scene: Scene) -> None:
    """As by requests that were let in before the suspension and commit after its job has passed."""
    backend, late = scene.backend, scene.third
    post_id = await make_post(backend, scene.author)
    await scene.suspend(late)
    await like(backend, links(backend), late.id, NodeKind.POST, post_id)
    await save(backend, links(backend), late.id, post_id)
    said = await make_comment(backend, late, post_id)
    counters = (Counter.LIKES, Counter.SAVES, Counter.COMMENTS)
    assert [await count_of(backend, post_id, counter) for counter in counters] == [1, 1, 1]
    assert sorted(one[0] for one in await misjudged(backend, {late.id})) == ["comments", "likes", "saves"]
    liked = {"subject_kind": "POST", "subject_id": post_id, "user_id": late.id}
    for _ in range(2):
        await repair_like(job_of(backend, EventKind.LIKED, liked))
        await repair_save(job_of(backend, EventKind.SAVED, {"post_id": post_id, "user_id": late.id, "version": 1}))
        await repair_comment(job_of(backend, EventKind.COMMENT_ADDED, {"comment_id": said}))
        assert [await count_of(backend, post_id, counter) for counter in counters] == [0, 0, 0]
        await scene.check()


async def test_what_begins_anew_is_counted_and_shown_at_once(scene: Scene) -> None:
    """Taken back when what withheld it was undone, and its job late: the ended row still says that it is withheld."""
    backend, fan, signed = scene.backend, scene.fan, links(scene.backend)
    before = await scene.counted()
    await scene.block(scene.author, fan)
    await unblock(backend, signed, scene.author.id, fan.id)
    for take_back, do in ((unlike, like), (unsave, save)):
        of = (NodeKind.POST, scene.post) if do is like else (scene.post,)
        await take_back(backend, signed, fan.id, *of)
        await do(backend, signed, fan.id, *of)
    counted = await scene.counted()
    assert (counted["likes"], counted["saves"]) == (before["likes"], before["saves"])
    found = await likers_of_subjects(backend.reader(), signed, scene.third.id, [scene.post], first=10, after=None)
    assert fan.id in [user.id for user in found[scene.post].nodes]
    for _ in range(2):
        await scene.judge_pair(scene.author, fan)
        again = await scene.counted()
        assert (again["likes"], again["saves"]) == (before["likes"], before["saves"])
    await scene.check()


async def test_a_follow_behind_the_job_settles_itself(backend: Backend) -> None:
    follower, followed = await make_user(backend), await make_user(backend)
    await make_follow(backend, follower, followed)
    pair = {follower.id, followed.id}
    for person in (follower, followed):
        await set_user_state(backend, person.id, "SUSPENDED")
    assert sorted(one[0] for one in await misjudged(backend, pair)) == ["following", "follows"]
    payload = {"follower_id": follower.id, "followed_id": followed.id, "version": 1}
    for _ in range(2):
        await repair_follow(job_of(backend, EventKind.FOLLOWED, payload))
        assert (await misjudged(backend, pair), await differences(backend, pair)) == ([], [])
        assert await count_of(backend, followed.id, Counter.FOLLOWERS) == 0
        assert await count_of(backend, follower.id, Counter.FOLLOWING) == 0


async def test_a_reply_that_came_in_beside_its_parent_goes_with_it(scene: Scene) -> None:
    """The parent was judged between the moment at which the answerer saw it and the reply's commit."""
    backend = scene.backend
    reply = await make_comment(backend, scene.third, scene.post, parent_id=scene.said)
    await scene.suspend(scene.fan)
    late = "UPDATE comments SET withheld = 0 WHERE id = :id"
    await change(backend, reply, late, id=reply)
    await change(backend, reply, COUNTED, post=scene.post, parent=scene.said, shard=shard_of(reply))
    assert [one[2:] for one in await misjudged(backend, {scene.third.id})] == [(reply, PARENT, NOTHING)]
    for _ in range(2):
        await repair_comment(job_of(backend, EventKind.COMMENT_ADDED, {"comment_id": reply}))
        assert await scene.counted() == WITHOUT_FAN
        await scene.check()
    await scene.restore(scene.fan)
    assert await scene.counted() == ALL | {"comments": 5, "replies": 2}
    await scene.check()


async def test_it_goes_on_where_it_was_killed(backend: Backend, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(withholding, "CHUNK", 2)
    monkeypatch.setattr(withholding, "TURN_SECONDS", 0.0)
    posts = [await make_post(backend, scene.author) for _ in range(5)]
    for post_id in posts:
        await like(backend, links(backend), scene.fan.id, NodeKind.POST, post_id)
    await suspend(backend, scene.fan.id)
    job: Any = StepJob(backend, 0, EventKind.USER_SUSPENDED, "", {"user_id": scene.fan.id}, 1, None, 10.0)
    turns = 0
    while True:
        job.saves_left = turns % 2
        turns += 1
        try:
            await withhold_person(job)
        except (KeyboardInterrupt, Unfinished):
            continue
        break
    liked = sorted([scene.post, scene.comment, *posts])
    assert job.saved == [{"part": 0, "after": after} for after in liked[1::2]] + [{"part": 2, "after": scene.answer}]
    assert await scene.counted() == WITHOUT_FAN
    assert [await count_of(backend, post_id, Counter.LIKES) for post_id in posts] == [0] * 5
    await scene.check()


async def test_a_job_that_saw_an_older_truth_does_not_have_the_last_word(
    backend: Backend, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has read that the fan is suspended; before it writes, the suspension ends, and the job of that end is done."""
    look, overtaken = withholding._truth, False

    async def look_and_be_overtaken(*asked: Any) -> Withheld:
        nonlocal overtaken
        found = await look(*asked)
        if not overtaken:
            overtaken = True
            await scene.restore(scene.fan)
        return found

    await suspend(backend, scene.fan.id)
    monkeypatch.setattr(withholding, "_truth", look_and_be_overtaken)
    await scene.judge(scene.fan)
    assert overtaken
    assert (await scene.counted(), await scene.withheld()) == (ALL, SHOWN)
    await scene.check()


async def test_a_truth_that_never_rests_is_tried_again_later(
    backend: Backend, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0

    async def restless(*_: Any) -> Withheld:
        nonlocal looks
        looks += 1
        return Withheld.SUSPENSION if looks % 2 else Withheld(0)

    monkeypatch.setattr(withholding, "_truth", restless)
    with pytest.raises(withholding.Unsettled):
        await scene.judge(scene.fan)
    assert looks == withholding.TURNS
    monkeypatch.undo()
    await scene.judge(scene.fan)
    await scene.check()


async def test_a_chunk_asks_each_node_once_what_concerns_the_pair(scene: Scene) -> None:
    """However many of the fan's likes there are: the pages of six tables, who blocks whom, and where it is amiss."""
    backend = scene.backend
    posts = [await make_post(backend, scene.third) for _ in range(12)]
    for post_id in posts:
        await like(backend, links(backend), scene.fan.id, NodeKind.POST, post_id)
    token = counted.set(StatementCount())
    await scene.judge_pair(scene.author, scene.fan)
    count = counted.get()
    counted.reset(token)
    assert count is not None
    nodes = backend.shards.node_count
    assert count.reads <= 6 * (1 + 2 * nodes)
    assert count.writes == 0
