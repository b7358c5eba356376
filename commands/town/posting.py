"""A post of the plan, and what becomes of it."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from commands.town.films import FILMS
from commands.town.joining import change_profile
from commands.town.memory import Memory, if_still_there, key
from commands.town.people import Resident
from commands.town.pictures import PICTURES
from commands.town.plan import Shot, Story, Take
from commands.town.sending import Sender, Sent
from models.global_ids import NodeKind
from models.tables import UploadPurpose
from services.backend import Backend
from services.comments.add import OPERATION as ADD_COMMENT
from services.comments.add import NewComment, add_comment
from services.likes import like
from services.posts.attaching import NewMedia
from services.posts.create import OPERATION as CREATE_POST
from services.posts.create import NewPost, create_post
from services.saves import save
from services.visible import MediaLinks, VisibleUser

AVATAR_SIDE = 320


class Posting:
    """`people` by their number in the plan."""

    def __init__(
        self,
        backend: Backend,
        links: MediaLinks,
        photographs: Path,
        people: Mapping[int, VisibleUser],
        memory: Memory,
    ) -> None:
        self._backend = backend
        self._links = links
        self._photographs = photographs
        self._people = people
        self._memory = memory
        self._sender = Sender(backend, links)
        self._cut: dict[Shot, bytes] = {}

    async def portray(self, resident: Resident) -> None:
        """A picture for a profile that has none."""
        user = self._people[resident.number]
        if user.avatar_inline is not None:
            return
        fitting = [picture for picture in PICTURES if picture.theme is resident.themes[0]]
        picture = fitting[resident.number % len(fitting)]
        jpeg = await asyncio.to_thread(picture.square, self._photographs, AVATAR_SIDE)
        sent = Sent(jpeg, picture.alt_text)
        upload_id = await self._sender.send(user.id, UploadPurpose.AVATAR, key("portrait"), sent)
        await change_profile(self._backend, user, {"avatar_upload_id": upload_id})

    async def post(self, story: Story) -> None:
        """The post, then its likes, saves and comments: what there is of them already is left as it is."""
        author = self._people[story.author].id
        name = key("post", story.number)
        post_id = self._memory.made.get((author, CREATE_POST, name))
        if post_id is None:
            media = [await self._media(author, f"{name}:{place}", one) for place, one in enumerate(story.shots)]
            wanted = NewPost(media, story.caption, idempotency_key=name)
            post_id = await create_post(self._backend, self._links, author, wanted)
        for liker in (self._people[number].id for number in story.likers):
            if (liker, post_id) not in self._memory.liked:
                await if_still_there(like(self._backend, self._links, liker, NodeKind.POST, post_id))
        for saver in (self._people[number].id for number in story.savers):
            if (saver, post_id) not in self._memory.saved:
                await if_still_there(save(self._backend, self._links, saver, post_id))
        await self._discuss(story, post_id)

    async def _media(self, author: int, name: str, shot: Shot | Take) -> NewMedia:
        if isinstance(shot, Take):
            film = FILMS[shot.film]
            made = Sent(await film.made(self._photographs), film.alt_text, film.content_type)
            return NewMedia(await self._sender.send(author, film.purpose, name, made))
        picture = PICTURES[shot.picture]
        if shot not in self._cut:
            self._cut[shot] = await asyncio.to_thread(picture.jpeg, self._photographs, shot.width)
        sent = Sent(self._cut[shot], picture.alt_text)
        return NewMedia(await self._sender.send(author, UploadPurpose.POST, name, sent))

    async def _discuss(self, story: Story, post_id: int) -> None:
        said: list[int | None] = []
        for place, remark in enumerate(story.remarks):
            author = self._people[remark.author].id
            name = key("comment", story.number, place)
            comment_id = self._memory.made.get((author, f"{ADD_COMMENT}:{post_id}", name))
            if comment_id is None:
                parent = None if remark.answers is None else said[remark.answers]
                wanted = NewComment(post_id, remark.text, parent, name)
                comment_id = await if_still_there(add_comment(self._backend, self._links, author, wanted))
            said.append(comment_id)
