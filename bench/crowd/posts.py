"""What people post and say."""

import json
import random
from collections import Counter as Tally
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from bench.crowd.people import add_people
from bench.crowd.rows import BEGAN, HASHTAG, Crowd, inline_image
from models.ids import shard_of
from models.tables import Counter
from services.entities import EntityKind, entities_of

POSTS_OF_STARS = 40
TALK, REPLIES = 60, 3
PINNED = 1
"""The likes of the one comment of a post that is pinned."""
UPLOADS = 96
"""Of each viewer."""


def make_crowd(shards: int, *, people: int, posts: int, follows: int, seed: int = 7) -> Crowd:
    """`follows` each; two comments and five likes a post. Of each star forty posts more, and one of sixty comments with
    three replies each."""
    dice, crowd = random.Random(seed), Crowd(shards)
    add_people(crowd, dice, people=people, follows=follows)
    authors = [star for star in crowd.stars for _ in range(POSTS_OF_STARS)]
    authors += [dice.choice(crowd.people) for _ in range(posts)]
    strangers = {person for pair in crowd.apart for person in pair} | crowd.private
    for number, author in enumerate(authors):
        post = _post(crowd, dice, author, number)
        if author not in strangers:
            crowd.open_posts.append(post)
    for author, count in Tally([*authors, *crowd.stars]).items():
        crowd.add("counts", shard_of(author), author, int(Counter.POSTS), count)
    crowd.talks = [_talk(crowd, dice, star) for star in crowd.stars]
    for viewer in crowd.viewers:
        crowd.uploads[viewer] = [_upload(crowd, viewer) for _ in range(UPLOADS)]
    return crowd


def _post(crowd: Crowd, dice: random.Random, author: int, number: int) -> int:
    caption = f"Photograph number {number}, taken on a day of which I remember the light."
    if number % 3 == 0:
        caption += f" With @{crowd.names[dice.choice(crowd.people)]} #{HASHTAG} https://example.com/{number}"
    post, shard = _insert_post(crowd, author, caption), shard_of(author)
    likers = dice.sample(crowd.people, 5)
    for liker in likers:
        _like(crowd, post, liker, number)
    crowd.add("counts", shard, post, int(Counter.LIKES), len(likers))
    crowd.add("counts", shard, post, int(Counter.COMMENTS), 2)
    for commenter in dice.sample(crowd.people, 2):
        _comment(crowd, post, commenter, f"What light! ({number})")
    if dice.random() < 0.2:
        crowd.add("saves", shard, post, dice.choice(crowd.viewers), "SAVED", 1, BEGAN)
    return post


def _insert_post(crowd: Crowd, author: int, caption: str) -> int:
    shard = shard_of(author)
    post = crowd.clock.mint(shard)
    entities = _entities(crowd, caption)
    hashtags = [{"id": crowd.hashtag_id, "name": HASHTAG}] if HASHTAG in [one.get("name") for one in entities] else []
    media = json.dumps([inline_image(crowd.clock.mint(shard), 4)])
    crowd.add("posts", shard, post, author, "PHOTO", caption, media, json.dumps(entities), json.dumps(hashtags))
    return post


def _talk(crowd: Crowd, dice: random.Random, star: int) -> int:
    """Among those who speak are some whom one viewer or another blocks."""
    shard = shard_of(star)
    post = _insert_post(crowd, star, "What do you see?")
    near = [other for _, other in sorted(crowd.apart) if other not in crowd.viewers]
    crowd.add("counts", shard, post, int(Counter.COMMENTS), TALK * (1 + REPLIES))
    for number in range(TALK):
        likes = PINNED if number == 0 else dice.randrange(2, 40)
        text = f"I see {number} clouds" + (
            f", and so does @{crowd.names[dice.choice(near)]}." if number % 4 == 0 else "."
        )
        comment = _comment(crowd, post, _speaker(crowd, dice, near), text, score=likes)
        crowd.add("counts", shard, comment, int(Counter.LIKES), likes)
        crowd.add("counts", shard, comment, int(Counter.REPLIES), REPLIES)
        for viewer in dice.sample(crowd.viewers, 5):
            _like(crowd, comment, viewer, number)
        for reply in range(REPLIES):
            _comment(crowd, post, _speaker(crowd, dice, near), f"And I see {reply} birds.", parent=comment)
    return post


def _speaker(crowd: Crowd, dice: random.Random, near: Sequence[int]) -> int:
    return dice.choice(near if dice.random() < 0.3 else crowd.people)


def _comment(crowd: Crowd, post: int, author: int, text: str, *, parent: int | None = None, score: int = 0) -> int:
    comment = crowd.clock.mint(shard_of(post))
    entities = json.dumps(_entities(crowd, text)) if "@" in text else "[]"
    pinned = BEGAN if score == PINNED else None
    crowd.add("comments", shard_of(post), comment, post, author, parent, text, entities, score, pinned)
    return comment


def _like(crowd: Crowd, subject: int, user: int, number: int) -> None:
    crowd.liked.add((user, subject))
    crowd.add("likes", shard_of(subject), subject, user, "LIKED", 1, BEGAN + timedelta(seconds=number))


def _upload(crowd: Crowd, owner: int) -> int:
    """Its pictures are at the same place for all uploads of one person, so that their URLs are the same too."""
    shard = shard_of(owner)
    upload = crowd.clock.mint(shard)
    result = json.dumps(inline_image(owner, 8))
    ends, key = BEGAN + timedelta(days=3650), f"originals/{upload}"
    crowd.add("uploads", shard, upload, owner, "POST", "image/jpeg", 100_000, key, "READY", ends, result)
    return upload


def _entities(crowd: Crowd, text: str) -> list[dict[str, Any]]:
    stored: list[dict[str, Any]] = []
    for one in entities_of(text):
        place = {"start": one.start, "end": one.end, "kind": one.kind.value}
        if one.kind is EntityKind.MENTION:
            stored.append({**place, "user_id": crowd.ids[one.value]})
        elif one.kind is EntityKind.HASHTAG:
            stored.append({**place, "hashtag_id": crowd.hashtag_id, "name": one.value})
        else:
            stored.append({**place, "url": one.value})
    return stored
