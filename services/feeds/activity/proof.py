"""Which events may be shown: what the truth says of each at this moment. A candidate comes from mirrors, and proves
nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from models.reads.activity import FOLLOWS_THAT_STAND, LIKES_THAT_STAND
from models.reads.comments import COMMENTS_BY_ID
from models.reads.reader import Reader
from models.tables import FollowState, PostState
from services.feeds.activity.events import COMMENTED, FOLLOWED, LIKED, POSTED, VERBS, ActivityVerb, Event
from services.marks import Marks, marks_of
from services.relationships.states import follows_by
from services.visibility import comments_of, visible_posts, visible_users
from services.visible import MediaLinks, VisibleComment, VisiblePost, VisibleUser

Subject: TypeAlias = VisiblePost | VisibleComment | VisibleUser


@dataclass(slots=True, eq=False)
class ShownActivity:
    actor: VisibleUser
    verb: ActivityVerb
    subject: Subject
    created_at: datetime


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read of a round of events. `edges` are the likes and follows that stand, as events: one whose mirror
    tells another moment of it than its truth is none."""

    viewer_id: int
    marks: Marks
    users: Mapping[int, VisibleUser]
    follows: Mapping[int, str]
    posts: Mapping[int, VisiblePost]
    comments: Mapping[int, VisibleComment]
    edges: frozenset[Event]

    def is_followed(self, user_id: int) -> bool:
        return self.follows.get(user_id) == FollowState.ACCEPTED

    def subject_of(self, event: Event) -> Subject | None:
        """What may be shown of what it was done to, if it was."""
        if event.verb in (LIKED, FOLLOWED) and event not in self.edges:
            return None
        if event.verb == FOLLOWED:
            # Whom somebody follows is seen by those who may look into the account: who follows it, may.
            is_of_interest = self.is_followed(event.actor_id) and event.subject_id not in self.marks.muted
            return self.users.get(event.subject_id) if is_of_interest else None
        if event.verb == COMMENTED:
            comment = self.comments.get(event.subject_id)
            return comment if comment and self._is_of_interest(event, comment.post) else None
        post = self.posts.get(event.subject_id)
        return post if post and self._is_of_interest(event, post) else None

    def _is_of_interest(self, event: Event, post: VisiblePost) -> bool:
        """Whether who did it is followed, or whose post it is, who is not muted. What the viewer has archived is there
        for the viewer, but nothing happens on it."""
        is_put_away = post.viewer_is_author and post.state != PostState.LIVE
        if is_put_away or post.author.id in self.marks.muted:
            return False
        return self.is_followed(event.actor_id) or (event.verb != POSTED and post.follow_state == FollowState.ACCEPTED)


async def proved(
    reader: Reader, links: MediaLinks, viewer_id: int, events: Sequence[Event]
) -> list[ShownActivity | None]:
    """Each event as it may be shown, None for one that may not: in a number of statements that does not depend on how
    many there are."""
    known = await _read(reader, links, viewer_id, events)
    return [_shown(event, known) for event in events]


def _shown(event: Event, known: _Known) -> ShownActivity | None:
    actor = known.users.get(event.actor_id)
    if actor is None or actor.id == known.viewer_id or actor.id in known.marks.muted:
        return None
    subject = known.subject_of(event)
    return None if subject is None else ShownActivity(actor, VERBS[event.verb], subject, event.happened_at)


async def _read(reader: Reader, links: MediaLinks, viewer_id: int, events: Sequence[Event]) -> _Known:
    actors = {event.actor_id for event in events}
    people = actors | {event.subject_id for event in events if event.verb == FOLLOWED}
    marks, users, follows, (posts, comments), likes, made = await asyncio.gather(
        marks_of(reader, viewer_id),
        visible_users(reader, links, viewer_id, people),
        follows_by(reader, viewer_id, actors),
        _content(reader, links, viewer_id, events),
        _standing(reader, LIKES_THAT_STAND, LIKED, events),
        _standing(reader, FOLLOWS_THAT_STAND, FOLLOWED, events),
    )
    return _Known(viewer_id, marks, users, follows, posts, comments, likes | made)


async def _content(
    reader: Reader, links: MediaLinks, viewer_id: int, events: Sequence[Event]
) -> tuple[Mapping[int, VisiblePost], Mapping[int, VisibleComment]]:
    """Posts that were posted and liked or are under a comment, and comments, as far as the viewer may see them."""
    said = {event.subject_id for event in events if event.verb == COMMENTED}
    rows = await reader.by_ids(COMMENTS_BY_ID, said, viewer_id)
    wanted = {event.subject_id for event in events if event.verb in (POSTED, LIKED)}
    posts = await visible_posts(reader, links, viewer_id, wanted | {row["post_id"] for row in rows})
    return posts, await comments_of(reader, links, viewer_id, rows, posts)


async def _standing(reader: Reader, sql: str, verb: int, events: Sequence[Event]) -> frozenset[Event]:
    """Those of the likes or follows that the truth knows, at the moment that it knows."""
    asked = [event for event in events if event.verb == verb]
    subjects, actors = [event.subject_id for event in asked], [event.actor_id for event in asked]
    rows = await reader.by_ids(sql, set(subjects), subjects, actors)
    return frozenset(Event(row["moment"], verb, row["subject_id"], row["actor_id"]) for row in rows)
